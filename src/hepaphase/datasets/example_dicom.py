"""Small DICOM series and SEG objects, as sources lay them out; adapters write their examples with it."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, SegmentationStorage, generate_uid

from ..base.atomic import atomic_path
from ..study.geometry import Geometry
from ..study.study import PhaseVolume, Study

_INTERCEPT_HU = -1024


def write_slices(
    folder: Path, volume: PhaseVolume, *, case: str, number: int, text: str, names: str = "1-{k:03d}.dcm"
) -> list[Path]:
    """One CT file per slice of ``volume`` in whole HU; slice ``k`` is called ``names``.

    Identifiers follow from ``case`` and ``number``, so that an example is the same every time.
    """
    paths = []
    for k, plane in enumerate(volume.hu):
        data = _object(CTImageStorage, case=case, number=number, item=k + 1)
        data.Modality, data.SeriesDescription = "CT", text
        data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        data.InstanceNumber, data.AcquisitionNumber = k + 1, number
        _place(data, volume.geometry, k)
        _pixels(data, np.round(plane).astype(np.int32) - _INTERCEPT_HU)
        data.RescaleSlope, data.RescaleIntercept, data.RescaleType = "1", str(_INTERCEPT_HU), "HU"
        paths.append(_save(folder / names.format(k=k), data))
    return paths


def write_mask_slices(folder: Path, mask: npt.NDArray[Any], geometry: Geometry, *, case: str, names: str) -> list[Path]:
    """One file per slice of a mask, 255 inside, called as the slices of its scan are."""
    paths = []
    for k, plane in enumerate(mask):
        data = _object(CTImageStorage, case=f"{case} {folder.name}", number=1, item=k + 1)
        data.Modality, data.InstanceNumber = "CT", k + 1
        _place(data, geometry, k)
        _pixels(data, np.where(plane > 0, 255, 0))
        paths.append(_save(folder / names.format(k=k), data))
    return paths


def write_masks(path: Path, study: Study, labels: Mapping[str, str]) -> None:
    """One binary SEG of the masks named in ``labels`` (ours to label), all that lie on the grid of the first.

    A label that ends in ``_`` becomes one numbered segment per id. Frames without any voxel are left out.
    """
    held = [name for name in labels if name in study.masks]
    if not held:
        return
    grid = study.masks[held[0]][1]
    parts: list[tuple[str, npt.NDArray[np.bool_]]] = []
    for name in held:
        array, own = study.masks[name]
        if own.matches(grid):
            ids = [int(i) for i in np.unique(array) if i > 0] if labels[name].endswith("_") else []
            parts += [(f"{labels[name]}{n}", array == i) for n, i in enumerate(ids, 1)] or [(labels[name], array > 0)]
    _save(path, _seg(parts, grid, study.case))


def _seg(parts: Sequence[tuple[str, npt.NDArray[np.bool_]]], grid: Geometry, case: str) -> FileDataset:
    frames = [(s, k) for s, (_, mask) in enumerate(parts) for k in range(len(mask)) if mask[k].any()]
    data = _object(SegmentationStorage, case=case, number=300, item=1)
    data.Modality, data.SeriesDescription, data.SegmentationType = "SEG", "Segmentation", "BINARY"
    data.NumberOfFrames = len(frames)
    whole = Dataset()
    _place(whole, grid, 0)
    orientation, measures = Dataset(), Dataset()
    orientation.ImageOrientationPatient = whole.ImageOrientationPatient
    measures.PixelSpacing, measures.SliceThickness = whole.PixelSpacing, whole.SliceThickness
    measures.SpacingBetweenSlices = whole.SliceThickness
    data.SharedFunctionalGroupsSequence = [_group(PlaneOrientationSequence=orientation, PixelMeasuresSequence=measures)]
    data.PerFrameFunctionalGroupsSequence = [_frame(s, k, grid) for s, k in frames]
    data.SegmentSequence = [_segment(s, label) for s, (label, _) in enumerate(parts)]
    stored = np.stack([parts[s][1][k] for s, k in frames])
    data.Rows, data.Columns = stored.shape[1:]
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
    data.BitsAllocated = data.BitsStored = 1
    data.HighBit = 0
    data.PixelData = np.packbits(stored.ravel(), bitorder="little").tobytes()
    return data


def _frame(segment: int, k: int, grid: Geometry) -> Dataset:
    position, identification = Dataset(), Dataset()
    position.ImagePositionPatient = _numbers(grid.to_lps_mm((k, 0, 0)))
    identification.ReferencedSegmentNumber = segment + 1
    return _group(PlanePositionSequence=position, SegmentIdentificationSequence=identification)


def _segment(index: int, label: str) -> Dataset:
    item = Dataset()
    item.SegmentNumber, item.SegmentLabel, item.SegmentAlgorithmType = index + 1, label, "MANUAL"
    return item


def _group(**sequences: Dataset) -> Dataset:
    group = Dataset()
    for name, item in sequences.items():
        setattr(group, name, [item])
    return group


def _object(kind: UID, *, case: str, number: int, item: int) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, kind
    data = FileDataset("", Dataset(), file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID = kind
    study, series, instance = (generate_uid(entropy_srcs=["example", case, *map(str, keys)])
                               for keys in ((), (number,), (number, item)))  # fmt: skip
    data.StudyInstanceUID, data.SeriesInstanceUID, data.SOPInstanceUID = study, series, instance
    meta.MediaStorageSOPInstanceUID = instance
    data.PatientID, data.SeriesNumber = case, number
    return data


def _place(data: Dataset, geometry: Geometry, k: int) -> None:
    direction = np.asarray(geometry.direction)
    x_mm, y_mm, z_mm = geometry.spacing_xyz_mm
    data.ImageOrientationPatient = _numbers([*direction[:, 0], *direction[:, 1]])
    data.ImagePositionPatient = _numbers(geometry.to_lps_mm((k, 0, 0)))
    data.PixelSpacing = _numbers([y_mm, x_mm])
    data.SliceThickness = _numbers([z_mm])[0]


def _pixels(data: Dataset, plane: npt.NDArray[Any]) -> None:
    data.Rows, data.Columns = plane.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 16
    data.HighBit, data.PixelRepresentation = 15, 1
    data.PixelData = plane.astype("<i2").tobytes()


def _numbers(values: Any) -> list[str]:
    return [f"{value:.10g}"[:16] for value in values]


def _save(path: Path, data: FileDataset) -> Path:
    with atomic_path(path) as partial, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data.save_as(partial, enforce_file_format=True)
    return path
