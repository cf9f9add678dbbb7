"""NIfTI files in and out, geometry exact."""

import gzip
import logging
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
from nibabel import imageglobals
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError

from ..base.atomic import atomic_path
from ..base.errors import ConfigError, GeometryError, InputError, VolumeError
from ..base.log import logger
from ..resample.crop import Box, paste
from ..study.geometry import Floats, Geometry
from ..study.study import HuArray, check_volume

SUFFIXES = (".nii.gz", ".nii")

SYNTHETIC_MARK = "SYNTHETIC"
"""Stands at the head of the description of every file whose voxels a model made."""

_DESCRIPTION_BYTES = 79
_TO_MM = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
"""Units code to millimetres; unknown counts as millimetres, which is what such files mean in practice."""
_DOUBT_MM = 0.5
"""The quaternion of a qform is float32, which near a half turn costs up to this at 50 cm; less is no disagreement."""
_CONTRADICTION_MM = 2.0
"""More between sform and qform, at the worst corner, is refused (our choice: about two voxels)."""
_NIFTI1: Any = nib.Nifti1Image  # its methods carry no types
_OPENER: Any = nib.openers.ImageOpener
_NIFTI2: Any = nib.Nifti2Image
_SIZE_1 = 348
_SIZE_2 = 540
_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    ArithmeticError,
    zlib.error,
    MemoryError,
    ImageFileError,
    HeaderDataError,
    WrapStructError,
)

_log = logger(__name__)  # says file names alone: folders are often named after patients


def is_nifti(path: Path) -> bool:
    """Whether the name of ``path`` is that of a NIfTI file."""
    return path.name.lower().endswith(SUFFIXES)


def read_nifti(path: Path) -> tuple[HuArray, Geometry]:
    """The volume in ``path`` as float32 (z, y, x) HU, scale and offset of the header applied, and its grid.

    The sform is preferred, as in most readers; the qform is taken where the sform is absent or leads to a standard
    space. A doubt is logged as a warning, a contradiction is refused.

    Raises:
        InputError: when the file is missing, damaged or not NIfTI.
        VolumeError: for more than one frame, fewer than three axes, colors, NaN or infinite voxels.
        GeometryError: for zero spacing, shear, or an sform and a qform that contradict each other.
    """
    image, geometry = _load(path)
    try:
        with _quiet():  # what overflows becomes infinite, and is refused as such
            hu = image.get_fdata(dtype=np.float32, caching="unchanged")
    except _UNREADABLE as error:
        raise _damaged(path, error) from error
    array = np.ascontiguousarray(hu.reshape(image.shape[:3]).T)
    check_volume(array, geometry, what=f"'{path}'")
    return array, geometry


def read_mask(path: Path) -> tuple[npt.NDArray[Any], Geometry]:
    """The labels in ``path`` as uint8 (uint16 where a label passes 255), shape (z, y, x), and their grid.

    Raises:
        VolumeError: when a voxel is not a whole number from 0 to 65535.
        InputError: as for ``read_nifti``; so are the other two.
    """
    image, geometry = _load(path)
    try:
        stored = np.asanyarray(image.dataobj).reshape(image.shape[:3]).T
    except _UNREADABLE as error:
        raise _damaged(path, error) from error
    if not np.isfinite(stored).all() or stored.min() < 0 or stored.max() > 65535:
        raise VolumeError(f"'{path}' is not a mask: its values must be whole numbers from 0 to 65535.")
    labels = np.ascontiguousarray(stored, dtype=np.uint8 if stored.max() < 256 else np.uint16)
    if stored.dtype.kind == "f" and not np.array_equal(labels, stored):
        raise VolumeError(f"'{path}' is not a mask: it holds fractions. Give labels, or threshold it first.")
    return labels, geometry


def read_description(path: Path) -> str:
    """The free text in the header of ``path``; it starts with ``SYNTHETIC`` where a model made the voxels.

    Raises:
        InputError: when the file is missing, damaged or not NIfTI.
    """
    return (
        bytes(_header(path, _content(path, _SIZE_2))["descrip"].item()).decode("utf-8", errors="replace").rstrip("\0 ")
    )


