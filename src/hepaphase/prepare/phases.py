"""The volumes of one visit, each given its phase by what it measures; or a question, where that does not settle it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ..base.errors import ConfigError, PhaseDoubtError
from ..base.log import logger
from ..datasets.spelling import said_phase
from ..study.phase import TYPICAL_TIME_S, Phase
from ..study.study import PhaseVolume
from .recognize import MOST_VOLUMES, Recognized, recognize
from .regions import Measured

PRIOR_CONTRAST_HU = 130.0
"""Brightest part of the kidneys in an unenhanced scan from which an earlier injection is named: more than stones
average to at 3 mm, less than any urine with contrast agent (our choice)."""
UNLIKE = 6.0
"""Misfit from which a volume looks like no examination of the model (our choice)."""
_SAME_TIME_S = 8.0
_HARDLY = 0.05
"""Probability of the phase in a file's name below which the name is doubted (our choice)."""

_log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One volume whose phase is to be found."""

    name: str
    """How the user may name it in ``--phases``: key of a pass, or a file; shown in questions, never written."""
    label: str
    """What warnings, which are written, call it: nothing that could tell whose it is."""
    volume: PhaseVolume
    measured: Measured
    text: str = ""
    """What series and protocol call it; compared with, never believed."""
    scan_s: float | None = None
    """When it was scanned, on the clock that all share."""
    delay_s: float | None = None
    """Seconds after the injection by the headers."""
    contrast_told: bool | None = None
    """Whether the headers name a contrast agent; None where they are silent."""


@dataclass(frozen=True, slots=True)
class Named:
    """Phases found, and what is odd."""

    phases: dict[Phase, PhaseVolume]
    names: dict[Phase, str]
    """Which candidate each phase is."""
    recognized: dict[Phase, Recognized]
    warnings: tuple[str, ...]


def name_phases(candidates: Sequence[Candidate]) -> Named:
    """Give every volume its phase and time.

    Copies are dropped. Of two volumes of one phase the one nearer to the usual time stays; of equals the finer.

    Raises:
        PhaseDoubtError: when a phase is not sure enough; the message says what each volume looks like, so that
            ``--phases`` can be given.
        ConfigError: when nothing was measured, or there are too many volumes.
    """
    distinct, warnings = _without_copies(candidates)
    if len(distinct) > MOST_VOLUMES:
        raise ConfigError(
            f"There are {len(distinct)} volumes, at most {MOST_VOLUMES} are told apart. Name some with --phases."
        )
    found = recognize([c.measured.hu for c in distinct], scan_s=[c.scan_s for c in distinct])
    for candidate, answer in zip(distinct, found, strict=True):
        _log.info("%s: %s", candidate.name, describe(answer))
    if unsure := [a for a in found if not a.sure or a.misfit > UNLIKE]:
        raise PhaseDoubtError(_question(distinct, found, unsure))
    for candidate, answer in zip(distinct, found, strict=True):
        warnings += oddities(candidate, answer)
    warnings += _about_all(distinct, found)
    return _chosen(distinct, found, warnings)


def recognized_as_named(measured: Mapping[Phase, Measured]) -> dict[Phase, Recognized]:
    """What the phases of a case look like by what they measure, whatever they are called; those that show something."""
    usable = {phase: m.hu for phase, m in measured.items() if m.hu}
    if not usable or len(usable) > MOST_VOLUMES:
        return {}
    return dict(zip(usable, recognize(list(usable.values())), strict=True))


def doubted_names(found: Mapping[Phase, Recognized]) -> list[str]:
    """Where the names of a case's files and what they measure contradict each other; nothing is renamed.

    A name is doubted when another phase is sure and the one named has less than 5 %.
    """
    odd = {
        name: answer
        for name, answer in found.items()
        if answer.sure and answer.misfit <= UNLIKE and answer.probabilities[name] < _HARDLY
    }
    warnings = []
    for name, answer in odd.items():
        other = odd.get(answer.phase)
        swapped = other is not None and other.phase is name
        if swapped and list(Phase).index(answer.phase) < list(Phase).index(name):
            continue  # told with the other of the two
        says = f" and {answer.phase} as {name}: they look swapped" if swapped else f": {describe(answer)}"
        warnings.append(f"{name} measures as {answer.phase}{says}. Nothing was renamed; check the names.")
    return warnings


def describe(answer: Recognized) -> str:
    """One line: likeliest phases, time, interval."""
    likely = sorted(answer.probabilities.items(), key=lambda item: -item[1])
    parts = [f"{phase} {share:.2f}" for phase, share in likely if share >= 0.05]
    when = (
        ""
        if answer.phase is Phase.NC
        else f", {answer.time_s:.0f} s ({answer.interval_s[0]:.0f} to {answer.interval_s[1]:.0f})"
    )
    return " or ".join(parts) + when


def oddities(candidate: Candidate, answer: Recognized) -> list[str]:
    """What the headers say against the measurement, and what the kidneys show."""
    found = []
    if name := answer.odd_region:
        hu = candidate.measured.hu[name]
        found.append(f"{candidate.label}: what was taken for the {name.replace('_', ' ')} ({hu:.0f} HU) cannot be it.")
    if (said := said_phase(candidate.text)) not in (None, answer.phase):
        found.append(f"{candidate.label} is named like {said} but measures as {answer.phase}: {describe(answer)}.")
    peak = candidate.measured.kidney_peak_hu
    if answer.phase is Phase.NC:
        if peak is not None and peak > PRIOR_CONTRAST_HU:
            found.append(
                f"{candidate.label}: the kidneys hold contrast agent ({peak:.0f} HU) from an earlier injection."
            )
        if candidate.contrast_told or (said is not None and said is not Phase.NC):
            found.append(
                f"{candidate.label} should show contrast agent and does not: a missed bolus, or a wrong header."
            )
    elif candidate.contrast_told is False:
        found.append(f"{candidate.label}: its header names no contrast agent, but there is some.")
    if candidate.delay_s is not None and answer.phase is not Phase.NC and not _within(candidate.delay_s, answer):
        found.append(
            f"{candidate.label}: the header says {candidate.delay_s:.0f} s after the injection, measured are "
            f"{answer.interval_s[0]:.0f} to {answer.interval_s[1]:.0f} s; the measured time is used."
        )
    return found


def _within(time_s: float, answer: Recognized) -> bool:
    return answer.interval_s[0] <= time_s <= answer.interval_s[1]


def _without_copies(candidates: Sequence[Candidate]) -> tuple[list[Candidate], list[str]]:
    kept: dict[str, Candidate] = {}
    warnings = []
    for candidate in candidates:
        digest = _digest(candidate.volume)
        if digest in kept:
            warnings.append(f"{candidate.label} holds the same voxels as {kept[digest].label} and was left out.")
        kept.setdefault(digest, candidate)
    return list(kept.values()), warnings


def _digest(volume: PhaseVolume) -> str:
    """Of the voxels, plane by plane; of a part with the size of the whole, which says where voxels were left out."""
    digest = hashlib.sha256(repr(volume.whole.shape_zyx).encode())
    for plane in volume.hu:
        digest.update(plane.tobytes())
    return digest.hexdigest()


def _question(candidates: Sequence[Candidate], found: Sequence[Recognized], unsure: Sequence[Recognized]) -> str:
    lines = []
    for candidate, answer in zip(candidates, found, strict=True):
        odd = ", unlike any phase" if answer.misfit > UNLIKE else ""
        lines.append(f"{candidate.name} looks like {describe(answer)}{odd}")
    example = ",".join(f"{a.phase}={c.name}" for c, a in zip(candidates, found, strict=True))
    given = example if len(candidates) > 1 else str(found[0].phase)
    return (
        f"Which phase {'a volume is' if len(unsure) == 1 else f'{len(unsure)} volumes are'} cannot be told surely: "
        f"{'; '.join(lines)}. Name it: --phases {given}, if that is right."
    )


def _about_all(candidates: Sequence[Candidate], found: Sequence[Recognized]) -> list[str]:
    warnings = []
    if len(found) > 1 and all(answer.phase is Phase.NC for answer in found):
        warnings.append("No volume shows contrast agent: a missed bolus, or the same scan several times.")
    timed = [(c.scan_s, a.time_s, c.label) for c, a in zip(candidates, found, strict=True) if c.scan_s is not None]
    in_order = sorted(timed)
    for (_, early, first), (_, late, second) in pairwise(in_order):
        if late + 5 < early:
            warnings.append(f"{first} was scanned before {second} by the clock but measures as later: swapped names?")
    return warnings


def _chosen(candidates: Sequence[Candidate], found: Sequence[Recognized], warnings: list[str]) -> Named:
    best: dict[Phase, int] = {}
    for index, answer in enumerate(found):
        rival = best.get(answer.phase)
        if rival is None:
            best[answer.phase] = index
            continue
        better, other = (index, rival) if _is_better(index, rival, candidates, found) else (rival, index)
        best[answer.phase] = better
        warnings.append(
            f"{candidates[better].label} and {candidates[other].label} are both {answer.phase}; the first is used."
        )
    phases = {phase: _timed(candidates[i], found[i]) for phase, i in best.items()}
    names = {phase: candidates[i].name for phase, i in best.items()}
    return Named(phases, names, {phase: found[i] for phase, i in best.items()}, tuple(warnings))


def _is_better(one: int, other: int, candidates: Sequence[Candidate], found: Sequence[Recognized]) -> bool:
    usual = TYPICAL_TIME_S[found[one].phase]
    off, rival_off = (abs(found[i].time_s - usual) for i in (one, other))
    if abs(off - rival_off) > _SAME_TIME_S:
        return off < rival_off
    return candidates[one].volume.geometry.voxel_ml < candidates[other].volume.geometry.voxel_ml


def _timed(candidate: Candidate, answer: Recognized) -> PhaseVolume:
    """The volume with the header's time where the measurement allows it, else the measured one."""
    told = candidate.delay_s
    time_s = told if told is not None and _within(told, answer) else answer.time_s
    return replace(candidate.volume, time_s=time_s, recognised_by="measured")
