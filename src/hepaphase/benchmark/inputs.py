"""What a reader is given: which phases were scanned, and which are generated from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from ..base.names import check_name
from ..study.phase import Phase, Provenance
from ..study.study import AlignedStudy
from ..synthesis.protocol import Generator


@dataclass(frozen=True, slots=True)
class Inputs:
    """One row of a comparison."""

    name: str
    scanned: tuple[Phase, ...]
    generated: tuple[Phase, ...] = ()

    @property
    def label(self) -> str:
        """Such as ``NC + generated AP, PVP, DP``."""
        made = f" + generated {', '.join(self.generated)}" if self.generated else ""
        return ", ".join(self.scanned) + made


MAIN_JOB = (
    Inputs("nc", (Phase.NC,)),
    Inputs("nc_generated", (Phase.NC,), (Phase.AP, Phase.PVP, Phase.DP)),
    Inputs("all", tuple(Phase)),
)
"""The three settings that the main job reports."""


SUBSETS = tuple(
    Inputs("_".join(p.lower() for p in chosen), chosen)
    for size in range(1, len(Phase) + 1)
    for chosen in combinations(Phase, size)
)
"""Every non-empty subset of the phases, smallest first."""


COMPLETED = tuple(
    Inputs(f"{subset.name}_generated", subset.scanned, tuple(p for p in Phase if p not in subset.scanned))
    for subset in SUBSETS
    if len(subset.scanned) < len(Phase)
)
"""Every subset that lacks a phase, with all missing ones generated from it; the first is the main job's second."""


def named_inputs(names: Sequence[str]) -> tuple[Inputs, ...]:
    """Settings by name: those of the main job, subsets such as ``nc_pvp``, and these completed, ``nc_pvp_generated``.

    Raises:
        UnknownNameError: for a name that is none.
    """
    known = {setting.name: setting for setting in (*SUBSETS, *COMPLETED, *MAIN_JOB)}
    return tuple(known[check_name(name.strip(), list(known), kind="setting")] for name in names)


def only(study: AlignedStudy, phases: tuple[Phase, ...]) -> AlignedStudy:
    """The study with nothing but ``phases``, the last of them the reference."""
    keep = set(phases)
    return replace(
        study,
        hu={p: v for p, v in study.hu.items() if p in keep},
        provenance={p: v for p, v in study.provenance.items() if p in keep},
        time_s={p: v for p, v in study.time_s.items() if p in keep},
        transforms={p: v for p, v in study.transforms.items() if p in keep},
        reference=phases[-1],
    )


def apply_inputs(
    study: AlignedStudy, inputs: Inputs, generator: Generator, *, facts: Mapping[str, Any] | None = None
) -> AlignedStudy:
    """The study with only what ``inputs`` says; generated phases are asked at the true phase's time.

    The generator is also told ``facts`` of patient, injection and tube, which the study itself does not get.
    """
    given = only(study, inputs.scanned)
    told = replace(given, clinical={**given.clinical, **(facts or {})})
    made = {p: generator.generate(told, p, time_s=study.time_s.get(p)) for p in inputs.generated}
    return replace(
        given,
        hu={**given.hu, **{p: g.hu for p, g in made.items()}},
        sd_hu={p: g.sd_hu for p, g in made.items()},
        provenance={**given.provenance, **dict.fromkeys(made, Provenance.SYNTHETIC)},
        time_s={**given.time_s, **{p: g.time_s for p, g in made.items()}},
        transforms={**given.transforms, **dict.fromkeys(made, np.eye(4))},
    )
