"""What the measures look at: phases on one grid, their noise, and the regions of organs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ...kinetics.tube import kappa_hu_per_mg_ml
from ...phantom.labels import Organ
from ...study.phase import Phase
from ...study.study import AlignedStudy

Floats = npt.NDArray[np.floating]
Bools = npt.NDArray[np.bool_]

SMOOTHING_MM = 4.0
"""Full width at half maximum of the smoothing, within the 3 to 5 mm of the notes."""
LEAST_NOISE_HU = 0.5
"""Noise below this is not believed: volumes are stored in whole HU."""
VESSELS = ("aorta", "portal_vein", "hepatic_vein", "vena_cava")
LIVER_VESSELS = ("portal_vein", "hepatic_vein")
"""Those within the liver, which our organ model does not find."""
LABELS = {
    "spleen": Organ.SPLEEN,
    "kidneys": Organ.KIDNEY,
    "aorta": Organ.AORTA,
    "portal_vein": Organ.PORTAL_VEIN,
    "vena_cava": Organ.IVC,
    "hepatic_vein": Organ.HEPATIC_VEIN,
    "gallbladder": Organ.GALLBLADDER,
    "muscle": Organ.MUSCLE,
    "bones": Organ.BONE,
}
"""Our region to the label of a simulated patient."""
_ROUND = ("spleen", "kidneys", "gallbladder", "muscle", "bones", "liver")
"""Regions whose outermost voxel is left out: it is shared with the neighbor."""
_FAT_HU = (-140.0, -60.0)
_GAS_HU = -700.0
_CORE = 0.6
"""Share of the largest depth from which a voxel belongs to the middle of a vessel."""


@dataclass(frozen=True)
class PhysicsExam:
    """One exam, ready to be measured; arrays (z, y, x)."""

    case: str
    hu: Mapping[Phase, Floats]
    time_s: Mapping[Phase, float]
    synthetic: frozenset[Phase]
    """Phases that were generated."""
    spacing_zyx_mm: tuple[float, float, float]
    regions: Mapping[str, Bools]
    """Inner voxels: ``liver`` without lesions and vessels, ``lesions``, ``fat``, ``gas``, and the organs known."""
    liver_ml: float
    """Of the whole liver, lesions included."""
    kappa: float
    """HU per mg iodine in a milliliter."""
    dose_mg: float | None = None
    """Iodine given; None when not known."""

    @cached_property
    def smooth(self) -> Mapping[Phase, Floats]:
        """Each phase smoothed by ``SMOOTHING_MM``."""
        sigma = self._sigma_voxels
        return {p: np.asarray(ndimage.gaussian_filter(np.asarray(hu, np.float32), sigma)) for p, hu in self.hu.items()}

    @cached_property
    def noise_hu(self) -> Mapping[Phase, float]:
        """Noise of each phase, from second differences through slices of the liver, where nothing is that rough."""
        return {p: noise_of(hu, self.regions["liver"]) for p, hu in self.hu.items()}

    @cached_property
    def smooth_noise_hu(self) -> Mapping[Phase, float]:
        """Noise left after smoothing, as far as voxels are independent."""
        impulse = np.zeros((15, 15, 15), np.float32)
        impulse[7, 7, 7] = 1
        kernel = ndimage.gaussian_filter(impulse, self._sigma_voxels)
        factor = float(np.square(kernel).sum()) ** 0.5
        return {p: max(LEAST_NOISE_HU, noise * factor) for p, noise in self.noise_hu.items()}

    @property
    def enhanced(self) -> tuple[Phase, ...]:
        """Phases with contrast agent, in order of time."""
        return tuple(p for p in Phase if p in self.hu and p is not Phase.NC)

    def enhancement(self, phase: Phase, *, smooth: bool = True) -> Floats:
        """HU above the non-contrast phase, (z, y, x)."""
        volumes = self.smooth if smooth else self.hu
        return np.asarray(volumes[phase] - volumes[Phase.NC])

    def noise_of_enhancement(self, phase: Phase) -> float:
        """Standard deviation of :meth:`enhancement` by noise alone."""
        return float(np.hypot(self.smooth_noise_hu[phase], self.smooth_noise_hu[Phase.NC]))

    def mean(self, region: str, phase: Phase) -> float:
        """Enhancement of a region in HU; NaN where the region, the phase or the non-contrast phase is missing.

        The mean between the quartiles, so that a stray voxel does not count; vessels are read in their middle.
        """
        if region not in self.regions or phase not in self.hu or Phase.NC not in self.hu:
            return float("nan")
        values = np.asarray(self.hu[phase][self.regions[region]], np.float64) - self.hu[Phase.NC][self.regions[region]]
        low, high = np.quantile(values, [0.25, 0.75]) if values.size else (0.0, 0.0)
        middle = values[(values >= low) & (values <= high)]
        middle = middle if middle.size else values  # of two voxels none lies between the quartiles
        return float(middle.mean()) if middle.size else float("nan")

    @property
    def _sigma_voxels(self) -> tuple[float, ...]:
        return tuple(SMOOTHING_MM / 2.3548 / step for step in self.spacing_zyx_mm)


def noise_of(hu: Floats, inside: Bools) -> float:
    """Standard deviation of what is rough from slice to slice, robust against edges; 0.5 HU at least."""
    rough = np.asarray(hu, np.float32)[2:] - 2 * np.asarray(hu, np.float32)[1:-1] + np.asarray(hu, np.float32)[:-2]
    here = inside[2:] & inside[1:-1] & inside[:-2]
    if not here.any():
        return LEAST_NOISE_HU
    values = rough[here]
    spread = 1.4826 * float(np.median(np.abs(values)))
    kept = values[np.abs(values) <= 3 * max(spread, LEAST_NOISE_HU)]  # not the median itself: files hold whole HU
    found = float(kept.std()) / float(np.sqrt(6.0))
    return found if found > LEAST_NOISE_HU else LEAST_NOISE_HU


def examine(
    study: AlignedStudy,
    organs: Mapping[str, npt.NDArray[np.integer]],
    *,
    kappa: float | None = None,
    dose_mg: float | None = None,
) -> PhysicsExam:
    """A study and its organ masks as the measures want them.

    Args:
        study: any phases, generated ones included, with the mask ``liver`` and, where known, ``lesions``.
        organs: masks of the names in ``LABELS``, nonzero inside, as far as known.
        kappa: HU per mg/ml; that of 120 kVp when None.
        dose_mg: iodine given, for the measures of mass.
    """
    liver = study.masks["liver"] > 0
    lesions = study.masks["lesions"] > 0 if "lesions" in study.masks else np.zeros_like(liver)
    vessels = np.zeros_like(liver)
    for name in VESSELS:
        vessels |= organs[name] > 0 if name in organs else False
    first = np.asarray(study.hu[next(p for p in Phase if p in study.hu)])
    whole = {name: organs[name] > 0 for name in LABELS if name in organs}
    whole["liver"] = liver & ~lesions & ~ndimage.binary_dilation(vessels)
    regions = {name: _inner(name, mask) for name, mask in whole.items()}
    regions["lesions"] = np.asarray(lesions & liver)
    body = study.masks["body"] > 0 if "body" in study.masks else _filled(first > -400)
    regions["fat"] = ndimage.binary_erosion(body & (first > _FAT_HU[0]) & (first < _FAT_HU[1]))
    regions["gas"] = ndimage.binary_erosion(body & (first < _GAS_HU), iterations=2)
    return PhysicsExam(
        case=study.case,
        hu=study.hu,
        time_s=study.time_s,
        synthetic=frozenset(p for p in study.hu if not study.provenance[p].is_input),
        spacing_zyx_mm=study.geometry.spacing_zyx_mm,
        regions={name: mask for name, mask in regions.items() if mask.any() or name in ("liver", "lesions")},
        liver_ml=float(np.count_nonzero(liver)) * study.geometry.voxel_ml,
        kappa=kappa_hu_per_mg_ml(120.0) if kappa is None else kappa,
        dose_mg=dose_mg,
    )


def organs_of_labels(labels: npt.NDArray[np.integer]) -> dict[str, npt.NDArray[np.uint8]]:
    """Masks of the regions in a label map of ``phantom.labels.Organ``."""
    return {name: np.asarray(labels == label, np.uint8) for name, label in LABELS.items()}


def _filled(mask: Bools) -> Bools:
    """Holes closed slice by slice, so that lungs that a crop opens count as inside."""
    return np.stack([ndimage.binary_fill_holes(one) for one in mask])


def _inner(name: str, mask: Bools) -> Bools:
    """Without the voxels at the surface; the whole mask where nothing else is left."""
    if name in VESSELS:
        depth = ndimage.distance_transform_edt(mask)
        return np.asarray(mask & (depth >= max(1.0, _CORE * depth.max(initial=0))))
    inner = ndimage.binary_erosion(mask) if name in _ROUND else mask
    return np.asarray(inner if inner.any() else mask)
