"""M11: noise like that of a scan."""

from ...study.phase import REFERENCE_ORDER, Phase
from ..spectrum import mean_frequency as frequency_of
from ..spectrum import patch_power
from .exam import PhysicsExam
from .item import Item, bounded, missing

_LIMITS = (0.8, 1.25)


def noise(exam: PhysicsExam) -> list[Item]:
    """M11: size and grain of the noise of each phase against those of a scanned one.

    The reference is the scanned phase nearest in time. The grain is the mean in-plane frequency of the noise power in
    patches of the liver: at a few millimeters per voxel the peak of the spectrum that the notes name lies beyond what
    the grid can show (our choice).
    """
    scanned = [p for p in REFERENCE_ORDER if p in exam.hu and p not in exam.synthetic]
    items: list[Item] = []
    for phase in (p for p in Phase if p in exam.hu):
        others = [p for p in scanned if p is not phase]
        if not others:
            items.append(missing("M11", f"noise {phase}", "no other phase was scanned"))
            continue
        like = min(others, key=lambda p: abs(exam.time_s[p] - exam.time_s[phase]))
        items.append(bounded("M11", f"noise {phase}", exam.noise_hu[phase] / exam.noise_hu[like], _LIMITS))
        grain = mean_frequency(exam, phase) / mean_frequency(exam, like)
        items.append(bounded("M11", f"grain {phase}", grain, _LIMITS))
    return items


def mean_frequency(exam: PhysicsExam, phase: Phase) -> float:
    """Power-weighted mean in-plane frequency of the noise in the liver, per voxel; NaN without room for patches."""
    power = patch_power(exam.hu[phase], exam.regions["liver"])
    return float("nan") if power is None else frequency_of(power)
