"""Inputs that must be refused with one clear line: name to a function that makes one, and what the line must say."""

import gzip
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
from tests.dicom_files import write_series

from hepaphase.io.nifti import write_nifti
from hepaphase.study.geometry import Geometry

GRID = Geometry((6, 7, 8), (0.7, 0.8, 2.5), (-110.0, 35.5, -720.25))


def voxels() -> np.ndarray:
    return np.random.default_rng(5).integers(-500, 300, GRID.shape_zyx).astype(np.float32) * 2


def whole_volume(folder: Path) -> Path:
    write_nifti(folder / "volume.nii.gz", voxels(), GRID)
    return folder / "volume.nii.gz"


def corrupt_gzip(folder: Path) -> Path:
    path = whole_volume(folder)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40] = b"\xff" * 40
    path.write_bytes(content)
    return path


def cut_short(folder: Path) -> Path:
    path = whole_volume(folder)
    path.write_bytes(path.read_bytes()[:300])
    return path


def cut_short_plain(folder: Path) -> Path:
    path = folder / "volume.nii"
    write_nifti(path, voxels(), GRID)
    path.write_bytes(path.read_bytes()[:-7])
    return path


def empty_file(folder: Path) -> Path:
    (folder / "volume.nii").touch()
    return folder / "volume.nii"


def text_named_nifti(folder: Path) -> Path:
    (folder / "volume.nii.gz").write_text("see the other folder")
    return folder / "volume.nii.gz"


def zipped_text(folder: Path) -> Path:
    (folder / "volume.nii.gz").write_bytes(gzip.compress(b"see the other folder\n" * 60))
    return folder / "volume.nii.gz"


def four_frames(folder: Path) -> Path:
    frames = np.stack([voxels().T] * 4, axis=-1)
    nib.save(nib.Nifti1Image(frames, np.diag([-0.7, -0.8, 2.5, 1])), folder / "volume.nii.gz")
    return folder / "volume.nii.gz"


def flat(folder: Path) -> Path:
    nib.save(nib.Nifti1Image(voxels().T[:, :, 0], np.eye(4)), folder / "volume.nii.gz")
    return folder / "volume.nii.gz"


def nan_voxels(folder: Path) -> Path:
    hu = voxels().T
    hu[1, 2, 3] = np.nan
    nib.save(nib.Nifti1Image(hu, np.diag([-0.7, -0.8, 2.5, 1])), folder / "volume.nii.gz")
    return folder / "volume.nii.gz"


def zero_spacing(folder: Path) -> Path:
    path = folder / "volume.nii"
    write_nifti(path, voxels(), GRID)
    content = bytearray(path.read_bytes())
    content[76 + 4 * 3 : 76 + 4 * 4] = bytes(4)  # pixdim[3] of the NIfTI-1 header
    path.write_bytes(content)
    return path


def colors(folder: Path) -> Path:
    rgb = np.zeros((8, 7, 6), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    nib.save(nib.Nifti1Image(rgb, np.eye(4)), folder / "volume.nii.gz")
    return folder / "volume.nii.gz"


def sheared(folder: Path) -> Path:
    affine = np.diag([-0.7, -0.8, 2.5, 1])
    affine[1, 2] = 0.4
    image = nib.Nifti1Image(voxels().T, affine)
    image.set_qform(None, code=0)
    nib.save(image, folder / "volume.nii.gz")
    return folder / "volume.nii.gz"


def contradicting_forms(folder: Path) -> Path:
    image = nib.Nifti1Image(voxels().T, np.diag([-0.7, -0.8, 2.5, 1]))
    image.set_sform(np.diag([-0.7, -0.8, 2.5, 1]), code=1)
    image.set_qform(np.diag([0.7, -0.8, 2.5, 1]), code=1)
    nib.save(image, folder / "volume.nii.gz")
    return folder / "volume.nii.gz"


def empty_folder(folder: Path) -> Path:
    return folder


def non_ct_dicom(folder: Path) -> Path:
    mr = "1.2.840.10008.5.1.4.1.1.4"
    write_series(folder / "series", voxels(), GRID, Modality="MR", SOPClassUID=mr)
    return folder / "series"


def missing_slice(folder: Path) -> Path:
    write_series(folder / "series", voxels(), GRID)[3].unlink()
    return folder / "series"


def doubled_slice(folder: Path) -> Path:
    write_series(folder / "series" / "first", voxels(), GRID)
    write_series(folder / "series" / "second", voxels() + 2, GRID, AcquisitionNumber=2, instances_from=6)
    return folder / "series"


def two_series(folder: Path) -> Path:
    write_series(folder / "series" / "first", voxels(), GRID)
    write_series(folder / "series" / "second", voxels() + 2, GRID, uid="1.2.826.0.1.3680043.8.498.2", number=4)
    return folder / "series"


BROKEN: dict[str, tuple[Callable[[Path], Path], str]] = {
    "corrupt gzip": (corrupt_gzip, "damaged"),
    "cut short": (cut_short, "cut short"),
    "cut short, not zipped": (cut_short_plain, "cut short"),
    "empty file": (empty_file, "cannot be read as NIfTI"),
    "text named .nii.gz": (text_named_nifti, "something else"),
    "zipped text": (zipped_text, "not a NIfTI file in one piece"),
    "4-D volume": (four_frames, "4 frames"),
    "2-D picture": (flat, "three axes"),
    "NaN volume": (nan_voxels, "NaN"),
    "zero spacing": (zero_spacing, "must be positive"),
    "colors": (colors, "gray values"),
    "sheared": (sheared, "right angles"),
    "sform against qform": (contradicting_forms, "mm apart"),
    "empty folder": (empty_folder, "no DICOM file"),
    "non-CT DICOM": (non_ct_dicom, "6 x MR"),
    "missing slice": (missing_slice, "1 slice(s) missing"),
    "doubled slices": (doubled_slice, "There are 2 CT passes"),
    "two series": (two_series, "2 CT series"),
}
"""Name to what makes it and words of the line that refuses it, read as ``--phases PVP``."""
