"""What a cohort is like: sizes, spacings, values inside the liver. Read one case at a time."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..base.log import track
from ..datasets.protocol import open_cohort
from ..study.phase import Phase
from ..study.study import Study

_PERCENTILES = (0.5, 50.0, 99.5)
_PER_CASE = 1000
"""Voxels of the liver taken from each phase of each case, evenly spaced (our choice: memory stays flat)."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Facts of a cohort."""

    num_cases: int
    phases: dict[str, int]
    """Phase to the number of cases that have it."""
    spacing_zyx_mm: tuple[float, float, float]
    """Median over cases, of the reference phase."""
    liver_size_zyx_mm: tuple[float, float, float]
    """95th percentile of the box around the liver; zeros without any liver mask."""
    liver_hu: dict[str, tuple[float, float, float]]
    """Phase to the 0.5th, 50th and 99.5th percentile inside the liver."""
    largest_case_mib: float
    """Float32 voxels of all phases and masks of the largest case."""
    largest_volume_mib: float = 0.0
    """Float32 voxels of the largest phase of any case."""


@dataclass(slots=True)
class _Seen:
    """What was seen so far, a few numbers per case."""

    spacings: list[tuple[float, float, float]] = field(default_factory=list)
    sizes: list[tuple[float, float, float]] = field(default_factory=list)
    values: dict[Phase, list[npt.NDArray[np.float32]]] = field(
        default_factory=lambda: {p: [np.empty(0, np.float32)] for p in Phase}
    )
    counts: dict[Phase, int] = field(default_factory=lambda: dict.fromkeys(Phase, 0))
    case_mib: float = 0.0
    volume_mib: float = 0.0

    def add(self, study: Study) -> None:
        self.spacings.append(study.phase(study.reference()).geometry.spacing_zyx_mm)
        self.case_mib, self.volume_mib = max(self.case_mib, _mib(study)), max(self.volume_mib, _largest_mib(study))
        self.sizes += _liver_size(study)
        for phase, volume in study.phases.items():
            self.counts[phase] += 1
            liver = study.masks.get("liver")
            if liver is not None and liver[1].matches(volume.geometry):
                inside = volume.hu[liver[0] > 0]
                self.values[phase].append(inside[:: max(1, inside.size // _PER_CASE)].copy())  # a view holds it all


def fingerprint(cohort: Path, *, quiet: bool = False) -> Fingerprint:
    """The facts of the cohort in ``cohort``.

    Raises:
        InputError: when no layout fits, or a case cannot be read.
    """
    adapter = open_cohort(cohort)
    cases = adapter.cases()
    seen = _Seen()
    for case in track(cases, title="Looking", total=len(cases), quiet=quiet):
        seen.add(adapter.load(case))  # not kept here: the next case is read into the same memory
    joined = {p: np.concatenate(v) for p, v in seen.values.items()}
    return Fingerprint(
        len(cases),
        {p.value: n for p, n in seen.counts.items()},
        _triple(np.median(seen.spacings, axis=0)),
        _triple(np.percentile(seen.sizes, 95, axis=0)) if seen.sizes else (0.0, 0.0, 0.0),
        {p.value: _triple(np.percentile(v, _PERCENTILES)) for p, v in joined.items() if v.size},
        seen.case_mib,
        seen.volume_mib,
    )


def _mib(study: Study) -> float:
    arrays = [*(v.hu for v in study.phases.values()), *(array for array, _ in study.masks.values())]
    return sum(array.size for array in arrays) * 4 / 2**20


def _largest_mib(study: Study) -> float:
    return max(volume.hu.size for volume in study.phases.values()) * 4 / 2**20


def _liver_size(study: Study) -> list[tuple[float, float, float]]:
    liver = study.masks.get("liver")
    if liver is None or not liver[0].any():
        return []
    where = np.argwhere(liver[0])
    voxels = where.max(axis=0) - where.min(axis=0) + 1
    return [_triple(voxels * np.asarray(liver[1].spacing_zyx_mm))]


def _triple(values: object) -> tuple[float, float, float]:
    a, b, c = (round(float(v), 3) for v in np.asarray(values))
    return (a, b, c)
