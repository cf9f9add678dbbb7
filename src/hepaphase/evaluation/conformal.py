"""Sets of classes that hold the true one as often as they say: split conformal prediction."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ..base.errors import InputError
from .bootstrap import Bootstrap, Interval, interval
from .lesion_rows import LesionRow

LEVEL = 0.9


def smallest_share(rows: Sequence[LesionRow], *, level: float = LEVEL) -> tuple[float, int]:
    """From which probability on a class belongs to the set, and the number of lesions this rests on.

    The score of a lesion is one minus the probability of its true class; the share is one minus the
    ``ceil((n + 1) level)``-th smallest score (Sadinle, Lei and Wasserman 2019; Vovk's split). For a new lesion,
    exchangeable with these, the set then holds the true class with probability ``level`` or more. Zero where there are
    too few lesions for that.

    Args:
        rows: lesions of patients that trained nothing; only true ones that were found with probabilities count.
        level: the share of lesions whose set must hold their class.

    Raises:
        InputError: when there is no such lesion.
    """
    told = sorted(1 - r.probabilities[r.true_class] for r in known(rows))
    if not told:
        raise InputError("A prediction set needs found lesions of known class, with the probability of each class.")
    rank = math.ceil((len(told) + 1) * level - 1e-9)
    return (1 - told[rank - 1] if rank <= len(told) else 0.0), len(told)


def prediction_set(probabilities: Mapping[str, float], at_least: float) -> tuple[str, ...]:
    """Classes as probable as ``at_least``, the most probable first; never empty: that one is always in it."""
    ranked = sorted(probabilities, key=lambda key: -probabilities[key])
    return tuple(key for place, key in enumerate(ranked) if not place or probabilities[key] >= at_least - 1e-9)


def coverage(
    rows: Sequence[LesionRow], at_least: float, config: Bootstrap | None = None
) -> tuple[Interval, float, int]:
    """How often the set holds the true class, with an interval by patient; its mean size; the number of lesions."""
    lesions = known(rows)
    if not lesions:
        raise InputError("No lesion of known class was found, so there is nothing to cover.")
    sets = [prediction_set(r.probabilities, at_least) for r in lesions]
    held = np.array([r.true_class in s for r, s in zip(lesions, sets, strict=True)], float)
    cases = sorted({r.case for r in lesions})
    of = np.array([cases.index(r.case) for r in lesions])
    hits, counts = np.bincount(of, held, len(cases)), np.bincount(of, minlength=len(cases))
    between = interval(lambda index: float(hits[index].sum() / counts[index].sum()), np.zeros(len(cases)), config)
    return between, float(np.mean([len(s) for s in sets])), len(lesions)


def known(rows: Sequence[LesionRow]) -> list[LesionRow]:
    """True lesions that were found, with the probability of each class."""
    return [r for r in rows if r.is_true and r.is_found and r.probabilities]
