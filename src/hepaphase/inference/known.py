"""What a generator is told of a study beside its phases: where organs are, and when it was scanned."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..organs.segment import CoarseOrgans, organ_mask
from ..organs.table import CLASSES
from ..prepare.recognize import Recognized
from ..prepare.scan_times import likely_times
from ..study.phase import Phase
from ..study.study import AlignedStudy, MaskArray, PhaseVolume, Study
from ..synthesis.known_organs import KNOWN

FOUND = tuple(name for name in CLASSES if name in KNOWN)
"""Organs of our model that a generator looks at."""


@dataclass(frozen=True, slots=True)
class Estimated:
    """When a phase of unknown time was scanned, by what its organs measure."""

    time_s: float
    interval_s: tuple[float, float]
    """Central 95 %."""

    @classmethod
    def of(cls, found: Recognized) -> "Estimated":
        """The time of what was recognized."""
        return cls(found.time_s, found.interval_s)


def unknown_times(study: Study) -> tuple[Phase, ...]:
    """Scanned phases with contrast agent whose time is not known."""
    return tuple(p for p in study.inputs if p is not Phase.NC and study.phase(p).time_s is None)


def with_organs(small: AlignedStudy, coarse: CoarseOrgans | None) -> AlignedStudy:
    """``small`` with the masks of :data:`FOUND` that the model saw and the user did not give.

    They are made on the working grid, which costs a hundredth of what it does on the grid of the scan. What is liver
    stays liver: a gallbladder drawn too large must take no cyst.

    Args:
        small: on the working grid, with a mask ``liver``.
        coarse: what the organ model said of the reference phase; None where it was not asked.
    """
    if coarse is None:
        return small
    volume = PhaseVolume(small.hu[small.reference], small.geometry, small.provenance[small.reference])
    found: dict[str, MaskArray] = {}
    for name in FOUND:
        if name not in small.masks:
            mask = organ_mask(coarse, name, volume)
            mask[small.masks["liver"] > 0] = 0
            if mask.any():
                found[name] = mask
    return replace(small, masks={**small.masks, **found})


def estimated_times(small: AlignedStudy, study: Study) -> dict[Phase, Estimated]:
    """The times that organs tell, of phases whose time is not known and that measure as what they are called.

    Args:
        small: ``study`` on the working grid, with the masks of its organs.
        study: says which times are known.
    """
    unknown = unknown_times(study)
    found = likely_times(small, unknown) if unknown else {}
    return {phase: Estimated.of(one) for phase, one in found.items()}


def at_times(study: AlignedStudy, estimated: Mapping[Phase, Estimated]) -> AlignedStudy:
    """The study with estimated times in place of the typical ones."""
    return replace(study, time_s={**study.time_s, **{p: e.time_s for p, e in estimated.items() if p in study.hu}})


def times_as_json(estimated: Mapping[Phase, Estimated]) -> dict[str, dict[str, float | list[float]]]:
    """Phase to the time its organs tell and the central 95 % of it; by no means measured."""
    return {
        str(p): {"time_s": round(e.time_s, 1), "interval_s": [round(t, 1) for t in e.interval_s]}
        for p, e in estimated.items()
    }


def time_warnings(study: Study, estimated: Mapping[Phase, Estimated]) -> tuple[str, ...]:
    """What to tell of phases whose time is not known."""
    told = []
    for phase in (p for p, volume in study.phases.items() if volume.time_s is None and p is not Phase.NC):
        if phase in estimated:
            time_s, (low_s, high_s) = estimated[phase].time_s, estimated[phase].interval_s
            told.append(
                f"When {phase} was scanned is not known; by its organs {time_s:.0f} s after injection "
                f"({low_s:.0f} to {high_s:.0f})."
            )
        else:
            told.append(f"The time of the {phase} phase is unknown: the typical one was assumed.")
    return tuple(told)