def write_nifti(path: Path, array: npt.NDArray[Any], geometry: Geometry, *, description: str = "") -> None:
    """Write a (z, y, x) array, whole or not at all; the same array gives the same bytes.

    Integers keep their type. Floats are stored as float32, or as int16 where every value is a whole number that fits,
    which loses nothing and takes a third of the space.

    Raises:
        ConfigError: for another suffix than ``.nii`` or ``.nii.gz``, or a description of more than 79 bytes.
        VolumeError: for voxels that are neither finite floats nor integers.
        GeometryError: when the array does not have the shape of ``geometry``.
    """
    if array.shape != geometry.shape_zyx:
        raise GeometryError(f"Cannot write '{path}': array shape {array.shape}, its grid {geometry.shape_zyx}.")
    image = _image(path, _storable(array, path), geometry, description)
    with atomic_path(path) as partial:
        image.to_filename(partial)


def write_part(
    path: Path, part: npt.NDArray[Any], box: Box, whole: Geometry, *, fill: float = 0, description: str = ""
) -> None:
    """Write the volume on ``whole`` that is ``part`` (z, y, x) inside ``box`` and ``fill`` elsewhere, slice by slice.

    Reads as what ``write_nifti`` writes of that volume, which never is in memory.

    Raises:
        ConfigError: as ``write_nifti``.
        VolumeError: for voxels that are no integers.
        GeometryError: when the array does not have the shape of the box, or the box leaves the volume.
    """
    if part.dtype.kind not in "iu":
        raise VolumeError(f"Cannot write '{path}': a part is written of integers, got {part.dtype}.")
    leaves = min(box.start_zyx) < 0 or any(b > n for b, n in zip(box.stop_zyx, whole.shape_zyx, strict=True))
    if part.shape != box.shape_zyx or leaves:
        raise GeometryError(f"Cannot write '{path}': {part.shape} voxels do not fit {box} of {whole.shape_zyx}.")
    stored = _storable(part, path)
    image = _image(path, np.broadcast_to(np.zeros((), stored.dtype), whole.shape_zyx), whole, description)
    plane = Box((0, *box.start_zyx[1:]), (1, *box.stop_zyx[1:]))
    shape: tuple[int, int, int] = (1, *whole.shape_zyx[1:])
    nothing = np.full(shape, fill, stored.dtype).tobytes()
    with atomic_path(path) as partial, _OPENER(partial, "wb") as file:
        image.header.set_slope_inter(1.0, 0.0)
        image.header.write_to(file)
        for z in range(whole.shape_zyx[0]):
            own = z - box.start_zyx[0]
            inside = 0 <= own < len(stored)
            file.write(paste(stored[own : own + 1], plane, shape_zyx=shape, fill=fill).tobytes() if inside else nothing)


def _image(path: Path, stored: npt.NDArray[Any], geometry: Geometry, description: str) -> Any:
    """The image with its header, voxels not looked at."""
    if not is_nifti(path):
        raise ConfigError(f"Cannot write '{path}': name it .nii or .nii.gz.")
    if len(description.encode()) > _DESCRIPTION_BYTES:
        raise ConfigError(f"A NIfTI description holds {_DESCRIPTION_BYTES} bytes, got '{description}'. Shorten it.")
    affine_ras = _RAS_TO_LPS @ geometry.affine_lps
    image: Any = _NIFTI1(stored.T, affine_ras, dtype=stored.dtype)
    image.set_sform(affine_ras, code=1)
    image.set_qform(affine_ras, code=1)
    image.header.set_xyzt_units("mm", "sec")
    image.header["descrip"] = description.encode()
    return image


def _storable(array: npt.NDArray[Any], path: Path) -> npt.NDArray[Any]:
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    if array.dtype.kind in "iu" and array.dtype.itemsize <= 4:
        return array
    if array.dtype.kind != "f" or not np.isfinite(array).all():
        raise VolumeError(f"Cannot write '{path}': voxels must be finite floats or integers, got {array.dtype}.")
    if np.abs(array).max() <= 32767 and np.array_equal(whole := array.astype(np.int16), array):
        return whole
    return array.astype(np.float32)


