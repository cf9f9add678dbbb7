"""Volumes that a source gives without their phase, and what a caller who can name them gives back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from ..io.dicom import Pass
from ..study.geometry import Geometry
from ..study.phase import Phase
from ..study.study import PhaseVolume
from .spelling import said_phase

Masks = Mapping[str, tuple[npt.NDArray[Any], Geometry]]

_AGENTLESS = ("", "none", "no", "without")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unnamed:
    """One volume whose phase is to be found, and what its headers say."""

    name: str
    """How the user may name it: key of a pass, or a file; shown in questions, never written."""
    label: str
    """What warnings, which are written, call it: nothing that could tell whose it is."""
    volume: PhaseVolume
    text: str = ""
    """What series and protocol call it; no proof."""
    scan_s: float | None = None
    """When it was scanned, on the clock that all share."""
    delay_s: float | None = None
    """Seconds after the injection by the headers."""
    contrast_told: bool | None = None
    """Whether the headers name a contrast agent; None where they are silent."""
    notes: tuple[str, ...] = ()
    """What reading it cost."""


@dataclass(frozen=True, slots=True)
class Told:
    """Phases found, which volume each is, and what is odd."""

    phases: dict[Phase, PhaseVolume]
    names: dict[Phase, str]
    warnings: tuple[str, ...]


Namer = Callable[[Sequence[Unnamed], Masks], Told]
"""Names volumes by what they measure; masks of the source help where there are any. Lives above this floor."""


def of_pass(chosen: Pass, volume: PhaseVolume, notes: tuple[str, ...]) -> Unnamed:
    """A contrast pass with what its headers say about the phase."""
    agent = chosen.contrast_agent.strip().lower()
    return Unnamed(
        name=chosen.key or chosen.uid,
        label=f"Series {chosen.key}" if chosen.key else "The series",
        volume=volume,
        text=" ".join(filter(None, (chosen.description, chosen.protocol))),
        scan_s=chosen.scan_s,
        delay_s=chosen.delay_s if chosen.delay_s is not None and chosen.delay_s >= 0 else None,
        contrast_told=None if not agent else agent not in _AGENTLESS,
        notes=notes,
    )


def named_by_words(volumes: Sequence[Unnamed], _masks: Masks | None = None) -> Told:
    """Phases as the descriptions of the volumes say, for callers that cannot measure.

    A volume whose description names no phase is left out with a warning, unless none of them does: then the one with
    the most voxels counts as portal venous, with a warning. Of two of one phase the one with more voxels stays.
    """
    warnings: list[str] = []
    best: dict[Phase, Unnamed] = {}
    for one in sorted(volumes, key=lambda u: -u.volume.hu.size):
        phase = said_phase(one.text)
        if phase is None or phase in best:
            why = "its description names no phase" if phase is None else f"another volume is called {phase}"
            warnings.append(f"{one.label} was left out: {why}.")
        else:
            best[phase] = one
    if not best:
        largest = max(volumes, key=lambda u: u.volume.hu.size)
        best, warnings = {Phase.PVP: largest}, [f"{largest.label} does not say which phase it is; it counts as PVP."]
    return Told({p: u.volume for p, u in best.items()}, {p: u.name for p, u in best.items()}, tuple(warnings))
