"""Broken inputs by the hundred: each must be refused in one line or come in exactly right."""

import gzip
import json
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.sequence import Sequence
from tests.broken_inputs import BROKEN, GRID, voxels
from tests.dicom_files import write_series
from tests.enhanced_ct import write_enhanced

from hepaphase.io.case import write_case
from hepaphase.io.nifti import write_nifti
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import PhaseVolume, Study

Make = Callable[[Path], Path]

TIMES = 2.0
"""Voxels are stored in steps of this many HU."""


def _nifti(folder: Path, suffix: str = ".nii") -> Path:
    path = folder / f"volume{suffix}"
    write_nifti(path, voxels(), GRID)
    return path


def _header(offset: int, kind: str, *values: Any) -> Make:
    """A NIfTI-1 file with other bytes in its header."""

    def make(folder: Path) -> Path:
        path = _nifti(folder)
        content = bytearray(path.read_bytes())
        struct.pack_into(f"<{kind}", content, offset, *values)
        path.write_bytes(content)
        return path

    return make


def _cut(base: Make, share: float) -> Make:
    def make(folder: Path) -> Path:
        path = base(folder)
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])
        return path

    return make


def _flip(base: Make, share: float) -> Make:
    def make(folder: Path) -> Path:
        path = base(folder)
        content = bytearray(path.read_bytes())
        content[min(int(len(content) * share), len(content) - 1)] ^= 0x5A
        path.write_bytes(content)
        return path

    return make


def _gz(folder: Path) -> Path:
    return _nifti(folder, ".nii.gz")


def _nrrd_header(**change: str | None) -> Make:
    def make(folder: Path) -> Path:
        fields = {
            "type": "short",
            "dimension": "3",
            "space": "left-posterior-superior",
            "sizes": "8 7 6",
            "space directions": "(0.7,0,0) (0,0.8,0) (0,0,2.5)",
            "kinds": "domain domain domain",
            "endian": "little",
            "encoding": "raw",
            "space origin": "(-110,35.5,-720.25)",
        }
        fields.update({key.replace("_", " "): value for key, value in change.items()})  # type: ignore[misc]
        head = "NRRD0004\n" + "".join(f"{k}: {v}\n" for k, v in fields.items() if v is not None) + "\n"
        (folder / "volume.nrrd").write_bytes(head.encode() + voxels().astype("<i2").tobytes())
        return folder / "volume.nrrd"

    return make


def _mha_header(**change: str | None) -> Make:
    def make(folder: Path) -> Path:
        fields = {
            "ObjectType": "Image",
            "NDims": "3",
            "DimSize": "8 7 6",
            "ElementSpacing": "0.7 0.8 2.5",
            "Offset": "-110 35.5 -720.25",
            "ElementType": "MET_SHORT",
        }
        last = change.pop("ElementDataFile", "LOCAL")
        fields = {**fields, **change, "ElementDataFile": last}
        head = "".join(f"{k} = {v}\n" for k, v in fields.items() if v is not None)
        (folder / "volume.mha").write_bytes(head.encode() + voxels().astype("<i2").tobytes())
        return folder / "volume.mha"

    return make


def _series(folder: Path) -> list[Path]:
    return write_series(folder / "series", voxels(), GRID)


def _dicom(index: int | slice, **elements: Any) -> Make:
    """A series with elements changed, or removed where None, in one file or several."""

    def make(folder: Path) -> Path:
        paths = _series(folder)
        for path in paths[index] if isinstance(index, slice) else [paths[index]]:
            data = pydicom.dcmread(path)
            for key, value in elements.items():
                if value is None:
                    if key in data:
                        delattr(data, key)
                else:
                    if key in data:
                        data[key]._value = value  # whatever the standard says of it
                    else:
                        setattr(data, key, value)
            data.save_as(path)
        return folder / "series"

    return make


def _raw(old: bytes, new: bytes, index: int = 2) -> Make:
    """Bytes of one file of a series replaced, as a bad transfer does."""

    def make(folder: Path) -> Path:
        path = _series(folder)[index]
        content = path.read_bytes()
        assert old in content
        path.write_bytes(content.replace(old, new, 1))
        return folder / "series"

    return make


def _dicom_cut(share: float) -> Make:
    def make(folder: Path) -> Path:
        path = _series(folder)[2]
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])
        return folder / "series"

    return make


