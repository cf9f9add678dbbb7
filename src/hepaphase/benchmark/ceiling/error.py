"""The bracket of the error that no generator can avoid: a phase guessed from the others, region by region."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from ...base.log import track
from ...evaluation.bootstrap import Bootstrap, interval
from ...study.phase import Phase
from .bracket import keep_scanned
from .describe import SHAPE, Floats
from .draws import Draws
from .figures import Figure
from .measure import CLASSES, Measured
from .observe import between_phases, median_of, region_features

SUBSETS = tuple(subset for size in (1, 2, 3) for subset in combinations(Phase, size))
"""Every set of phases that lacks at least one, as the benchmark of synthesis takes them."""
_LIVER, _MEAN, _VOLUME = 0, 0, SHAPE.index("log_ml")


@dataclass(frozen=True, slots=True)
class _Task:
    """Which phase is guessed from which."""

    given: tuple[int, ...]
    target: int


def error_figures(
    train: Measured,
    test: Measured,
    draws: Draws,
    config: Bootstrap | None = None,
    *,
    subsets: Sequence[tuple[Phase, ...]] = SUBSETS,
    quiet: bool = False,
) -> list[Figure]:
    """Both ends for every subset and phase: the absolute error of the conditional median, HU, mean over patients.

    Upper: from noisy values, trained on ``train``; a generator is given no less. Lower: told noise-free values, class,
    body, injection, cardiac output, tube and clinical data, trained on drawn lesions besides.
    """
    tasks = [(s, t) for s in subsets for t in Phase if t not in s]
    figures: list[Figure] = []
    for subset, target in track(tasks, title="Guessing", total=len(tasks), quiet=quiet):
        task = _Task(tuple(list(Phase).index(p) for p in subset), list(Phase).index(target))
        ours, theirs = keep_scanned(train, task.given), keep_scanned(test, task.given)
        for end, errors in (("lower", _told(ours, theirs, draws, task)), ("upper", _noisy(ours, theirs, task))):
            lesion, liver = errors
            values = _per_patient(theirs, lesion, liver)
            for level in ("lesion mean", "liver mean", *(("lesion", "liver") if end == "lower" else ())):
                common = {"quantity": "MAE", "level": level, "inputs": ", ".join(subset), "clinical": False}
                figures.append(_figure(values[level], config, {**common, "name": str(target), "end": end}))
    return settle(figures)


def settle(figures: Sequence[Figure]) -> list[Figure]:
    """No lower end above its upper one: where the observer told more did worse, the other's figure counts twice.

    That happens where there is little to be told (the liver without contrast, from a phase with) and what was drawn
    differs a little from what was rendered.
    """
    reached = {(f.level.removesuffix(" mean"), f.inputs, f.name): f for f in figures if f.end == "upper"}
    settled = []
    for f in figures:
        best = reached[f.level.removesuffix(" mean"), f.inputs, f.name]
        worse = f.end == "lower" and f.level != "lesion" and f.value > best.value
        settled.append(replace(f, value=best.value, low=best.low, high=best.high) if worse else f)
    return settled


def _told(train: Measured, test: Measured, draws: Draws, task: _Task) -> tuple[Floats, Floats]:
    """Absolute errors of lesion means (L,) and liver means (N,) of ``test`` under full knowledge."""
    lesions, livers = [], []
    for source in (train, test, draws):
        seen = seen_of(source)
        owner = seen.owner
        known = np.concatenate([source.protocol, source.clinical, source.times_s], axis=1)
        given = region_features(seen.values, seen.shape, seen.context[owner], source.times_s[owner], task.given)
        classes = np.eye(len(CLASSES))[source.lesion_class]
        lesions.append(
            _Guess.of(np.concatenate([given, known[owner], classes], axis=1), seen.values[:, :, _MEAN], task)
        )
        organs = np.concatenate([_organs(seen.context, task), known], axis=1)
        livers.append(_Guess.of(organs, seen.context[:, :, _LIVER], task))
    return _errors(lesions), _errors(livers)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known noise-free of a cohort or of draws."""

    values: Floats
    shape: Floats
    owner: npt.NDArray[np.int64]
    context: Floats


def seen_of(source: Measured | Draws) -> _Seen:
    """The noise-free side; of draws the values with partial volume, so that both are alike."""
    if isinstance(source, Draws):
        return _Seen(source.mixed, source.shape, source.owner, source.context[:, :, :2])
    return _Seen(source.lesion_clean, source.lesion_shape, source.lesion_owner, source.clean_context)


def _noisy(train: Measured, test: Measured, task: _Task) -> tuple[Floats, Floats]:
    """The same from what was scanned: noisy regions, and the times that a generator is told."""
    lesions, livers = [], []
    for c in (train, test):
        owner, times = c.lesion_owner, c.times_s[:, [*task.given, task.target]]
        given = region_features(c.lesion_noisy, c.lesion_shape, c.noisy_context[owner], c.times_s[owner], task.given)
        start, wanted = c.lesion_noisy[:, task.given[-1], _MEAN], c.lesion_clean[:, task.target, _MEAN]
        lesions.append(_Guess(np.concatenate([given, times[owner]], axis=1), start, wanted))
        start, wanted = c.noisy_context[:, task.given[-1], _LIVER], c.clean_context[:, task.target, _LIVER]
        livers.append(_Guess(np.concatenate([_organs(c.noisy_context, task), times], axis=1), start, wanted))
    return _errors(lesions), _errors(livers)


@dataclass(frozen=True, slots=True)
class _Guess:
    """Features (n, features), the value in the last given phase (n,) and that in the phase asked for (n,)."""

    features: Floats
    start: Floats
    wanted: Floats

    @classmethod
    def of(cls, features: Floats, means: Floats, task: _Task) -> "_Guess":
        return cls(features, means[:, task.given[-1]], means[:, task.target])


def _organs(context: Floats, task: _Task) -> Floats:
    seen = context[:, list(task.given)]
    return np.concatenate([seen.reshape(len(seen), -1), *between_phases(seen)], axis=1)


def _errors(sets: Sequence[_Guess]) -> Floats:
    """Absolute error at the second set, the change since the last given phase being learned on all others."""
    asked = sets[1]
    learned = [one for number, one in enumerate(sets) if number != 1]
    features = np.concatenate([one.features for one in learned])
    change = np.concatenate([one.wanted - one.start for one in learned])
    return np.abs(asked.start + median_of(features, change, asked.features) - asked.wanted)


def _per_patient(test: Measured, lesion: Floats, liver: Floats) -> dict[str, Floats]:
    """Errors by level; patients without a lesion count only for their liver."""
    num, owner = len(test.case), test.lesion_owner
    has = np.bincount(owner, minlength=num) > 0
    volume = np.exp(test.lesion_shape[:, _VOLUME])
    mean = np.bincount(owner, lesion, num)[has] / np.bincount(owner, minlength=num)[has]
    weighted = np.bincount(owner, lesion * volume, num)[has] / np.bincount(owner, volume, num)[has]
    return {"lesion mean": mean, "lesion": weighted, "liver mean": liver, "liver": liver}


def _figure(values: Floats, config: Bootstrap | None, common: dict[str, object]) -> Figure:
    def mean(picked: npt.NDArray[np.int64]) -> float:
        return float(values[picked].mean())

    spread = interval(mean, np.zeros(len(values)), config)
    return Figure(value=spread.value, low=spread.low, high=spread.high, num=len(values), **common)  # type: ignore[arg-type]
