"""Stored voxels of DICOM images to HU."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.pixels.utils import iter_pixels, pixel_array
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from ..base.errors import DicomError
from ..study.study import HuArray
from .frames import Frame
from .headers import BAD_VALUE, number, one_line, text

PADDING_HU = -1024.0
"""What padding becomes, and the floor for all else, since many scanners pad without saying so (our choice: the least
value of a 12-bit CT scale)."""

_MOST_HU = 70_000.0
"""No CT scale reaches this: a slope or an intercept beyond it is a mistake (16 bit, metal scales included)."""


def read_hu(frames: Sequence[Frame]) -> HuArray:
    """The frames in HU, shape (frame, y, x); a multi-frame object is opened once.

    Raises:
        DicomError: when voxels cannot be decoded or do not say how they become HU.
    """
    hu = np.empty((len(frames), *frames[0].place.shape_yx), dtype=np.float32)
    by_file: dict[Path, list[int]] = {}
    for index, frame in enumerate(frames):
        by_file.setdefault(frame.path, []).append(index)
    for path, indices in by_file.items():
        _read_file(path, [(frames[i], hu[i]) for i in indices])
    return hu


def _read_file(path: Path, wanted: Sequence[tuple[Frame, HuArray]]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            data = pydicom.dcmread(path, force=True)
            if "TransferSyntaxUID" not in data.file_meta:  # a bare data set
                implicit, _ = data.original_encoding
                data.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
            if wanted[0][0].index is None:
                planes: Any = [pixel_array(data)]
            else:
                planes = iter_pixels(data, indices=[int(frame.index or 0) for frame, _ in wanted])
            for (frame, out), stored in zip(wanted, planes, strict=True):
                if stored.shape != out.shape:
                    raise ValueError(f"shape {stored.shape}, expected one gray image of {out.shape}")
                _to_hu(path, data, _scale_of(data, frame.index), stored, out)
        except DicomError:
            raise
        except (OSError, EOFError, RuntimeError, MemoryError, *BAD_VALUE) as error:
            raise DicomError(_say_undecodable(path, error)) from error


def _scale_of(data: Any, index: int | None) -> Any:
    """The data set that holds slope and intercept: of the frame, of all frames, or of the image."""
    if index is None:
        return data
    for groups in (data.PerFrameFunctionalGroupsSequence[index], *data.get("SharedFunctionalGroupsSequence", [])):
        if "PixelValueTransformationSequence" in groups:
            return groups.PixelValueTransformationSequence[0]
    return data


def _to_hu(path: Path, data: Any, scale: Any, stored: Any, out: HuArray) -> None:
    unit = text(scale, "RescaleType")
    if unit not in ("", "HU", "US"):
        raise DicomError(f"'{path}' is in {unit}, not in HU. Give the plain CT series.")
    slope, intercept = number(scale, "RescaleSlope"), number(scale, "RescaleIntercept")
    if slope is None or intercept is None:
        raise DicomError(f"'{path}' does not say how its values become HU (no rescale slope or intercept).")
    if not np.isfinite([slope, intercept]).all() or slope <= 0 or abs(intercept) > _MOST_HU:
        raise DicomError(
            f"'{path}' cannot be in HU: rescale slope {slope:g}, intercept {intercept:g}. Export it again."
        )
    out[:] = stored
    out *= np.float32(slope)
    out += np.float32(intercept)
    out[_padding(data, stored)] = PADDING_HU
    if out.max() > _MOST_HU:
        raise DicomError(f"'{path}' cannot be in HU: it reaches {out.max():.0f}. Export it again.")
    np.maximum(out, np.float32(PADDING_HU), out=out)


def _padding(data: Any, stored: Any) -> Any:
    """Where the stored values are padding (DICOM PS3.3 C.7.5.1.1.2)."""
    value = data.get("PixelPaddingValue")
    if value is None or value == "":
        return np.zeros(stored.shape, dtype=bool)
    limit = data.get("PixelPaddingRangeLimit", value)
    ends = [int(v) - 65536 if data.PixelRepresentation == 1 and int(v) > 32767 else int(v) for v in (value, limit)]
    return (stored >= min(ends)) & (stored <= max(ends))


def _say_undecodable(path: Path, error: BaseException) -> str:
    try:
        syntax = pydicom.dcmread(path, stop_before_pixels=True, force=True).file_meta.TransferSyntaxUID
        compressed = syntax.is_compressed
    except (OSError, *BAD_VALUE):
        return f"'{path}' is damaged: {one_line(error)}."
    if compressed:
        return (
            f"'{path}' is compressed ({syntax.name}) and cannot be decoded: its data are damaged or no decoder "
            "knows them. Export it uncompressed."
        )
    return f"The voxels of '{path}' cannot be read: {one_line(error)}."