def _enhanced(change: Callable[[Any], None]) -> Make:
    def make(folder: Path) -> Path:
        path = folder / "series" / "IM1"
        path.parent.mkdir()
        write_enhanced(path, [voxels()], GRID)
        data = pydicom.dcmread(path)
        change(data)
        data.save_as(path)
        return path.parent

    return make


def _drop(name: str) -> Callable[[Any], None]:
    return lambda data: delattr(data, name)


def _frame(name: str) -> Callable[[Any], None]:
    return lambda data: delattr(data.PerFrameFunctionalGroupsSequence[1], name)


def _fewer_frames(data: Any) -> None:
    data.PerFrameFunctionalGroupsSequence = Sequence(data.PerFrameFunctionalGroupsSequence[:-1])


def _zip(change: Callable[[bytearray], None] | None = None, **files: bytes) -> Make:
    def make(folder: Path) -> Path:
        path = folder / "visit.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
            if not files:
                for file in _series(folder / "inside"):
                    archive.write(file, f"s/{file.name}")
        shutil.rmtree(folder / "inside", ignore_errors=True)
        if change:
            content = bytearray(path.read_bytes())
            change(content)
            path.write_bytes(content)
        return path

    return make


def _byte(at: float) -> Callable[[bytearray], None]:
    def change(content: bytearray) -> None:
        content[int(at * (len(content) - 1))] ^= 0xFF

    return change


