"""M11: noise like that of a scan."""

import numpy as np

from ...study.phase import REFERENCE_ORDER, Phase
from .exam import PhysicsExam
from .item import Item, bounded, missing

_LIMITS = (0.8, 1.25)
_PATCH = 8
"""Voxels along a side of the in-plane patches."""
_LEAST_PATCHES = 4


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
    window = np.hanning(_PATCH + 2)[1:-1]
    shape = np.outer(window, window)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(_PATCH), np.fft.fftfreq(_PATCH), indexing="ij"))
    power = np.zeros((_PATCH, _PATCH))
    number = 0
    inside, hu = exam.regions["liver"], exam.hu[phase]
    for z in range(hu.shape[0]):
        for y in range(0, hu.shape[1] - _PATCH + 1, _PATCH // 2):
            for x in range(0, hu.shape[2] - _PATCH + 1, _PATCH // 2):
                place = (z, slice(y, y + _PATCH), slice(x, x + _PATCH))
                if inside[place].all():
                    patch = np.asarray(hu[place], np.float64)
                    power += np.abs(np.fft.fft2((patch - patch.mean()) * shape)) ** 2
                    number += 1
    if number < _LEAST_PATCHES:
        return float("nan")
    power[0, 0] = 0
    return float((power * frequency).sum() / power.sum())
