"""One volume in one file: NIfTI, NRRD or MetaImage."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import GeometryError, InputError, VolumeError
from ..study.geometry import Geometry
from ..study.study import HuArray, check_volume
from .headers import one_line
from .nifti import is_nifti, read_nifti

SUFFIXES = (".nrrd", ".nhdr", ".mha", ".mhd")
"""Beside those of NIfTI."""


def is_volume(path: Path) -> bool:
    """Whether ``path`` is a file whose name says that it holds a volume."""
    return path.is_file() and (is_nifti(path) or path.name.lower().endswith(SUFFIXES))


def read_volume(path: Path) -> tuple[HuArray, Geometry]:
    """The volume in ``path`` as float32 (z, y, x) HU, and its grid; NRRD and MetaImage by SimpleITK.

    Raises:
        InputError: when the file is missing, damaged or not what its name says.
        VolumeError: for more than one frame, other than three axes, colors, NaN or infinite voxels.
        GeometryError: for zero spacing, shear, or a header that does not say where the patient lies.
    """
    if is_nifti(path):
        return read_nifti(path)
    if not path.is_file():
        raise InputError(f"There is no file '{path}'.")
    if path.name.lower().endswith(SUFFIXES[:2]):
        _require_space(path)
    else:
        _require_positive(path)
    image = _read_image(path)
    size, parts = image.GetSize(), image.GetNumberOfComponentsPerPixel()
    if parts != 1 or (len(size) > 3 and max(size[3:]) > 1):
        raise VolumeError(f"'{path}' holds {max(parts, *size[3:], 1)} frames. Split it into one file per phase first.")
    if len(size) < 3:
        raise VolumeError(f"'{path}' has shape {size} (x, y); a volume has three axes.")
    array, geometry = _convert(image, path)
    check_volume(array, geometry, what=f"'{path}'")
    return array, geometry


def _read_image(path: Path) -> Any:
    import SimpleITK  # half a second

    quiet: Any = SimpleITK.ProcessObject  # its methods carry no types
    quiet.SetGlobalWarningDisplay(False)
    try:
        with _muted():
            return SimpleITK.ReadImage(str(path))
    except (RuntimeError, MemoryError) as error:
        reason = one_line(error).rpartition("ERROR:")[2] or one_line(error)
        raise InputError(
            f"'{path}' cannot be read: it is damaged, cut short or something else ({reason.strip()})."
        ) from error


@contextmanager
def _muted() -> Iterator[None]:
    """The MetaImage library writes to standard error itself; what matters of it arrives as an error."""
    keep, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(keep, 2)
        os.close(keep)
        os.close(nowhere)


def _convert(image: Any, path: Path) -> tuple[HuArray, Geometry]:
    import SimpleITK

    stored = SimpleITK.GetArrayFromImage(image)  # a copy: a view would die with the image
    if stored.dtype.kind not in "iuf":
        raise VolumeError(f"'{path}' holds {stored.dtype}, not numbers in HU. Convert it to gray values first.")
    with np.errstate(over="ignore"):  # what overflows is infinite, and refused as such
        array = np.ascontiguousarray(stored.reshape(stored.shape[-3:]), dtype=np.float32)
    dimension = image.GetDimension()
    direction = np.asarray(image.GetDirection()).reshape(dimension, dimension)[:3, :3]
    affine = np.eye(4)
    affine[:3, :3] = direction * image.GetSpacing()[:3]
    affine[:3, 3] = image.GetOrigin()[:3]
    try:
        z, y, x = array.shape
        return array, Geometry.from_affine((z, y, x), affine)
    except GeometryError as error:
        raise GeometryError(f"'{path}': {error}") from error


def _require_positive(path: Path) -> None:
    """Refuse a MetaImage whose spacing has a sign or is zero: its reader drops the sign, others turn the axis."""
    with path.open("rb") as file:
        head = file.read(16_384).split(b"ElementDataFile")[0].decode("latin-1")
    for line in head.splitlines():
        key, _, value = line.partition("=")
        if key.strip() in ("ElementSpacing", "ElementSize"):
            try:
                spacing = [float(word) for word in value.split()]
            except ValueError as error:
                raise InputError(f"'{path}' has the spacing '{value.strip()}'. Repair its header.") from error
            if not all(0 < step < float("inf") for step in spacing):
                raise GeometryError(f"'{path}' has spacing {spacing} mm; it must be positive. Repair its header.")


def _require_space(path: Path) -> None:
    """Refuse an NRRD that does not say what its axes mean: readers then guess differently."""
    with path.open("rb") as file:
        head = file.read(16_384).split(b"\n\n")[0].replace(b"\r", b"")
    if not head.startswith(b"NRRD"):
        raise InputError(f"'{path}' is not NRRD, whatever its name says.")
    for field in ("space:", "space directions:"):
        if b"\n" + field.encode() not in head.lower():
            raise GeometryError(
                f"'{path}' does not say where the patient lies (no '{field}' in its header). Write it again with both."
            )