def _load(path: Path) -> tuple[Any, Geometry]:
    """The image, its voxels not yet decoded, and its grid.

    The file is read whole, since only the end of a gzip file tells whether its middle is damaged.
    """
    content = _content(path)
    raw = _header(path, content)
    try:
        with _quiet():
            image: Any = (_NIFTI2 if int(raw["sizeof_hdr"]) == _SIZE_2 else _NIFTI1).from_bytes(content)
    except _UNREADABLE as error:
        raise _damaged(path, error) from error
    shape = image.shape
    if len(shape) < 3 or min(shape) < 1:
        raise VolumeError(f"'{path}' has shape {shape} (x, y, z); a volume has three axes.")
    if max(shape[3:], default=1) > 1:
        raise VolumeError(f"'{path}' holds {np.prod(shape[3:])} frames. Split it into one file per phase first.")
    if image.get_data_dtype().kind not in "iuf":
        raise VolumeError(
            f"'{path}' holds {image.get_data_dtype()}, not numbers in HU. Convert it to gray values first."
        )
    spacing = raw["pixdim"][1:4]
    if not np.all(np.isfinite(spacing)) or np.any(spacing == 0):
        raise GeometryError(
            f"'{path}' has spacing {tuple(spacing.tolist())} (x, y, z) in its header; it must be positive. Repair it."
        )
    try:
        affine_ras = _choose_affine(image, path)
    except ValueError as error:
        raise GeometryError(f"'{path}' has a qform that is no rotation ({error}). Repair the header.") from error
    affine_ras[:3] *= _TO_MM.get(int(raw["xyzt_units"]) & 7, 1.0)
    x, y, z = shape[:3]
    try:
        return image, Geometry.from_affine((z, y, x), _RAS_TO_LPS @ affine_ras)
    except GeometryError as error:
        raise GeometryError(f"'{path}': {error}") from error


def _choose_affine(image: Any, path: Path) -> Floats:
    """The 4x4 RAS matrix to believe."""
    sform, s_code = image.get_sform(coded=True)
    qform, q_code = _qform(image)
    if not s_code and not q_code:
        _log.warning(
            "'%s' does not say where the patient lies; its axes are taken as right, anterior, superior.", path.name
        )
        return np.array(image.affine, dtype=float)
    if not s_code or sform is None:
        return qform
    if not q_code:
        return np.array(sform, dtype=float)
    if s_code > 2 >= q_code:  # Talairach, MNI or a template: not where this patient lay
        _log.warning("'%s': its sform leads to a standard space; the qform is used.", path.name)
        return qform
    if not np.isfinite(sform).all() or not np.isfinite(qform).all():
        raise GeometryError(f"'{path}': its sform or qform is not finite. Repair the header.")
    apart_mm = _apart_mm(image.shape[:3], sform, qform)
    if apart_mm > _CONTRADICTION_MM:
        raise GeometryError(
            f"'{path}': sform and qform are {apart_mm:.1f} mm apart at the worst corner. Make both say the same."
        )
    if apart_mm > _DOUBT_MM:
        _log.warning(
            "'%s': sform and qform are %.2f mm apart at the worst corner; the sform is used.", path.name, apart_mm
        )
    return np.array(sform, dtype=float)


def _qform(image: Any) -> tuple[Floats, int]:
    matrix, code = image.get_qform(coded=True)
    return np.array(image.header.get_qform() if matrix is None else matrix, dtype=float), int(code)


@contextmanager
def _quiet() -> Iterator[None]:
    """The library mends headers and says so on standard error; what matters of it is checked and said here instead."""
    level = imageglobals.logger.level
    imageglobals.logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        imageglobals.logger.setLevel(level)


def _apart_mm(shape_xyz: tuple[int, ...], one: Floats, other: Floats) -> float:
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in shape_xyz], [1], indexing="ij")).reshape(4, -1)
    return float(np.linalg.norm(((one - other) @ corners)[:3], axis=0).max())


def _content(path: Path, num_bytes: int = -1) -> bytes:
    """The first ``num_bytes`` of the file, decompressed; all of it, checksum verified, unless told otherwise."""
    if not path.is_file():
        raise InputError(f"There is no file '{path}'.")
    if not is_nifti(path):
        raise InputError(f"'{path}' is not named like a NIfTI file (.nii or .nii.gz).")
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as file:
            return file.read(num_bytes)
    except _UNREADABLE as error:
        raise _damaged(path, error) from error


def _header(path: Path, content: bytes) -> Any:
    """The header as stored, before the library mends it."""
    is_second = _SIZE_2 in (int.from_bytes(content[:4], "little"), int.from_bytes(content[:4], "big"))
    try:
        kind: Any = nib.Nifti2Header if is_second else nib.Nifti1Header
        header = kind(content[: _SIZE_2 if is_second else _SIZE_1], check=False)
    except _UNREADABLE as error:
        raise _damaged(path, error) from error
    if bytes(header["magic"].item())[:2] != b"n+":
        raise InputError(f"'{path}' is not a NIfTI file in one piece, whatever its name says.")
    return header


def _damaged(path: Path, error: BaseException) -> InputError:
    reason = " ".join(str(error).split()) or type(error).__name__
    return InputError(f"'{path}' cannot be read as NIfTI: it is damaged, cut short or something else ({reason[:160]}).")
