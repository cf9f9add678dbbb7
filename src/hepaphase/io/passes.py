"""Several contrast passes in one DICOM series, taken apart."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pydicom

from ..base.errors import DicomError
from ..study.geometry import Floats
from .frames import Frame

SAME_PLACE_MM = 0.01
_SAME_COSINE = 0.01
_LEAST = 3
"""A piece of fewer slices is no pass of its own: the key that cut it off does not tell passes apart (our choice)."""

Key = Callable[[Frame], Any]


def split(frames: Sequence[Frame]) -> list[list[Frame]]:
    """The passes of one series, earliest first, slices in the order of the table.

    Frames of different size, spacing, orientation, image type or kernel are never one volume. Among the rest, temporal
    position, acquisition number, time, and last the order of instances are tried in turn: frames that come later and
    lie within the range already covered begin a new pass. Where each position is there equally often and nothing else
    tells its frames apart, the order of instances does.
    """
    keys: tuple[Key, ...] = (
        lambda f: f.temporal,
        lambda f: f.acquisition,
        lambda f: f.clock_s,
        lambda f: f.place.instance,
    )
    found = [piece for kind in _kinds(frames) for piece in _pieces(kind, keys)]
    return sorted(found, key=lambda piece: min(_when(f) for f in piece))


def drop_copies(frames: Sequence[Frame]) -> tuple[list[Frame], int]:
    """The frames without those that are there twice, and how many copies were dropped.

    Raises:
        DicomError: when two objects have one identifier but different voxels.
    """
    kept: dict[Any, Frame] = {}
    by_uid: dict[str, Frame] = {}
    copies = 0
    for frame in frames:
        first = by_uid.setdefault(frame.uid, frame)
        if first is not frame:
            if first.place.position_lps_mm != frame.place.position_lps_mm or voxel_hash(first) != voxel_hash(frame):
                raise DicomError(
                    f"{first.path.name} and {frame.path.name} have one identifier (SOPInstanceUID) but differ. "
                    "Export the series again."
                )
            copies += 1
            continue
        same = kept.setdefault(_slot(frame), frame)
        if same is not frame and voxel_hash(same) == voxel_hash(frame):
            copies += 1
            del by_uid[frame.uid]
    return list(by_uid.values()), copies


def voxel_hash(frame: Frame) -> str:
    """SHA-256 of the stored voxels of the frame's file."""
    try:
        data = pydicom.dcmread(frame.path, specific_tags=["PixelData"], force=True)
        return hashlib.sha256(data.PixelData).hexdigest() + f":{frame.index}"
    except (OSError, EOFError, AttributeError, ValueError) as error:
        raise DicomError(f"The voxels of '{frame.path}' cannot be read.") from error


def along_mm(frames: Sequence[Frame]) -> Floats:
    """Position of each frame along the normal of the first."""
    row, column = np.asarray(frames[0].place.row), np.asarray(frames[0].place.column)
    normal = np.cross(row, column)
    return np.asarray(np.array([f.place.position_lps_mm for f in frames]) @ (normal / np.linalg.norm(normal)))


def _slot(frame: Frame) -> Any:
    place = frame.place
    return (place.position_lps_mm, place.instance, frame.acquisition, frame.temporal, frame.clock_s, frame.kernel)


def _kinds(frames: Iterable[Frame]) -> list[list[Frame]]:
    kinds: list[list[Frame]] = []
    for frame in frames:
        home = next((kind for kind in kinds if _alike(kind[0], frame)), None)
        if home is None:
            kinds.append([frame])
        else:
            home.append(frame)
    return kinds


def _alike(one: Frame, other: Frame) -> bool:
    a, b = one.place, other.place
    return (
        (one.image_type, one.kernel, a.shape_yx) == (other.image_type, other.kernel, b.shape_yx)
        and np.allclose(a.spacing_yx_mm, b.spacing_yx_mm, rtol=1e-3)
        and np.allclose([a.row, a.column], [b.row, b.column], atol=_SAME_COSINE)
    )


def _when(frame: Frame) -> tuple[float, int, int, int]:
    """What comes first; the clock may be missing, and then the numbers speak."""
    return (frame.clock_s or 0.0, frame.temporal or 0, frame.acquisition or 0, frame.place.instance)


def _pieces(frames: list[Frame], keys: Sequence[Key]) -> list[list[Frame]]:
    if not keys:
        return _by_occurrence(frames)
    pieces = _sequence(frames, keys[0])
    if len(pieces) == 1 or min(map(len, pieces)) < _LEAST:
        return _pieces(frames, keys[1:])
    return [inner for piece in pieces for inner in _pieces(piece, keys[1:])]


def _sequence(frames: list[Frame], key: Key) -> list[list[Frame]]:
    """Groups of one key value in order of time, joined as long as each lies outside what the pass already covers."""
    groups: dict[Any, list[int]] = {}
    for index, frame in enumerate(frames):
        groups.setdefault(key(frame), []).append(index)
    if len(groups) == 1 or None in groups:
        return [frames]
    at_mm = along_mm(frames)
    joined: list[list[int]] = []
    way = 0  # the table moves one way during a pass
    for group in sorted(groups.values(), key=lambda g: (key(frames[g[0]]), min(_when(frames[i]) for i in g))):
        side = _side(at_mm[joined[-1]], at_mm[group]) if joined else 0
        if side and side != -way:
            joined[-1] = joined[-1] + group
            way = side
        else:
            joined.append(group)
            way = 0
    return [[frames[i] for i in sorted(piece)] for piece in joined]


def _side(covered_mm: Floats, new_mm: Floats) -> int:
    """1 above what is covered, -1 below, 0 when they overlap."""
    if new_mm.min() > covered_mm.max() + SAME_PLACE_MM:
        return 1
    return -1 if new_mm.max() < covered_mm.min() - SAME_PLACE_MM else 0


def _by_occurrence(frames: list[Frame]) -> list[list[Frame]]:
    """First, second, ... frame of each position, when all positions have equally many and instances are numbered."""
    at_mm = along_mm(frames)
    order = np.argsort(at_mm, kind="stable")
    stops = [0, *(k + 1 for k, (a, b) in enumerate(pairwise(at_mm[order])) if b - a >= SAME_PLACE_MM), len(frames)]
    places = [[frames[i] for i in order[a:b]] for a, b in pairwise(stops)]
    count = len(places[0])
    numbers = {f.place.instance for f in frames}
    if count == 1 or len(places) < _LEAST or len(numbers) < len(frames) or any(len(place) != count for place in places):
        return [frames]
    ranked = [sorted(place, key=_when) for place in places]
    return [[place[k] for place in ranked] for k in range(count)]
