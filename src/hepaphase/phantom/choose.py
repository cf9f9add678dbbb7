"""Which patients of a seed range a cohort takes, and how much each stands for."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..base.errors import ConfigError
from ..study.lesions import LESION_CLASSES
from .population import INCIDENTAL, REFERRAL, Population, draw_person


def choose_seeds(
    seeds: range, num: int, *, at_least: int, population: Population = REFERRAL, more: Mapping[str, int] | None = None
) -> list[int]:
    """The first ``num`` seeds of a range that leave room for ``at_least`` patients of every class.

    Walks the range once: a patient is taken while the places left exceed what the classes still lack, and after that
    only if one of the lacking classes is among theirs. ``more`` asks another number of some classes.

    Raises:
        ConfigError: when the range ends before that.
    """
    return list(_walk(seeds, num, dict.fromkeys(LESION_CLASSES, at_least) | dict(more or {}), population).seeds)


@dataclass(frozen=True, slots=True)
class _Chosen:
    seeds: tuple[int, ...]
    classes: tuple[frozenset[str], ...]
    topped_up: frozenset[str]
    """Classes that still lacked patients when only those with a lacking class were taken."""


def _walk(seeds: range, num: int, lacking: dict[str, int], population: Population) -> _Chosen:
    asked = dict(lacking)
    chosen: dict[int, frozenset[str]] = {}
    topped_up: frozenset[str] = frozenset()
    for seed in seeds:
        if len(chosen) == num:
            break
        room = num - len(chosen) > sum(lacking.values())
        if not room and not topped_up:
            topped_up = frozenset(key for key, missing in lacking.items() if missing)
        classes = draw_person(seed, population).classes
        if room or any(lacking[key] > 0 for key in classes):
            chosen[seed] = frozenset(classes)
            for key in classes:
                lacking[key] = max(0, lacking[key] - 1)
    if len(chosen) < num or any(lacking.values()):
        raise ConfigError(f"{seeds} is too short for {num} patients with {asked} of each class.")
    return _Chosen(tuple(chosen), tuple(chosen.values()), topped_up)


def sampling_weights(
    seeds: range, num: int, *, at_least: int, population: Population, more: Mapping[str, int] | None = None
) -> dict[int, float]:
    """Weight of each seed that :func:`choose_seeds` takes; with them the cohort has the prevalence of its population.

    Whether a patient was taken depends only on which of the topped-up classes are theirs, so within a set of those
    every patient stands for as many: the share of that set in the population over its share in the cohort. Mean 1.
    """
    chosen = _walk(seeds, num, dict.fromkeys(LESION_CLASSES, at_least) | dict(more or {}), population)
    strata = [classes & chosen.topped_up for classes in chosen.classes]
    counts = Counter(strata)
    expected = {stratum: _share(stratum, chosen.topped_up, population) for stratum in counts}
    scale = sum(expected.values())  # a set nobody in the cohort has cannot be stood for
    return {
        seed: expected[stratum] / scale * num / counts[stratum]
        for seed, stratum in zip(chosen.seeds, strata, strict=True)
    }


def _share(stratum: frozenset[str], among: Sequence[str] | frozenset[str], population: Population) -> float:
    """Share of a population whose classes within ``among`` are exactly ``stratum``."""
    mains: dict[str | None, float] = {None: population.lesion_free}
    mains |= {key: (1 - population.lesion_free) * share for key, share in population.finding_shares().items()}
    total = 0.0
    for main, share in mains.items():
        for key in among:
            has = 1.0 if key == main else INCIDENTAL.get(key, 0.0)
            share *= has if key in stratum else 1 - has
        total += share
    return total
