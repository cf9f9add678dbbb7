"""M1 and M6: contrast agent only adds, and comes and goes in order."""

import numpy as np

from ...study.phase import Phase
from .exam import Bools, PhysicsExam
from .item import Item, bounded, missing

_NO_NC = "there is no non-contrast phase"
_QUIET = {"fat": 10.0, "gallbladder": 10.0}
"""Regions that must not change by more than this, in HU."""
_SIGMAS = 3.0


def non_negative(exam: PhysicsExam) -> list[Item]:
    """M1: the share of liver and lesion voxels darker than without contrast beyond noise, and by how much."""
    if Phase.NC not in exam.hu:
        return [missing("M1", f"negative share {p}", _NO_NC) for p in exam.enhanced]
    inside = exam.regions["liver"] | exam.regions["lesions"]
    items = []
    for phase in exam.enhanced:
        values = exam.enhancement(phase)[inside]
        if not values.size:
            items.append(missing("M1", f"negative share {phase}", "there is no liver"))
            continue
        beyond = values + _SIGMAS * exam.noise_of_enhancement(phase)
        share = float((beyond < 0).mean())
        depth = float(np.clip(-beyond, 0, None).mean())
        items.append(bounded("M1", f"negative share {phase}", share, (0.0, 0.01)))
        items.append(bounded("M1", f"negative part {phase}", depth, (0.0, 1.0), "HU"))
    return items


def in_order(exam: PhysicsExam) -> list[Item]:
    """M6: voxels that rise or fall when they cannot, per region, and tissues that contrast agent does not reach."""
    if Phase.NC not in exam.hu:
        return [missing("M6", "out of order", _NO_NC)]
    shares = [*_wrong_way(exam), *_beyond(exam)]
    items = [bounded("M6", "out of order", float(np.mean(shares)) if shares else float("nan"), (0.0, 0.05))]
    for region in ("gas", "fat"):
        for phase in exam.enhanced:
            items.append(_unchanged(exam, region, phase))
    return items


def _wrong_way(exam: PhysicsExam) -> list[float]:
    """Shares of voxels whose order in time is not that of their blood."""
    found = []
    falling, rising = ("aorta",), ("portal_vein", "hepatic_vein", "liver")
    for names, pairs in ((falling, ((Phase.PVP, Phase.AP), (Phase.DP, Phase.PVP))), (rising, ((Phase.AP, Phase.PVP),))):
        for name in names:
            for lower, upper in pairs:
                if name in exam.regions and lower in exam.hu and upper in exam.hu:
                    rise = (exam.smooth[upper] - exam.smooth[lower])[exam.regions[name]]
                    noise = float(np.hypot(exam.smooth_noise_hu[upper], exam.smooth_noise_hu[lower]))
                    found.append(float((rise < -_SIGMAS * noise).mean()))
    return found


def _beyond(exam: PhysicsExam) -> list[float]:
    """Shares of voxels that take up more or less than their tissue can."""
    limits = {**{name: (-top, top) for name, top in _QUIET.items()}, "muscle": (0.0, 25.0), "bones": (-10.0, 60.0)}
    found = []
    for name, (low, high) in limits.items():
        inside: Bools | None = exam.regions.get(name)
        for phase in exam.enhanced if inside is not None else ():
            change = exam.enhancement(phase)[inside]
            slack = _SIGMAS * exam.noise_of_enhancement(phase)
            found.append(float(((change < low - slack) | (change > high + slack)).mean()))
    return found


def _unchanged(exam: PhysicsExam, region: str, phase: Phase) -> Item:
    """Mean absolute change of a region in units of what noise alone gives."""
    name = f"{region} changed {phase}"
    if region not in exam.regions:
        return missing("M6", name, f"there is no {region}")
    inside = exam.regions[region]
    change = float(np.abs(exam.enhancement(phase, smooth=False)[inside]).mean())
    noise = float(np.hypot(exam.noise_hu[phase], exam.noise_hu[Phase.NC]))
    return bounded("M6", name, change / noise, (0.0, 1.0), "times the noise")
