"""CT in DICOM files: the contrast passes at a place, and each as one volume."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import DicomError
from ..base.log import logger
from ..study.geometry import Geometry
from ..study.origin import Origin
from ..study.study import HuArray, check_volume
from .frames import Frame, frames
from .headers import BAD_VALUE, Header, number, one_line, read_headers, say, text
from .identity import clinical, pseudonym
from .left_out import LeftOut, why_left_out
from .origin import origin_of
from .passes import SAME_PLACE_MM, along_mm, drop_copies, split, voxel_hash
from .pixels import PADDING_HU, read_hu
from .protocol import protocol
from .slices import fill, stack

_SEG = "1.2.840.10008.5.1.4.1.1.66.4"
_LABEL_MAP_SEG = "1.2.840.10008.5.1.4.1.1.66.7"
_FEWEST = 3
"""Fewer images at different places are no scan of a liver, when nobody asks for them by name."""
_NOT_AXIAL = 0.7
"""Cosine between the normal and the body's long axis below which images are reformats, where axial ones exist."""

SHOWN = "What they are called, and their uids, hepaphase intake FOLDER shows."
"""For whoever must choose: on a terminal, and in no log."""

_log = logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """One contrast pass: slices that make one volume, and what the headers say; no patient identity.

    Texts are empty and numbers None where the headers are silent. Nothing of it is proof of the phase.
    """

    key: str
    """Series number, with the pass after a colon where the series holds several: ``3``, ``3:1``, ``3:2``."""
    uid: str
    """Of the series."""
    number: int | None
    description: str
    protocol: str
    acquisition: int | None
    image_type: tuple[str, ...]
    kernel: str
    kvp: float | None
    contrast_agent: str
    slice_thickness_mm: float | None
    num_slices: int
    scan_s: float | None
    """Seconds from the first pass of the study to the start of this one."""
    delay_s: float | None
    """Seconds from the start of injection to the middle of this pass."""
    files: tuple[Path, ...]
    """In order of the table; a multi-frame file once."""
    frames: tuple[Frame, ...] = field(repr=False)
    clock_s: float | None = field(repr=False, default=None)

    def __str__(self) -> str:
        """For messages, which end in logs: no description, since people type names into it, and no UID."""
        return f"{'no number' if self.number is None else f'number {self.key}'}, {self.num_slices} slices"


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """What lies at a place."""

    passes: tuple[Pass, ...]
    """In order of time, then of series number."""
    left_out: tuple[LeftOut, ...]
    segs: tuple[Path, ...]
    """DICOM SEG objects."""
    case: str
    """A pseudonym."""
    clinical: Mapping[str, Any]
    """Sex, age, size, tube voltage and injection, as far as the headers tell."""


@dataclass(frozen=True, slots=True, eq=False)
class PassVolume:
    """One pass as a volume."""

    hu: HuArray
    """(z, y, x), z along the normal of the slices (row times column)."""
    geometry: Geometry
    files: tuple[Path, ...]
    """In order of the slices; a multi-frame file once."""
    notes: tuple[str, ...] = ()
    """What was resampled or filled, and what that costs."""
    origin: Origin | None = None
    """The images themselves, wherever they lie."""


def find_passes(source: Path | Sequence[Path]) -> Contents:
    """The contrast passes below a folder, listed by a DICOMDIR, or among the files given.

    Raises:
        InputError: when there is no such place or no DICOM file there.
        DicomError: when no file is a CT slice, or one is damaged or does not say where it lies.
    """
    headers = read_headers(source)
    taken: dict[str, list[Header]] = {}
    rest: dict[tuple[str, str], int] = {}
    segs = []
    for header in headers:
        if header.data.get("SOPClassUID") in (_SEG, _LABEL_MAP_SEG):
            segs.append(header.path)
        if reason := why_left_out(header.data):
            rest[_series_name(header), reason] = rest.get((_series_name(header), reason), 0) + 1
        else:
            taken.setdefault(text(header.data, "SeriesInstanceUID"), []).append(header)
    if not taken:
        counts: dict[str, int] = {}
        for (_, reason), count in rest.items():
            counts[reason] = counts.get(reason, 0) + count
        found = ", ".join(f"{count} x {reason}" for reason, count in sorted(counts.items()))
        raise DicomError(f"There is no CT slice in {say(source)} (found {found}). Give a folder with one CT series.")
    left_out = [LeftOut(what, why, count) for (what, why), count in rest.items()]
    passes = []
    for series in taken.values():
        found_here, dropped = _passes_of(series)
        passes += found_here
        left_out += dropped
    kept, more = _keep(passes)
    _log.info("%d pass(es), %d object(s) left out.", len(kept), sum(item.num_files for item in [*left_out, *more]))
    known = {**clinical(headers), **protocol([header for series in taken.values() for header in series])}
    return Contents(_timed(kept), (*left_out, *more), tuple(segs), pseudonym(headers), known)


