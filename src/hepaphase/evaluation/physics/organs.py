"""M4, M5 and M7: liver, spleen and kidneys, and the iodine they hold."""

import math

import numpy as np

from ...study.phase import Phase
from .exam import PhysicsExam
from .item import Item, bounded, missing, ratio

_LIVER_HU = {Phase.AP: (5.0, 40.0), Phase.PVP: (35.0, 82.0), Phase.DP: (21.0, 60.0)}
_KIDNEY_PVP_HU = (80.0, 210.0)


def liver(exam: PhysicsExam) -> list[Item]:
    """M4: enhancement of the liver, over time and against its blood."""
    hu = {p: exam.mean("liver", p) for p in _LIVER_HU}
    items = [bounded("M4", f"liver {p}", hu[p], limits, "HU") for p, limits in _LIVER_HU.items() if p in exam.hu]
    portal = ratio(hu[Phase.PVP], exam.mean("portal_vein", Phase.PVP))
    late = ratio(hu[Phase.DP], exam.mean("aorta", Phase.DP))
    wanted = (
        ("liver AP/PVP", ratio(hu[Phase.AP], hu[Phase.PVP]), (0.1, 0.7), {Phase.AP, Phase.PVP}),
        ("liver DP/PVP", ratio(hu[Phase.DP], hu[Phase.PVP]), (0.5, 1.1), {Phase.DP, Phase.PVP}),
        ("liver/portal vein PVP", portal, (0.28, 0.60), {Phase.PVP}),
        ("liver/aorta DP", late, (0.40, 0.75), {Phase.DP}),
    )
    return items + [bounded("M4", name, value, limits) for name, value, limits, of in wanted if of <= exam.hu.keys()]


def spleen_and_kidneys(exam: PhysicsExam) -> list[Item]:
    """M5: spleen against aorta and over time, kidneys."""
    spleen = {p: exam.mean("spleen", p) for p in Phase}
    kidney = {p: exam.mean("kidneys", p) for p in Phase}
    aorta = exam.mean("aorta", Phase.PVP)
    wanted = (
        ("spleen/aorta PVP", ratio(spleen[Phase.PVP], aorta), (0.45, 0.9), "", {Phase.PVP}),
        ("spleen AP/PVP", ratio(spleen[Phase.AP], spleen[Phase.PVP]), (0.35, 2.1), "", {Phase.AP, Phase.PVP}),
        ("kidneys PVP", kidney[Phase.PVP], _KIDNEY_PVP_HU, "HU", {Phase.PVP}),
        ("kidneys DP/PVP", ratio(kidney[Phase.DP], kidney[Phase.PVP]), (0.6, math.inf), "", {Phase.DP, Phase.PVP}),
    )
    return [
        bounded("M5", name, value, limits, unit) for name, value, limits, unit, of in wanted if of <= exam.hu.keys()
    ]


def mass(exam: PhysicsExam) -> list[Item]:
    """M7: the share of the dose that the liver, and that all organs seen hold in the portal venous phase."""
    if exam.dose_mg is None:
        return [missing("M7", "liver share of dose", "the dose is not known")]
    if not {Phase.NC, Phase.PVP} <= exam.hu.keys():
        return [missing("M7", "liver share of dose", "it needs NC and PVP")]
    per_hu = 1 / (exam.kappa * exam.dose_mg)
    in_liver = exam.mean("liver", Phase.PVP) * exam.liver_ml * per_hu
    voxel_ml = float(np.prod(exam.spacing_zyx_mm)) / 1000
    change = exam.enhancement(Phase.PVP, smooth=False)
    rest = [exam.regions[n] for n in ("aorta", "spleen", "kidneys") if n in exam.regions]
    others = sum(float(change[inside].sum()) for inside in rest) * voxel_ml * per_hu
    return [
        bounded("M7", "liver share of dose", in_liver, (0.05, 0.15)),
        bounded("M7", "organs' share of dose", in_liver + others, (0.0, 0.35)),
    ]