def _end(content: bytearray) -> None:
    del content[len(content) // 2 :]


def _case(change: Callable[[Path], None]) -> Make:
    def make(folder: Path) -> Path:
        case = folder / "case"
        volume = PhaseVolume(voxels(), GRID, Provenance.MEASURED)
        masks = {"liver": (np.ones(GRID.shape_zyx, np.uint8), GRID)}
        write_case(Study("case", {Phase.PVP: volume}, masks=masks), case)
        change(case)
        return case

    return make


def _facts(**change: Any) -> Callable[[Path], None]:
    def write(case: Path) -> None:
        facts = json.loads((case / "study.json").read_text())
        facts.update(change)
        (case / "study.json").write_text(json.dumps(facts))

    return write


def _text(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda case: (case / name).write_bytes(content) and None


def _directory(content: bytes) -> Make:
    def make(folder: Path) -> Path:
        (folder / "DICOMDIR").write_bytes(content)
        return folder / "DICOMDIR"

    return make


def _file(name: str, content: bytes) -> Make:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


def _fractions(case: Path) -> None:
    write_nifti(case / "liver.nii.gz", np.full(GRID.shape_zyx, 0.5, np.float32), GRID)


def _negative(case: Path) -> None:
    write_nifti(case / "liver.nii.gz", np.full(GRID.shape_zyx, -1, np.int16), GRID)


SHARES = (0.0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99)

CORPUS: dict[str, Make] = {
    **{f"named: {name}": make for name, (make, _) in BROKEN.items()},
    **{f"nii cut at {s}": _cut(_nifti, s) for s in SHARES},
    **{f"nii.gz cut at {s}": _cut(_gz, s) for s in SHARES},
    **{f"nii.gz byte at {s}": _flip(_gz, s) for s in (0.0, 0.001, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 0.992, 0.999)},
    **{f"nrrd cut at {s}": _cut(_nrrd_header(), s) for s in SHARES},
    **{f"mha cut at {s}": _cut(_mha_header(), s) for s in SHARES},
    "nii: size of header": _header(0, "i", 349),
    "nii: size of header 0": _header(0, "i", 0),
    **{f"nii: number of axes {n}": _header(40, "h", n) for n in (0, 1, 2, 8, -1, 300)},
    **{f"nii: first axis {n}": _header(42, "h", n) for n in (0, -8, 9, 32767)},
    **{f"nii: last axis {n}": _header(46, "h", n) for n in (0, -1, 7, 30000)},
    **{f"nii: datatype {n}": _header(70, "h", n) for n in (0, 1, 32, 64, 128, 1536, 1792, 2304, 9999)},
    **{f"nii: spacing {v}": _header(80, "f", v) for v in (0.0, float("nan"), float("inf"))},
    **{f"nii: offset {v}": _header(108, "f", v) for v in (-1.0, 1e9, float("nan"), float("inf"))},
    **{f"nii: slope and offset {v}": _header(112, "ff", *v) for v in ((float("inf"), 0.0), (1.0, float("nan")))},
    **{f"nii: slope {v}": _header(112, "ff", v, 0.0) for v in (1e38, float("-inf"))},
    **{f"nii: sform {v}": _header(280, "f", v) for v in (float("nan"), float("inf"), 0.0, 1e30)},
    "nii: no forms at all, spacing kept": _header(252, "hh", 0, 0),
    "nii: quaternion": _header(256, "fff", 3.0, 3.0, 3.0),
    "nii: magic": _header(344, "4s", b"xx1\0"),
    "nii: in two parts": _header(344, "4s", b"ni1\0"),
    "nrrd: no space": _nrrd_header(space=None),
    "nrrd: unknown space": _nrrd_header(space="sideways"),
    "nrrd: no directions": _nrrd_header(space_directions=None),
    "nrrd: null direction": _nrrd_header(space_directions="(0,0,0) (0,0.8,0) (0,0,2.5)"),
    "nrrd: sheared": _nrrd_header(space_directions="(0.7,0.3,0) (0,0.8,0) (0,0,2.5)"),
    "nrrd: text for numbers": _nrrd_header(space_directions="(a,b,c) (0,0.8,0) (0,0,2.5)"),
    "nrrd: nan": _nrrd_header(space_directions="(nan,0,0) (0,0.8,0) (0,0,2.5)"),
    "nrrd: larger than its data": _nrrd_header(sizes="80 70 60"),
    "nrrd: negative size": _nrrd_header(sizes="8 -7 6"),
    "nrrd: two axes": _nrrd_header(dimension="2", sizes="56 6", space_directions="(1,0,0) (0,1,0)", kinds=None),
    "nrrd: no type": _nrrd_header(type=None),
    "nrrd: unknown type": _nrrd_header(type="quaternion"),
    "nrrd: unknown encoding": _nrrd_header(encoding="lzma"),
    "nrrd: gzip that is none": _nrrd_header(encoding="gzip"),
    "nrrd: data elsewhere": _nrrd_header(data_file="gone.raw"),
    "nrrd: text": _file("volume.nrrd", b"this is text\n" * 30),
    "nrrd: empty": _file("volume.nrrd", b""),
    "mha: zero spacing": _mha_header(ElementSpacing="0 0.8 2.5"),
    "mha: negative spacing": _mha_header(ElementSpacing="0.7 -0.8 2.5"),
    "mha: nan spacing": _mha_header(ElementSpacing="nan 0.8 2.5"),
    "mha: text for spacing": _mha_header(ElementSpacing="wide 0.8 2.5"),
    "mha: larger than its data": _mha_header(DimSize="80 70 60"),
    "mha: two axes": _mha_header(NDims="2", DimSize="56 6", ElementSpacing="1 1", Offset="0 0"),
    "mha: unknown type": _mha_header(ElementType="MET_QUATERNION"),
    "mha: data elsewhere": _mha_header(ElementDataFile="gone.raw"),
    "mha: colors": _mha_header(ElementNumberOfChannels="2", DimSize="4 7 6"),
    "mha: text": _file("volume.mha", b"this is text\n" * 30),
    "mha: empty": _file("volume.mha", b""),
    **{f"dicom cut at {s}": _dicom_cut(s) for s in (0.0, 0.05, 0.15, 0.3, 0.5, 0.7, 0.8, 0.9, 0.99)},
    **{
        f"dicom without {key}": _dicom(2, **{key: None})
        for key in (
            "SOPClassUID", "SeriesInstanceUID", "Rows", "Columns", "PixelSpacing", "ImagePositionPatient",
            "ImageOrientationPatient", "RescaleSlope", "RescaleIntercept", "PixelData", "BitsAllocated",
            "BitsStored", "PixelRepresentation", "SamplesPerPixel", "PhotometricInterpretation", "ImageType",
            "InstanceNumber", "AcquisitionNumber", "SeriesNumber", "StudyInstanceUID", "ConvolutionKernel", "Modality",
        )
    },
    **{
        f"dicom with {key} {value!r:.30}": _dicom(2, **{key: value})
        for key, value in (
            ("Rows", 0), ("Rows", 6), ("Columns", 9), ("BitsAllocated", 8), ("BitsAllocated", 32), ("BitsStored", 0),
            ("SamplesPerPixel", 3), ("PhotometricInterpretation", "RGB"), ("RescaleSlope", 0), ("RescaleSlope", 1e9),
            ("RescaleIntercept", 1e9), ("RescaleType", "ED"), ("Modality", "MR"), ("SeriesInstanceUID", "1.2.3.4"),
            ("ImageType", ["DERIVED", "SECONDARY", "MPR"]), ("ConvolutionKernel", "B80s"), ("PixelData", b""),
            ("PixelData", b"\0" * 1000), ("PixelSpacing", [0.7]), ("PixelSpacing", [0.7, -0.8]),
            ("ImagePositionPatient", [0, 0]), ("ImagePositionPatient", [float("nan"), 0, 0]),
            ("ImageOrientationPatient", [0] * 6), ("ImageOrientationPatient", [1, 0, 0, 1, 0, 0]),
            ("ImageOrientationPatient", [1, 0, 0]), ("NumberOfFrames", 3),
        )
    },
    "dicom: all slices tell a slope of 0": _dicom(slice(None), RescaleSlope=0),
    "dicom: all slices at one place": _dicom(slice(None), ImagePositionPatient=[0, 0, 0]),
    "dicom: rows and columns the same way": _dicom(slice(None), ImageOrientationPatient=[1, 0, 0, 1, 0, 0]),
    "dicom: rows and columns not at right angles": _dicom(slice(None), ImageOrientationPatient=[1, 0, 0, 0.5, 0.8, 0]),
    "dicom: one identifier for two": _dicom(slice(0, 2), SOPInstanceUID="1.2.3"),
    "dicom: text for a position": _raw(b"-110", b"left"),
    "dicom: text for a spacing": _raw(b"0.8\\0.7", b"wide\\ . "),
    "dicom: text for a number": _raw(b"ORIGINAL", b"\xff\xfe\xfd\xfcINAL"),
    "dicom: preamble gone": _raw(b"DICM", b"MCID"),
    "dicom: another syntax than it says": _raw(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.2\0"),
    "dicom: compressed, it says": _raw(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0"),
    **{
        f"enhanced: {change}": _enhanced(_drop(change))
        for change in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "NumberOfFrames",
                       "PixelData", "Rows", "BitsAllocated")
    },
    "enhanced: a frame without place": _enhanced(_frame("PlanePositionSequence")),
    "enhanced: a frame without scale": _enhanced(_frame("PixelValueTransformationSequence")),
    "enhanced: fewer headers than frames": _enhanced(_fewer_frames),
    "zip: empty": _zip(a=b""),
    "zip: text": _file("visit.zip", b"no zip at all" * 9),
    "zip: nothing": _file("visit.zip", b""),
    "zip: half": _zip(_end),
    **{f"zip: byte at {s}": _zip(_byte(s)) for s in (0.2, 0.5, 0.9, 0.999)},
    "zip: only a picture": _zip(**{"a.png": b"\x89PNG"}),
    "DICOMDIR: text": _directory(b"text"),
    "DICOMDIR: empty": _directory(b""),
    "case: study.json is text": _case(_text("study.json", b"{text")),
    "case: study.json is a list": _case(_text("study.json", b"[]")),
    "case: study.json is binary": _case(_text("study.json", b"\xff\xfe\x00")),
    "case: another schema": _case(_facts(schema="hepaphase-study/99")),
    "case: tells of a phase that is not there": _case(_facts(phases={"AP": {}})),
    "case: unknown provenance": _case(_facts(phases={"PVP": {"provenance": "found"}})),
    "case: time that is none": _case(_facts(phases={"PVP": {"time_s": "late"}})),
    "case: phases in a list": _case(_facts(phases=["PVP"])),
    "case: unknown lesion class": _case(_facts(lesions=[{"id": 1, "class": "wart"}])),
    "case: lesion without id": _case(_facts(lesions=[{"class": "hcc"}])),
    "case: liver in fractions": _case(_fractions),
    "case: liver below zero": _case(_negative),
    "case: liver is text": _case(_text("liver.nii.gz", b"text")),
    "case: phase is empty": _case(_text("PVP.nii.gz", b"")),
    "case: phase is a zipped text": _case(_text("PVP.nii.gz", gzip.compress(b"text" * 200))),
    "case: one phase twice": _case(_text("PVP.nii", b"x")),
    "nothing": lambda folder: folder / "nowhere",
    "a picture": _file("scan.png", b"\x89PNG\r\n"),
    "a name that lies": _file("scan.dcm.nii.gz", gzip.compress(b"DICM" * 90)),
}  # fmt: skip