def read_pass(chosen: Pass, *, fill_missing: bool = False, keep_identity: bool = False) -> PassVolume:
    """One pass as float32 HU on its grid. Padding, and all below it, becomes -1024 HU.

    The origin says whose images these are only where ``keep_identity`` asks for it.

    Raises:
        DicomError: when a slice is missing (and ``fill_missing`` is off), there twice, not in HU, or cannot be decoded.
    """
    plan = stack([frame.place for frame in chosen.frames], fill_missing=fill_missing)
    ordered = [chosen.frames[i] for i in plan.order]
    hu = fill(read_hu(ordered), plan, outside_hu=PADDING_HU)
    check_volume(hu, plan.geometry, what=f"Series {chosen}")
    files = tuple(dict.fromkeys(f.path for f in ordered))
    return PassVolume(hu, plan.geometry, files, plan.notes, origin_of(ordered, keep_identity=keep_identity))


def read_series(
    source: Path | Sequence[Path], *, series: str | None = None, fill_missing: bool = False
) -> tuple[HuArray, Geometry, Pass]:
    """The one CT pass below a folder, or among files: float32 (z, y, x) HU, its grid, and what it says about itself.

    Args:
        source: A folder, searched with all below it, or the files themselves.
        series: Key (``3`` or ``3:2``) or UID of the pass to read, when there are several.
        fill_missing: Interpolate over missing slices instead of refusing.

    Raises:
        DicomError: when there are several passes and none is named, or as ``read_pass``.
        InputError: when there is no such folder or no DICOM file.
    """
    chosen = choose(find_passes(source), series)
    volume = read_pass(chosen, fill_missing=fill_missing)
    return volume.hu, volume.geometry, chosen


def choose(contents: Contents, series: str | None) -> Pass:
    """The pass of that key, number or UID; the only one there is when none is named.

    Raises:
        DicomError: listing what there is, unless exactly one fits.
    """
    passes = contents.passes
    chosen = [p for p in passes if series in (None, p.key, p.uid, str(p.number), f"{p.uid}:{p.key.partition(':')[2]}")]
    if len(chosen) == 1:
        return chosen[0]
    listing = "; ".join(str(p) for p in passes)
    if series is None:
        what = "CT series" if len({p.uid for p in passes}) == len(passes) else "CT passes"
        raise DicomError(f"There are {len(passes)} {what}, name one by its number or uid: {listing}. {SHOWN}")
    if chosen and len({p.uid for p in chosen}) == 1:
        keys = ", ".join(p.key for p in chosen)
        raise DicomError(f"Series {series} holds {len(chosen)} passes, name one of {keys}: {listing}. {SHOWN}")
    if chosen:
        raise DicomError(f"{len(chosen)} series have number {series}, name one by its uid: {listing}. {SHOWN}")
    out = "; ".join(f"{item.num_files} x {item.why}" for item in contents.left_out)
    told = f"There is no CT series '{series}'. There are: {listing}."
    raise DicomError(" ".join(filter(None, (told, f"Left out: {out}." if out else "", SHOWN))))


def _series_name(header: Header) -> str:
    return f"series {text(header.data, 'SeriesNumber') or '?'} '{text(header.data, 'SeriesDescription')}'"


def _passes_of(series: Sequence[Header]) -> tuple[list[Pass], list[LeftOut]]:
    """The passes of one series, and the copies and strays in it."""
    images, copies = drop_copies([frame for header in series for frame in frames(header)])
    left_out = [LeftOut(_series_name(series[0]), "copy", copies)] if copies else []
    pieces = split(images)
    whole = [piece for piece in pieces if not _is_stray(piece, pieces)]
    for piece in pieces:
        if piece not in whole:
            reason = "bolus tracking" if _span_mm(piece) < SAME_PLACE_MM else "stray image"
            left_out.append(LeftOut(_series_name(series[0]), reason, len(piece)))
    return [_pass(piece, k + 1 if len(whole) > 1 else 0) for k, piece in enumerate(whole)], left_out


