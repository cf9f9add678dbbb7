"""Copies of a scan with several lesions each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ...base.errors import StudyError
from ...lab.bench import Bench
from ...lab.insert import insert
from ...lab.place import Wanted, draw_lesion
from ...study.study import PhaseVolume
from .plan import PlannedLesion


@dataclass(frozen=True, slots=True)
class PlacedLesion:
    """One lesion that is there."""

    planned: PlannedLesion
    contrast_hu: float
    """Mean of the lesion less the median of the liver around it, as measured in the changed scan."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A scan with lesions."""

    volume: PhaseVolume
    labels: npt.NDArray[np.uint16]
    """(z, y, x), one id per lesion."""
    lesions: dict[int, PlacedLesion]


def copies_of(bench: Bench, plan: Sequence[PlannedLesion], *, per_copy: int) -> Iterator[Copy | StudyError]:
    """Copies of the scan of ``bench`` with all lesions of ``plan``, at most ``per_copy`` in each.

    The large ones are laid first, each copy taking every so-manieth, so that sizes are mixed. What finds no room beside
    the others goes on to a copy of its own; what finds none in an empty liver is returned as the reason.
    """
    number = max(1, -(-len(plan) // per_copy))
    largest_first = sorted(plan, key=lambda p: -p.radius_mm)
    groups = [largest_first[start::number] for start in range(number)]
    while groups:
        group = groups.pop(0)
        copy, left, reason = _fill(bench, group)
        if copy is not None:
            yield copy
            groups += [left] if left else []
            continue
        if reason is not None:
            yield reason
        groups += [left[1:]] if left[1:] else []


def _fill(bench: Bench, group: Sequence[PlannedLesion]) -> tuple[Copy | None, list[PlannedLesion], StudyError | None]:
    """One copy, what did not fit in it, and why the first of that did not."""
    now, placed, left = bench, dict[int, PlacedLesion](), list[PlannedLesion]()
    reason = None
    for planned in group:
        wanted = Wanted(lesion_class=planned.lesion_class, size_mm=planned.long_axis_mm, seed=planned.seed)
        try:
            changed = insert(now, draw_lesion(wanted, now), seed=planned.seed)
        except StudyError as error:
            left, reason = [*left, planned], reason or error
            continue
        values = changed.record["measured_hu"][str(bench.reference)]
        labels = changed.study.masks["lesions"][0].astype(np.uint16)
        placed[int(changed.record["lesion_id"])] = PlacedLesion(planned, values["lesion"] - values["liver"])
        now = replace(now, study=changed.study, lesions=labels)
    return (Copy(now.study.phase(bench.reference), now.lesions, placed) if placed else None), left, reason
