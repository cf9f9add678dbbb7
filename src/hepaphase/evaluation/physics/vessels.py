"""M2 and M3: the curves of aorta and portal vein."""

import math

from ...study.phase import Phase
from .exam import PhysicsExam
from .item import Item, bounded, ratio

_AORTA_HU = {Phase.AP: (170.0, 500.0), Phase.PVP: (75.0, 265.0), Phase.DP: (40.0, 110.0)}
_PORTAL_SHARE = {Phase.AP: (0.15, 0.55), Phase.PVP: (0.6, 1.25), Phase.DP: (0.9, 1.25)}
EARLY_AP_S = 30.0
"""An arterial phase before this may precede the peak, so that its order says nothing (our reading of the notes)."""


def aorta(exam: PhysicsExam) -> list[Item]:
    """M2: enhancement of the aorta, its order over time, and how much is left late."""
    hu = {p: exam.mean("aorta", p) for p in _AORTA_HU}
    items = [bounded("M2", f"aorta {p}", hu[p], limits, "HU") for p, limits in _AORTA_HU.items() if p in exam.hu]
    if {Phase.PVP, Phase.DP} <= exam.hu.keys():
        items.append(bounded("M2", "aorta DP/PVP", ratio(hu[Phase.DP], hu[Phase.PVP]), (0.28, 0.75)))
    for early, late in ((Phase.AP, Phase.PVP), (Phase.PVP, Phase.DP)):
        told_early = early is Phase.AP and exam.time_s.get(early, math.inf) < EARLY_AP_S
        if {early, late} <= exam.hu.keys() and not told_early:
            items.append(bounded("M2", f"aorta falls {early} to {late}", hu[early] - hu[late], (0.0, math.inf), "HU"))
    return items


def portal_vein(exam: PhysicsExam) -> list[Item]:
    """M3: portal vein over aorta."""
    return [
        bounded("M3", f"portal vein/aorta {p}", ratio(exam.mean("portal_vein", p), exam.mean("aorta", p)), limits)
        for p, limits in _PORTAL_SHARE.items()
        if p in exam.hu
    ]