def _is_stray(piece: Sequence[Frame], pieces: Sequence[Sequence[Frame]]) -> bool:
    """Images beside a volume that are none: one place over and over, or a few that say they are of another type.

    A few that differ in size or spacing alone may be slices of the volume, damaged: they stay, and are asked about.
    """
    most = max(pieces, key=len)
    if len(piece) >= _FEWEST:
        return _span_mm(piece) < SAME_PLACE_MM and len(pieces) > 1
    other = (piece[0].image_type, piece[0].kernel) != (most[0].image_type, most[0].kernel)
    return other and len(most) >= 4 * len(piece)


def _span_mm(piece: Sequence[Frame]) -> float:
    return float(np.ptp(along_mm(piece)))


def _pass(images: Sequence[Frame], part: int) -> Pass:
    data = images[0].header.data
    try:
        series_number = number(data, "SeriesNumber")
        kvp, thickness_mm = number(data, "KVP"), number(data, "SliceThickness")
    except BAD_VALUE as error:
        raise DicomError(f"'{images[0].path}' has a number that is none: {one_line(error)}.") from error
    name = "" if series_number is None else str(int(series_number))
    clocks = [f.clock_s for f in images if f.clock_s is not None]
    start_s = min(clocks) if clocks else None
    injection_s = images[0].injection_s
    return Pass(
        key=f"{name}:{part}" if part else name,
        uid=text(data, "SeriesInstanceUID"),
        number=None if series_number is None else int(series_number),
        description=text(data, "SeriesDescription"),
        protocol=text(data, "ProtocolName"),
        acquisition=images[0].acquisition,
        image_type=images[0].image_type,
        kernel=images[0].kernel,
        kvp=kvp,
        contrast_agent=text(data, "ContrastBolusAgent"),
        slice_thickness_mm=thickness_mm,
        num_slices=len(images),
        scan_s=None,
        delay_s=None if injection_s is None or not clocks else float(np.mean(clocks)) - injection_s,
        files=tuple(dict.fromkeys(f.path for f in sorted(images, key=lambda f: f.place.position_lps_mm[2]))),
        frames=tuple(images),
        clock_s=start_s,
    )


def _keep(passes: Sequence[Pass]) -> tuple[list[Pass], list[LeftOut]]:
    """Without series that are copies of another, and reformats that only their orientation gives away."""
    kept: list[Pass] = []
    left_out = []
    axial = [p for p in passes if _axial_cosine(p) >= _NOT_AXIAL]
    for p in passes:
        what = f"series {p.key} '{p.description}'"
        if axial and p not in axial:
            left_out.append(LeftOut(what, "reformat", p.num_slices))
        elif original := next((q for q in kept if _is_copy(q, p)), None):
            left_out.append(LeftOut(what, f"copy of series {original.key}", p.num_slices))
        else:
            kept.append(p)
    return kept, left_out


def _axial_cosine(p: Pass) -> float:
    normal = np.cross(p.frames[0].place.row, p.frames[0].place.column)
    return float(abs(normal[2]) / np.linalg.norm(normal))


def _is_copy(one: Pass, other: Pass) -> bool:
    """Whether two passes have the same places and, at three of them, the same voxels."""
    if one.num_slices != other.num_slices:
        return False
    a, b = (sorted(p.frames, key=lambda f: f.place.position_lps_mm) for p in (one, other))
    if any(x.place.position_lps_mm != y.place.position_lps_mm for x, y in zip(a, b, strict=True)):
        return False
    return all(voxel_hash(a[k]) == voxel_hash(b[k]) for k in (0, len(a) // 2, -1))


def _timed(passes: Sequence[Pass]) -> tuple[Pass, ...]:

    ordered = sorted(passes, key=lambda p: (p.clock_s is None, p.clock_s or 0.0, p.number or 0, p.key))
    first_s = ordered[0].clock_s
    return tuple(p if p.clock_s is None or first_s is None else replace(p, scan_s=p.clock_s - first_s) for p in ordered)
