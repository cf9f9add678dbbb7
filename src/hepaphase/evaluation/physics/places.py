"""M10: change where nothing is."""

import numpy as np
from scipy import ndimage

from ...study.phase import Phase
from .exam import PhysicsExam
from .item import Item, bounded, missing

_SIGMAS = 4.0
_ECHO_SIGMAS = 2.0
"""From which the same region stands out elsewhere, so that it is something (our choice)."""
_SMALLEST_MM3 = 65.0
"""A sphere of 5 mm."""


def hallucinations(exam: PhysicsExam) -> list[Item]:
    """M10: regions of the liver that stand out in one phase and in nothing else that was scanned.

    The value of a voxel is compared with the liver around it: its distance from the median over the liver, in units of
    the robust spread there. Lesions and vessels that are labelled do not count. What stands out counts as made up when
    its mean in every other scanned phase is within two spreads of the liver's. Of a phase that was scanned the
    count says how often noise and unlabelled vessels look so.
    """
    if not exam.regions["liver"].any():
        return [missing("M10", f"unfounded regions {p}", "there is no liver") for p in exam.enhanced]
    scores = {p: _score(exam, p) for p in exam.hu}
    return [
        bounded("M10", f"unfounded regions {phase}", float(_count(exam, scores, phase)), (0.0, 0.0))
        for phase in exam.enhanced
    ]


def _score(exam: PhysicsExam, phase: Phase) -> np.ndarray:
    values = exam.smooth[phase]
    inside = values[exam.regions["liver"]]
    middle = float(np.median(inside))
    spread = 1.4826 * float(np.median(np.abs(inside - middle)))
    return np.asarray((values - middle) / max(spread, exam.smooth_noise_hu[phase]))


def _count(exam: PhysicsExam, scores: dict[Phase, np.ndarray], phase: Phase) -> int:
    out = exam.regions["liver"] & (np.abs(scores[phase]) > _SIGMAS)
    parts, number = ndimage.label(out, structure=np.ones((3, 3, 3)))
    voxel_mm3 = float(np.prod(exam.spacing_zyx_mm))
    others = [scores[p] for p in exam.hu if p is not phase and p not in exam.synthetic]
    count = 0
    for part in range(1, number + 1):
        here = parts == part
        large = int(np.count_nonzero(here)) * voxel_mm3 > _SMALLEST_MM3
        count += int(large and all(abs(float(other[here].mean())) < _ECHO_SIGMAS for other in others))
    return count
