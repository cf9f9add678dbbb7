"""Masks in DICOM SEG objects."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.errors import InvalidDicomError
from pydicom.pixels.utils import pixel_array

from ..base.errors import DicomError, GeometryError
from ..study.geometry import Floats, Geometry
from ..study.study import MaskArray
from .headers import BAD_VALUE, one_line

_KINDS = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
_NAMES = {
    "liver": {"10200004", "T-62000"},
    "lesions": {"52988006", "108369006", "4147007", "86049000", "M-01000", "M-01100", "M-80003", "M-03000"},
    "body": {"123037004", "38266002", "T-D0010"},
}
"""Our mask to codes of SNOMED CT and its older SRT form: lesion, neoplasm, mass, primary neoplasm; body."""
_SAME_MM = 0.01
_HALF = 0.5
"""Share or probability from which on a fractional voxel belongs to the mask (our choice)."""

Mask = tuple[npt.NDArray[Any], Geometry]


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """One segment of a SEG object."""

    number: int
    label: str
    """As the maker wrote it."""
    category: str
    kind: str
    """Meaning of the coded type."""
    code: str
    """The coded type itself."""
    mask: MaskArray
    """(z, y, x), 0 or 1."""
    geometry: Geometry


def read_seg(path: Path) -> tuple[Segment, ...]:
    """The segments of one SEG object, all on the grid that its frames lie on; places without a frame are empty.

    Where each frame lies is taken from its own position and orientation, never from the order of frames.

    Raises:
        DicomError: when the file is damaged or no SEG, or its frames make no grid.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = pydicom.dcmread(path)
            if data.get("SOPClassUID") not in _KINDS:
                raise DicomError(f"'{path}' is no DICOM SEG but {data.get('Modality') or 'something else'}.")
            stored = np.atleast_3d(pixel_array(data))
            stored = stored.reshape(-1, int(data.Rows), int(data.Columns))
            return _segments(data, stored)
    except (OSError, EOFError, RuntimeError, InvalidDicomError, GeometryError, *BAD_VALUE) as error:
        raise DicomError(f"'{path}' cannot be read as SEG: {one_line(error)}.") from error


def named_masks(segments: Sequence[Segment]) -> dict[str, Mask]:
    """The segments that are ours by their code, else by their label: ``liver`` and ``body`` uint8, ``lesions`` ids."""
    masks: dict[str, Mask] = {}
    for segment in segments:
        name = _name(segment)
        if not name:
            continue
        old = masks.get(name, (np.zeros(segment.geometry.shape_zyx, np.uint16), segment.geometry))[0]
        value = int(old.max()) + 1 if name == "lesions" else 1
        array = np.where(segment.mask > 0, np.uint16(value), old)
        masks[name] = (array.astype(np.uint16 if name == "lesions" else np.uint8), segment.geometry)
    return masks


def _name(segment: Segment) -> str:
    coded = next((name for name, codes in _NAMES.items() if segment.code in codes), "")
    words = f"{segment.label} {segment.kind}".lower()
    if any(word in words for word in ("lesion", "tumor", "tumour", "mass", "metasta")):
        return "lesions"
    return coded or next((name for name in ("liver", "body") if segment.label.strip().lower() == name), "")


def _segments(data: Any, stored: npt.NDArray[Any]) -> tuple[Segment, ...]:
    shared = data.SharedFunctionalGroupsSequence[0] if "SharedFunctionalGroupsSequence" in data else pydicom.Dataset()
    own = list(data.PerFrameFunctionalGroupsSequence)
    if len(own) != len(stored):
        raise ValueError(f"{len(own)} frame headers for {len(stored)} frames")
    geometry, at = _grid(data, shared, own)
    labelled = str(data.SegmentationType).upper() == "LABELMAP"
    threshold = _HALF * float(data.get("MaximumFractionalValue") or 1) if data.SegmentationType == "FRACTIONAL" else 1
    segments = []
    for item in data.SegmentSequence:
        number = int(item.SegmentNumber)
        if labelled and number == int(data.get("PixelPaddingValue") or 0):
            continue  # the background, which a label map may list among its segments
        mask = np.zeros(geometry.shape_zyx, dtype=np.uint8)
        for frame, k in enumerate(at):
            if labelled:
                mask[k] |= stored[frame] == number
            elif _number(own[frame], shared) == number:
                mask[k] |= stored[frame] >= threshold
        segments.append(_segment(item, number, mask, geometry))
    return tuple(segments)


