"""Voxels of every transfer syntax and oddity."""

import shutil
import subprocess

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.encaps import encapsulate
from pydicom.uid import (
    JPEG2000,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)
from tests.broken_inputs import GRID, voxels
from tests.dicom_files import write_series

from hepaphase.base.errors import DicomError
from hepaphase.io.dicom import read_series
from hepaphase.study.geometry import Geometry

LARGE = Geometry((3, 64, 96), (0.7, 0.8, 2.5), (-110.0, 35.5, -720.25))
"""JPEG 2000 needs room for its wavelets."""
LARGE_HU = 2.0 * np.random.default_rng(4).integers(-400, 900, LARGE.shape_zyx).astype(np.float32)

gdcm = pytest.importorskip("gdcm")


def recode(path, syntax):
    """The file again in another transfer syntax, its voxels encoded by GDCM."""
    reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(str(path))
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(str(syntax))))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer.SetFileName(str(path))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    assert pydicom.dcmread(path).file_meta.TransferSyntaxUID == syntax


@pytest.mark.parametrize(
    "syntax", [JPEGLosslessSV1, "1.2.840.10008.1.2.4.57", JPEGLSLossless, JPEG2000Lossless, RLELossless]
)
@pytest.mark.parametrize("signed", [True, False])
def test_lossless_compression_loses_nothing(syntax, signed, tmp_path):
    for path in write_series(tmp_path, LARGE_HU, LARGE):
        if not signed:
            data = pydicom.dcmread(path)
            data.PixelRepresentation, data.BitsStored, data.HighBit = 0, 12, 11
            data.save_as(path)
        recode(path, syntax)
    np.testing.assert_array_equal(read_series(tmp_path)[0], LARGE_HU)


def test_lossy_compression_agrees_with_another_reader(tmp_path):
    paths = write_series(tmp_path, LARGE_HU, LARGE)
    for path in paths:
        recode(path, JPEG2000)
    image = SimpleITK.ReadImage(SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path)))
    np.testing.assert_array_equal(read_series(tmp_path)[0], np.maximum(SimpleITK.GetArrayFromImage(image), -1024))


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_uncompressed_syntaxes(syntax, tmp_path):
    for path in write_series(tmp_path, voxels(), GRID):
        data = pydicom.dcmread(path)
        if syntax == ExplicitVRBigEndian:
            data.PixelData = np.frombuffer(data.PixelData, "<i2").astype(">i2").tobytes()
            data["PixelData"].VR = "OW"
        data.file_meta.TransferSyntaxUID = syntax
        pydicom.dcmwrite(path, data, implicit_vr=syntax.is_implicit_VR, little_endian=syntax.is_little_endian)
    np.testing.assert_array_equal(read_series(tmp_path)[0], voxels())


def test_bits_above_those_stored_are_not_voxels(tmp_path):
    """Old overlays lie in the high bits of 12-bit data."""
    for path in write_series(tmp_path, voxels(), GRID):
        data = pydicom.dcmread(path)
        stored = np.frombuffer(data.PixelData, "<u2") | np.uint16(0x4000)
        data.PixelData = stored.tobytes()
        data.PixelRepresentation, data.BitsStored, data.HighBit = 0, 12, 11
        data.save_as(path)
    np.testing.assert_array_equal(read_series(tmp_path)[0], voxels())


def test_private_oddities(tmp_path):
    """Private blocks, a file without preamble, odd ends of texts, no extension: what old exporters write."""
    for k, path in enumerate(write_series(tmp_path, voxels(), GRID)):
        data = pydicom.dcmread(path)
        block = data.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
        block.add_new(0x10, "OB", b"SV10\x04\x03\x02\x01" * 8)
        data.add_new((0x0043, 0x1010), "UN", b"\x01\x02")
        data.ConvolutionKernel = ["B30f", "3"]
        data.save_as(path)
        if k == 2:
            path.write_bytes(path.read_bytes()[132:])
        if k == 3:
            data.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
            del data.file_meta
            bare = path.with_suffix("")
            with bare.open("wb") as file:
                pydicom.filewriter.write_dataset(_implicit(file), data)
            path.unlink()
    np.testing.assert_array_equal(read_series(tmp_path)[0], voxels())


def _implicit(file):
    from pydicom.filebase import DicomFileLike

    out = DicomFileLike(file)
    out.is_little_endian, out.is_implicit_VR = True, True
    return out


@pytest.mark.parametrize(
    ("elements", "says"),
    [
        ({"RescaleSlope": "0"}, "rescale slope 0"),
        ({"RescaleSlope": "1e6"}, "it reaches"),
        ({"RescaleIntercept": "-1e9"}, "cannot be in HU"),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0}, "cannot be read"),
        ({"BitsAllocated": 32}, "cannot be read"),
        ({"Rows": 9}, "There are 2 CT passes"),
    ],
)
def test_voxels_that_cannot_be_hu_are_refused(elements, says, tmp_path):
    path = write_series(tmp_path, voxels(), GRID)[0]
    data = pydicom.dcmread(path)
    for key, value in elements.items():
        setattr(data, key, value)
    data.save_as(path)
    with pytest.raises(DicomError, match=says) as caught:
        read_series(tmp_path)
    assert "\n" not in str(caught.value)


def test_damaged_fragments_are_refused(tmp_path):
    path = write_series(tmp_path, voxels(), GRID)[4]
    data = pydicom.dcmread(path)
    data.file_meta.TransferSyntaxUID = JPEGLSLossless
    data.PixelData = encapsulate([b"\xff\xd8\xff\xf7" + bytes(40)])
    data.save_as(path)
    with pytest.raises(DicomError, match="compressed"):
        read_series(tmp_path)


@pytest.mark.parametrize("coder", ["dcmcjpeg +e1", "dcmcjpeg +el", "dcmcjpls", "dcmcrle"])
def test_what_another_toolkit_compressed_reads_the_same(coder, tmp_path):
    tool, *flags = coder.split()
    if shutil.which(tool) is None:
        pytest.skip(f"needs Debian's dcmtk ({tool})")
    (tmp_path / "packed").mkdir()
    for path in write_series(tmp_path / "plain", LARGE_HU, LARGE):
        subprocess.run([tool, *flags, str(path), str(tmp_path / "packed" / path.name)], check=True, capture_output=True)
    syntax = pydicom.dcmread(next((tmp_path / "packed").iterdir())).file_meta.TransferSyntaxUID
    assert syntax.is_compressed
    np.testing.assert_array_equal(read_series(tmp_path / "packed")[0], LARGE_HU)
