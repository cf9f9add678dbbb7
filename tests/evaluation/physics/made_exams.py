"""Exams whose every region holds the value that a circulation gives it."""

from dataclasses import replace

import numpy as np
from scipy import ndimage

from hepaphase.evaluation.physics.exam import PhysicsExam
from hepaphase.kinetics.basis import basis_of_curves, rate_weights
from hepaphase.kinetics.circulation import circulate
from hepaphase.kinetics.injection import Injection
from hepaphase.kinetics.patient import Patient
from hepaphase.study.phase import Phase

TIMES_S = {Phase.NC: 0.0, Phase.AP: 37.0, Phase.PVP: 70.0, Phase.DP: 180.0}
KAPPA = 25.3
UNENHANCED_HU = {
    "liver": 55.0,
    "aorta": 42.0,
    "portal_vein": 41.0,
    "spleen": 48.0,
    "kidneys": 32.0,
    "hepatic_vein": 40.0,
    "muscle": 55.0,
    "fat": -100.0,
    "gas": -900.0,
    "bones": 300.0,
}
ROIS = {"spleen": "spleen", "kidneys": "kidney", "aorta": "aorta", "portal_vein": "portal_vein"}
LIVER_VOLUME, LIVER_SHARE = 0.3, 0.25
"""Of the liver's well-mixed tissue: a volume, and the arterial part of its blood."""


def made_exam(*, noise_hu: float = 5.0, seed: int = 0) -> PhysicsExam:
    """A stack of slabs, the liver the largest."""
    shape = (24, 40, 72)
    rng = np.random.default_rng(seed)
    regions = _slabs(shape)
    curves, no_lesions = enhancements(), np.zeros(shape, bool)
    hu = {}
    for phase in Phase:
        volume = np.full(shape, 20.0)
        for name, inside in regions.items():
            volume[inside] = UNENHANCED_HU[name] + curves[name][phase]
        hu[phase] = (volume + rng.normal(0, noise_hu, shape)).astype(np.float32)
    return PhysicsExam(
        case="made",
        hu=hu,
        time_s=TIMES_S,
        synthetic=frozenset(),
        spacing_zyx_mm=(4.0, 3.0, 3.5),
        regions={**{n: ndimage.binary_erosion(r, iterations=2) for n, r in regions.items()}, "lesions": no_lesions},
        liver_ml=1500.0,
        kappa=KAPPA,
        dose_mg=37100.0,
    )


def enhancements() -> dict[str, dict[Phase, float]]:
    """Region to phase to HU."""
    flow = circulate(Patient(), Injection.for_patient(70.0))
    curves = {
        name: {p: KAPPA * float(np.interp(t, flow.time_s, flow.mg_per_ml[roi])) for p, t in TIMES_S.items()}
        for name, roi in ROIS.items()
    }
    still = dict.fromkeys(Phase, 0.0)
    curves |= {name: dict(still) for name in ("fat", "gas", "bones")}
    curves["muscle"] = {Phase.NC: 0.0, Phase.AP: 3.0, Phase.PVP: 9.0, Phase.DP: 14.0}
    curves["hepatic_vein"] = {p: 0.5 * value for p, value in curves["portal_vein"].items()}
    curves["liver"] = dict(zip(Phase, _liver(flow), strict=True))
    return curves


def _liver(flow) -> list[float]:
    basis = basis_of_curves(flow.time_s, flow.mg_per_ml["aorta"], flow.mg_per_ml["portal_vein"], list(TIMES_S.values()))
    weights = 100 / 6000 * rate_weights(100 / 6000 / LIVER_VOLUME)
    mixed = LIVER_SHARE * (weights @ basis.arterial) + (1 - LIVER_SHARE) * (weights @ basis.portal)
    return (KAPPA * mixed).tolist()


def changed(exam: PhysicsExam, phase: Phase, inside: np.ndarray, by_hu: float) -> PhysicsExam:
    """The exam with ``by_hu`` added to a part of one phase."""
    hu = exam.hu[phase].copy()
    hu[inside] += by_hu
    return replace(exam, hu={**exam.hu, phase: hu})


def without(exam: PhysicsExam, phase: Phase) -> PhysicsExam:
    return replace(exam, hu={p: hu for p, hu in exam.hu.items() if p is not phase})


def _slabs(shape: tuple[int, int, int]) -> dict[str, np.ndarray]:
    regions = {}
    liver = np.zeros(shape, bool)
    liver[2:-2, 2:-2, 2:34] = True
    regions["liver"] = liver
    for number, name in enumerate(n for n in UNENHANCED_HU if n != "liver"):
        part = np.zeros(shape, bool)
        row, column = divmod(number, 3)
        part[3:-3, 2 + 12 * row : 12 + 12 * row, 37 + 12 * column : 45 + 12 * column] = True
        regions[name] = part
    return regions