def _segment(item: Any, number: int, mask: MaskArray, geometry: Geometry) -> Segment:
    kind, category = (
        _code(item, "SegmentedPropertyTypeCodeSequence"),
        _code(item, "SegmentedPropertyCategoryCodeSequence"),
    )
    label = str(item.get("SegmentLabel") or "")
    return Segment(number, label, category["meaning"], kind["meaning"], kind["value"], mask, geometry)


def _code(item: Any, key: str) -> Mapping[str, str]:
    found = item.get(key) or [pydicom.Dataset()]
    value = found[0].get("CodeValue") or found[0].get("LongCodeValue") or ""
    return {"value": str(value), "meaning": str(found[0].get("CodeMeaning") or "")}


def _number(own: Any, shared: Any) -> int:
    return int(_group(own, shared, "SegmentIdentificationSequence").ReferencedSegmentNumber)


def _group(own: Any, shared: Any, key: str) -> Any:
    """A functional group of a frame, from the frame itself or from what all share (DICOM PS3.3 C.7.6.16)."""
    return own[key][0] if key in own else shared[key][0]


def _grid(data: Any, shared: Any, own: Sequence[Any]) -> tuple[Geometry, list[int]]:
    """The grid of all frames, and the z index of each."""
    orientations = [_group(f, shared, "PlaneOrientationSequence").ImageOrientationPatient for f in own]
    cosines = np.array(orientations, dtype=float)
    if not np.allclose(cosines, cosines[0], atol=1e-4):
        raise ValueError("its frames are not parallel")
    measures = _group(own[0], shared, "PixelMeasuresSequence")
    y_mm, x_mm = (float(v) for v in measures.PixelSpacing)
    row = cosines[0, :3] / np.linalg.norm(cosines[0, :3])
    normal = np.cross(row, cosines[0, 3:])
    normal /= np.linalg.norm(normal)
    positions = np.array([_group(f, shared, "PlanePositionSequence").ImagePositionPatient for f in own], dtype=float)
    along_mm = positions @ normal
    lowest = int(along_mm.argmin())
    step_mm = _step_mm(along_mm, measures)
    index = (along_mm - along_mm[lowest]) / step_mm
    in_plane = (positions - positions[lowest]) - np.outer(along_mm - along_mm[lowest], normal)
    if np.abs(index - index.round()).max() > 0.1 or np.abs(in_plane).max() > min(x_mm, y_mm) / 2:
        raise ValueError("its frames do not lie on one even grid")
    affine = np.eye(4)
    affine[:3, :3] = np.stack([row * x_mm, np.cross(normal, row) * y_mm, normal * step_mm], axis=1)
    affine[:3, 3] = positions[lowest]
    shape = (round(float(index.max())) + 1, int(data.Rows), int(data.Columns))
    return Geometry.from_affine(shape, affine), [int(k) for k in index.round()]


def _step_mm(along_mm: Floats, measures: Any) -> float:
    """Distance of neighboring planes: the smallest there is, since empty planes may be left out."""
    steps = np.diff(np.unique(np.round(along_mm, 4)))
    steps = steps[steps > _SAME_MM]
    told = float(measures.get("SpacingBetweenSlices") or 0) or float(measures.get("SliceThickness") or 0) or 1.0
    if not len(steps):
        return told
    least = float(steps.min())
    return told if abs(round(least / told) * told - least) < _SAME_MM and least / told < 100 and told < least else least
