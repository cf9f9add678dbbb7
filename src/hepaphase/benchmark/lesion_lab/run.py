"""Every copy read by the shipped pipeline, and a row per lesion that is there or was reported."""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...base.atomic import atomic_path
from ...base.errors import StudyError
from ...base.log import logger
from ...evaluation.lesion_rows import sphere_radius_mm
from ...evaluation.lesions import match_lesions
from ...inference.liver import HEART
from ...inference.models import Models
from ...inference.options import ReadOptions
from ...inference.pipeline import read
from ...study.phase import Phase
from ...study.study import PhaseVolume, Study
from .copies import Copy, copies_of
from .plan import PlannedLesion
from .scans import Scan

Labels = npt.NDArray[np.integer]
_log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabRow:
    """A lesion that was put in, found or not; or something that was reported where nothing was put in."""

    scan: str
    phase: Phase
    copy: int
    """0 is the untouched scan."""
    lesion_class: str = ""
    """Empty for a false find."""
    radius_mm: float = math.nan
    """Of the sphere of the lesion's volume."""
    contrast_hu: float = math.nan
    found_class: str = ""
    """Empty for a lesion that was missed."""
    probability: float = math.nan
    """Of the class found."""
    untouched: bool = False
    """Whether a false find of a copy is also reported in the untouched scan."""

    @property
    def is_true(self) -> bool:
        """Whether there is a lesion."""
        return bool(self.lesion_class)

    @property
    def is_found(self) -> bool:
        """Whether one was reported."""
        return bool(self.found_class)


@dataclass(frozen=True, slots=True)
class LabResult:
    """All of it."""

    rows: tuple[LabRow, ...]
    copies: Mapping[str, int]
    """Scan to how many copies were read, the untouched scan aside."""
    left_out: tuple[str, ...] = ()
    """Why lesions found no place."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What a reading says, on the grid of the scan."""

    labels: Labels
    classes: Mapping[int, tuple[str, float]] = field(default_factory=dict)


def run(
    scans: Iterable[Scan],
    plans: Sequence[Sequence[PlannedLesion]],
    models: Models,
    *,
    per_copy: int = 5,
    device: str = "cpu",
) -> LabResult:
    """Read every scan as it is and with the lesions of its plan, from the one phase it has.

    Nothing is generated and nothing is known of the patient: lesions are named by the image alone.
    """
    rows: list[LabRow] = []
    number: dict[str, int] = {}
    left: list[str] = []
    for scan, plan in zip(scans, plans, strict=True):
        blank = Copy(scan.bench.study.phase(scan.bench.reference), np.zeros_like(scan.bench.lesions), {})
        before = _read(blank.volume, scan, models, device)
        rows += _compare(blank, before, scan, 0, before.labels * 0)
        number[scan.name] = 0
        for copy in copies_of(scan.bench, plan, per_copy=per_copy):
            if isinstance(copy, StudyError):
                left.append(str(copy))
                continue
            number[scan.name] += 1
            said = _read(copy.volume, scan, models, device)
            rows += _compare(copy, said, scan, number[scan.name], before.labels)
            _log.info("%s: copy %d with %d lesions read", scan.name, number[scan.name], len(copy.lesions))
    return LabResult(tuple(rows), number, tuple(left))


def _read(volume: PhaseVolume, scan: Scan, models: Models, device: str) -> _Said:
    phase, grid = scan.bench.reference, scan.bench.geometry
    masks = {"liver": (scan.liver.astype(np.uint8), grid), HEART: (scan.heart.astype(np.uint8), grid)}
    study = Study(scan.name, {phase: volume}, masks=masks)
    reading = read(study, models, ReadOptions(complete=(), device=device))
    labels = reading.on_reference_grid(reading.study.masks["lesions"], fill=0)
    named = {f.lesion_id: (f.lesion_class, f.probabilities[f.lesion_class]) for f in reading.findings.lesions}
    return _Said(labels, named)


def _compare(copy: Copy, said: _Said, scan: Scan, number: int, before: Labels) -> list[LabRow]:
    """Rows of one reading; ``before`` are the finds of the untouched scan."""
    voxel_mm3 = scan.bench.geometry.voxel_ml * 1000
    match = match_lesions(said.labels, copy.labels, voxel_mm3=voxel_mm3)
    partner = {true: found for found, true in match.pairs}
    blank = LabRow(scan=scan.name, phase=scan.bench.reference, copy=number)
    sizes = np.bincount(copy.labels.ravel())
    rows = []
    for lesion in match.true_ids:
        placed = copy.lesions[lesion]
        found, probability = said.classes[partner[lesion]] if lesion in partner else ("", math.nan)
        radius = sphere_radius_mm(float(sizes[lesion]) * voxel_mm3)
        rows.append(replace(blank, lesion_class=placed.planned.lesion_class, radius_mm=radius,
                            contrast_hu=placed.contrast_hu, found_class=found, probability=probability))  # fmt: skip
    again = {found for found, _ in match_lesions(said.labels, before, voxel_mm3=voxel_mm3).pairs}
    for lesion in (k for k in match.found_ids if k not in partner.values()):
        key, probability = said.classes[lesion]
        rows.append(replace(blank, found_class=key, probability=probability, untouched=lesion in again))
    return rows


_FIELDS = (
    "scan",
    "phase",
    "copy",
    "lesion_class",
    "radius_mm",
    "contrast_hu",
    "found_class",
    "probability",
    "untouched",
)


def write_rows(path: Path, rows: Sequence[LabRow]) -> None:
    """Write rows as CSV, whole or not at all."""
    with atomic_path(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_FIELDS)
        for row in rows:
            values = (getattr(row, name) for name in _FIELDS)
            writer.writerow([_text(value) for value in values])


def _text(value: object) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.4g}"
    return str(int(value)) if isinstance(value, bool) else str(value)
