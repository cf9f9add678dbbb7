"""Ten thousand geometries, through every format: voxels exact, corners within a thousandth of a millimetre.

``pytest tests/io/test_round_trips.py --geometries 10000`` runs them all; without it a share of them runs.
"""

import itertools
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK
from scipy.spatial.transform import Rotation
from tests.dicom_files import write_series

from hepaphase.base.errors import GeometryError
from hepaphase.io.dicom import read_series
from hepaphase.io.nifti import read_mask, read_nifti, write_nifti
from hepaphase.io.volume import read_volume
from hepaphase.study.geometry import Geometry

CORNER_MM = 1e-3
LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
TURNS = [
    np.array(m) * signs
    for m in (np.eye(3)[list(p)] for p in itertools.permutations(range(3)))
    for signs in itertools.product([1, -1], repeat=3)
]
"""All 48 ways in which axes can lie along the body, left-handed ones included."""
TYPES = ("i2", "u1", "u2", "i4", "f4", "f8", ">i2", ">f4", ">u2")


def draw(number: int) -> tuple[Geometry, np.ndarray]:
    """One geometry and its voxels, a pure function of its number: aligned, oblique, flipped, near and far."""
    rng = np.random.default_rng([2026, number])
    turn = TURNS[number % 48] if number % 3 else Rotation.random(rng=rng).as_matrix() * rng.choice([1, -1], 3)
    if number % 7 == 0:  # a table that is a little off
        turn = Rotation.from_rotvec(rng.normal(0, 0.05, 3)).as_matrix() @ turn
    shape = tuple(int(n) for n in rng.integers(2, 7, 3))
    spacing = np.round(rng.uniform(0.3, 8, 3), int(rng.integers(2, 7)))
    affine = np.eye(4)
    affine[:3, :3] = turn * spacing
    affine[:3, 3] = np.round(rng.uniform(-1500, 1500, 3), 3)
    geometry = Geometry.from_affine((shape[0], shape[1], shape[2]), affine)
    hu = rng.integers(-1024, 3072, geometry.shape_zyx).astype(np.float32)
    return geometry, hu


def through_ours(path: Path, geometry: Geometry, hu: np.ndarray, number: int) -> Path:
    out = path.with_suffix(".nii.gz" if number % 2 else ".nii")
    write_nifti(out, hu, geometry)
    return out


def through_nibabel(path: Path, geometry: Geometry, hu: np.ndarray, number: int) -> Path:
    """Any type and byte order, slope and intercept, NIfTI-1 and 2, one of the two forms or both, one frame in 4-D."""
    kind = TYPES[number % len(TYPES)]
    slope, inter = [(1.0, 0.0), (2.0, -1024.0), (0.5, 100.0)][number % 3] if kind[-2] != "f" else (1.0, 0.0)
    if kind == "u1":
        hu[:] = (hu % 256) * slope + inter
    elif kind[-2] != "f":
        offset = 0 if kind[-2] == "u" else -500
        hu[:] = np.float32(slope) * ((hu + 1024) % 4096 + offset) + np.float32(inter)
    stored = ((hu - inter) / slope).astype(kind).T
    if number % 5 == 0:
        stored = stored[..., None]
    image = (nib.Nifti2Image if number % 4 == 0 else nib.Nifti1Image)(
        stored, LPS @ geometry.affine_lps, dtype=stored.dtype
    )
    image.header.set_data_dtype(np.dtype(kind))
    if kind[0] == ">":
        image = type(image)(stored, LPS @ geometry.affine_lps, image.header.as_byteswapped(">"))
    image.set_sform(LPS @ geometry.affine_lps, code=1 + number % 2)
    image.set_qform(LPS @ geometry.affine_lps, code=[0, 1, 1][number % 3])
    out = path.with_suffix(".nii")
    image.header.set_slope_inter(1, 0)
    nib.save(image, out)
    content = bytearray(out.read_bytes())
    if (slope, inter) != (1.0, 0.0):
        at = 112 if image.header["sizeof_hdr"] == 348 else 176
        one = "f4" if at == 112 else "f8"
        order = ">" if kind[0] == ">" else "<"
        content[at : at + 2 * np.dtype(one).itemsize] = np.array([slope, inter], order + one).tobytes()
        out.write_bytes(content)
    return out


def through_itk(path: Path, geometry: Geometry, hu: np.ndarray, number: int) -> Path:
    suffix = (".nrrd", ".mha", ".mhd", ".nhdr", ".nii", ".nii.gz")[number % 6]
    image = SimpleITK.GetImageFromArray(hu.astype(("i2", "f4", "i4", "f8")[number % 4]))
    image.SetSpacing(geometry.spacing_xyz_mm)
    image.SetOrigin(geometry.origin_lps_mm)
    image.SetDirection(np.ravel(geometry.direction).tolist())
    out = path.with_suffix(suffix)
    SimpleITK.WriteImage(image, str(out), useCompression=number % 5 == 0 and suffix in (".nrrd", ".mha"))
    return out


WAYS = {"ours": through_ours, "nibabel": through_nibabel, "SimpleITK": through_itk}


