"""M8, M9 and M12: whether one circulation and one tissue per voxel explain all phases."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ...base.seeds import stream
from ...kinetics.basis import basis_of_curves, rate_weights
from ...kinetics.fit import Fitted, Observation, fit_circulation
from ...kinetics.patient import Patient
from ...study.phase import Phase
from .exam import PhysicsExam
from .item import Item, bounded, missing

Floats = npt.NDArray[np.float64]

FLOW_ML_MIN_100ML = 100.0
"""Held fixed: three phases carry two numbers per voxel, the arterial share and the volume (notes, M8)."""
_REGIONS_SD_HU = {"aorta": 10.0, "portal_vein": 8.0, "spleen": 8.0}
"""Uncertainty of each region in the fit of the circulation (our choice; the model is off by as much)."""
_NUM_VOXELS = 2000
_STEPS_S = np.arange(-60.0, 61.0, 2.0)
_SURE = 4.0
"""Rise of chi-square within which a time is as good as the best (two standard deviations)."""


@dataclass(frozen=True, slots=True)
class ExamFit:
    """The circulation behind an exam, and a curve for some of its voxels."""

    circulation: Fitted
    residual_hu: Floats
    """(N,) observed minus fitted enhancement of vessels and spleen."""
    shifts_s: dict[Phase, float]
    """How far from its label each phase must lie at least."""
    voxels: Floats
    """(V, P) enhancement of voxels of liver and lesions, smoothed."""
    fitted: Floats
    """(V, P) of the tissue that fits best."""
    places: npt.NDArray[np.int64]
    """(V,) positions in the flattened volume."""


def explained(exam: PhysicsExam) -> list[Item]:
    """M8: what the tissue model leaves unexplained in liver and lesions, in units of noise."""
    fit = _fit_or_why(exam)
    if isinstance(fit, str):
        return [missing("M8", "chi-square median", fit)]
    noise = np.array([exam.noise_of_enhancement(p) for p in exam.enhanced])
    misses = (fit.voxels - fit.fitted) / noise
    freedom = max(1, len(noise) - 2)
    chi = np.square(misses).sum(axis=1) / freedom
    return [
        bounded("M8", "chi-square median", float(np.median(chi)), (0.0, 1.5)),
        bounded("M8", "chi-square 95th percentile", float(np.quantile(chi, 0.95)), (0.0, 4.0)),
        bounded("M8", "misfit", float(np.sqrt(np.square(misses).mean())), (0.0, 1.3), "times the noise"),
    ]


def one_circulation(exam: PhysicsExam) -> list[Item]:
    """M9: how well one circulation explains vessels and spleen in all phases, and the times it implies."""
    fit = _fit_or_why(exam)
    if isinstance(fit, str):
        return [missing("M9", "residual RMS", fit)]
    items = [
        bounded("M9", "residual RMS", float(np.sqrt(np.square(fit.residual_hu).mean())), (0.0, 12.0), "HU"),
        bounded("M9", "residual largest", float(np.abs(fit.residual_hu).max()), (0.0, 25.0), "HU"),
    ]
    return items + [bounded("M9", f"time off {p}", abs(s), (0.0, 10.0), "s") for p, s in fit.shifts_s.items()]


def reversible(exam: PhysicsExam) -> list[Item]:
    """M12: taking away the iodine of the fitted tissue gives back the non-contrast phase.

    For the enhancement itself this would hold by definition; the fitted curve knows nothing of single voxels' noise.
    """
    fit = _fit_or_why(exam)
    if isinstance(fit, str):
        return [missing("M12", "return to NC", fit)]
    items = []
    for number, phase in enumerate(exam.enhanced):
        left = np.abs(fit.voxels[:, number] - fit.fitted[:, number]).mean()
        value = float(left / exam.noise_of_enhancement(phase))
        items.append(bounded("M12", f"return to NC {phase}", value, (0.0, 1.0), "times the noise"))
    return items


def iodine_mg_per_ml(hu: npt.ArrayLike, unenhanced_hu: npt.ArrayLike, *, kappa: float) -> Floats:
    """Iodine from a pair of phases on one grid: enhancement over kappa; misregistration goes into it in full."""
    return (np.asarray(hu, np.float64) - np.asarray(unenhanced_hu, np.float64)) / kappa


def virtual_non_contrast(hu: npt.ArrayLike, mg_per_ml: npt.ArrayLike, *, kappa: float) -> Floats:
    """A phase without the contrast agent that an iodine map says it holds."""
    return np.asarray(hu, np.float64) - kappa * np.asarray(mg_per_ml, np.float64)


def _fit_or_why(exam: PhysicsExam) -> "ExamFit | str":
    if Phase.NC not in exam.hu:
        return "there is no non-contrast phase"
    if len(exam.enhanced) < 2:
        return "it needs two phases with contrast agent"
    if "aorta" not in exam.regions:
        return "there is no mask of the aorta"
    return _cached(_Key(exam))


@dataclass(frozen=True, eq=False, slots=True)
class _Key:
    """An exam by identity, so that three measures share one fit."""

    exam: PhysicsExam

    def __hash__(self) -> int:
        return id(self.exam)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.exam is self.exam


@lru_cache(maxsize=1)
def _cached(key: _Key) -> ExamFit:
    return fit_exam(key.exam)


def fit_exam(exam: PhysicsExam) -> ExamFit:
    """Fit circulation and tissues; the exam must have a non-contrast phase, two others and an aorta."""
    observations = [
        Observation(roi=name, time_s=exam.time_s[p], enhancement_hu=exam.mean(name, p), sd_hu=sd)
        for name, sd in _REGIONS_SD_HU.items()
        if name in exam.regions
        for p in exam.enhanced
    ]
    found = fit_circulation(observations, Patient(), max_evaluations=8)
    shifts = {p: _shift(found, [o for o in observations if o.time_s == exam.time_s[p]]) for p in exam.enhanced}
    inside = np.flatnonzero((exam.regions["liver"] | exam.regions["lesions"]).ravel())
    rng = stream(0, "physics", exam.case)
    places = inside if len(inside) <= _NUM_VOXELS else np.sort(rng.choice(inside, _NUM_VOXELS, replace=False))
    voxels = np.stack([exam.enhancement(p).ravel()[places] for p in exam.enhanced], axis=1).astype(np.float64)
    noise = np.array([exam.noise_of_enhancement(p) for p in exam.enhanced])
    curves = tissue_curves(found, [exam.time_s[p] for p in exam.enhanced])
    nearest = _nearest(voxels / noise, curves / noise)
    return ExamFit(found, found.residual_hu, shifts, voxels, curves[nearest], places.astype(np.int64))


def tissue_curves(fitted: Fitted, times_s: list[float]) -> Floats:
    """Enhancement in HU of tissues of two parameters at ``times_s``, (tissues, T).

    One well-mixed volume v (0.02 to 0.95) fed at 100 mL/min/100 mL, a share of it arterial (0 to 1): F exp(-F t / v).
    """
    flow_per_s = FLOW_ML_MIN_100ML / 6000
    volumes, shares = np.geomspace(0.02, 0.95, 60), np.linspace(0, 1, 21)
    curves = fitted.circulation.mg_per_ml
    basis = basis_of_curves(fitted.circulation.time_s, curves["aorta"], curves["portal_vein"], times_s)
    weights = flow_per_s * rate_weights(flow_per_s / volumes)
    arterial, portal = weights @ basis.arterial, weights @ basis.portal
    mixed = shares[:, None, None] * arterial + (1 - shares[:, None, None]) * portal
    return np.asarray(fitted.kappa * mixed.reshape(-1, len(times_s)))


def _nearest(points: Floats, curves: Floats) -> npt.NDArray[np.int64]:
    """For each point (V, T) the nearest of ``curves`` (N, T)."""
    distance = np.square(curves).sum(axis=1) - 2 * points @ curves.T
    return np.asarray(distance.argmin(axis=1))


def _shift(found: Fitted, observations: list[Observation]) -> float:
    """The smallest change of a phase's time that explains its regions as well as any, in seconds."""
    times = np.clip(observations[0].time_s + _STEPS_S, 0, found.circulation.time_s[-1])
    misses = [(o.enhancement_hu - found.enhancement_hu(o.roi, times)) / o.sd_hu for o in observations]
    chi = np.square(misses).sum(axis=0)
    good = _STEPS_S[chi <= chi.min() + _SURE]
    return float(good[np.abs(good).argmin()])