@pytest.mark.parametrize("way", WAYS)
def test_geometries_come_back(way, tmp_path, num_geometries):
    for number in range(num_geometries // 3):
        geometry, hu = draw(number)
        path = WAYS[way](tmp_path / "volume", geometry, hu, number)
        found, grid = read_volume(path)
        assert np.array_equal(found, hu), number
        assert geometry.corner_distance_mm(grid) < CORNER_MM, number


def test_the_other_readers_see_what_we_wrote(tmp_path, num_geometries):
    for number in range(max(num_geometries // 20, 10)):
        geometry, hu = draw(number)
        path = through_ours(tmp_path / "volume", geometry, hu, number)
        image: nib.Nifti1Image = nib.load(path)
        theirs = Geometry.from_affine(geometry.shape_zyx, LPS @ image.affine)
        assert np.array_equal(np.asarray(image.dataobj).T, hu) and geometry.corner_distance_mm(theirs) < CORNER_MM
        if np.linalg.det(geometry.direction) > 0:  # SimpleITK refuses none, but mends left-handed qforms
            itk = SimpleITK.ReadImage(str(path))
            last = [n - 1 for n in itk.GetSize()]
            there = itk.TransformIndexToPhysicalPoint(last)
            assert np.abs(geometry.to_lps_mm(last[::-1]) - there).max() < CORNER_MM, number


def test_dicom_geometries_come_back(tmp_path, num_geometries):
    """A left-handed stack comes back running the other way, every voxel where it was in the patient."""
    for number in range(max(num_geometries // 50, 10)):
        geometry, hu = draw(number)
        hu = 2 * np.round(hu / 2)
        folder = tmp_path / str(number)
        write_series(folder, hu, geometry)
        found, grid, _ = read_series(folder)
        if np.linalg.det(geometry.direction) < 0:
            z, y, x = geometry.shape_zyx
            flip = np.diag([1.0, 1, -1, 1])
            flip[2, 3] = z - 1
            geometry, hu = Geometry.from_affine((z, y, x), geometry.affine_lps @ flip), hu[::-1]
        assert np.array_equal(found, hu) and geometry.corner_distance_mm(grid) < CORNER_MM, number


def test_masks_come_back_on_the_same_grid(tmp_path, num_geometries):
    for number in range(max(num_geometries // 50, 10)):
        geometry, hu = draw(number)
        labels = (hu.astype(np.int64) % (300 if number % 2 else 3)).astype(np.uint16)
        write_nifti(tmp_path / "mask.nii.gz", labels, geometry)
        found, grid = read_mask(tmp_path / "mask.nii.gz")
        assert np.array_equal(found, labels) and geometry.corner_distance_mm(grid) < CORNER_MM


@pytest.mark.parametrize("shift_mm", [0.0, 0.3, 1.0, 5.0])
def test_sform_and_qform_that_disagree(shift_mm, tmp_path, caplog):
    geometry, hu = draw(1)
    image = nib.Nifti1Image(hu.T, LPS @ geometry.affine_lps)
    image.set_sform(LPS @ geometry.affine_lps, code=1)
    moved = LPS @ geometry.affine_lps
    moved[0, 3] += shift_mm
    image.set_qform(moved, code=1)
    nib.save(image, tmp_path / "a.nii")
    if shift_mm > 2:
        with pytest.raises(GeometryError, match=r"5\.0 mm apart"):
            read_nifti(tmp_path / "a.nii")
        return
    assert geometry.corner_distance_mm(read_nifti(tmp_path / "a.nii")[1]) < CORNER_MM
    assert ("mm apart" in caplog.text) == (shift_mm > 0.5)


def test_negative_spacing_of_metaimage(tmp_path):
    """Some writers put the sign of an axis into its spacing; ITK takes the size and the direction it has."""
    (tmp_path / "a.mha").write_bytes(
        b"ObjectType = Image\nNDims = 3\nDimSize = 2 3 4\nElementSpacing = 1 -2 3\nOffset = 5 6 7\n"
        b"ElementType = MET_SHORT\nElementDataFile = LOCAL\n" + np.arange(24, dtype="<i2").tobytes()
    )
    with pytest.raises(GeometryError, match="spacing"):
        read_volume(tmp_path / "a.mha")


def test_nrrd_in_another_space_is_turned(tmp_path):
    """Right, anterior, superior, with a negative direction."""
    head = (
        "NRRD0004\ntype: short\ndimension: 3\nspace: right-anterior-superior\nsizes: 2 3 4\n"
        "space directions: (1,0,0) (0,-2,0) (0,0,3)\nkinds: domain domain domain\nendian: little\nencoding: raw\n"
        "space origin: (10,20,30)\n\n"
    )
    (tmp_path / "a.nrrd").write_bytes(head.encode() + np.arange(24, dtype="<i2").tobytes())
    found, grid = read_volume(tmp_path / "a.nrrd")
    assert np.array_equal(found.ravel(), np.arange(24)) and grid.spacing_xyz_mm == (1, 2, 3)
    np.testing.assert_allclose(grid.to_lps_mm((3, 2, 1)), (-11, -16, 39))
