"""The major features of LI-RADS as numbers, from scanned phases alone; thresholds of the physics notes, F."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..study.findings import Measured
from ..study.phase import Phase
from ..study.study import AlignedStudy

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

APHE_HU = 10.0
"""Arterial hyperenhancement: the hottest part of the lesion brighter than the liver by this, and likewise enhanced."""
_HOTTEST = 0.3
RIM_HU = 15.0
"""Rim: the outer quarter brighter than the core by this, over half of the surface."""
_OUTER, _HALF = 0.25, 0.5
WASHOUT_PERCENT = 107.0
"""Liver to lesion, from which on the lesion is dark (Liu 2013, at DP: sensitivity 100 %, specificity 76 %)."""
FALL_HU = 5.0
"""By which the lesion was brighter in an earlier phase (our choice: below this a curve is a plateau)."""
CAPSULE_HU = 8.0
_CAPSULE_MM, _BESIDE_MM = 1.5, (3.0, 6.0)
CAPSULE_VOXEL_MM = 1.5
"""Wider voxels cannot show a capsule of 1 to 3 mm (our choice)."""
_CALM_MM = 2.0
"""Noise is smoothed by this before the hottest part is taken, which would be noise alone otherwise (our choice)."""
_MARGIN_MM = 8.0
_NUM_SECTORS = 20
_FEWEST_SECTORS = 4

APHE = ("nonrim", "rim", "absent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Major:
    """Which major features one lesion has."""

    aphe: str
    """One of ``APHE``."""
    washout: bool
    """Not of the periphery alone."""
    peripheral_washout: bool
    central_delay: bool
    """The core brighter than the outer quarter in DP, after it was not in AP."""
    capsule: bool | None
    """None where voxels are too large to show one."""
    measured: Mapping[str, float]
    """HU, or percent, that this rests on."""


def major_features(
    study: AlignedStudy, lesion_id: int, lesion: Mapping[Phase, Measured], liver: Mapping[Phase, Measured]
) -> Major:
    """What is measured of lesion ``lesion_id`` of ``study.masks["lesions"]``.

    Args:
        study: with AP, PVP and DP scanned, on one grid.
        lesion_id: which.
        lesion: its HU.
        liver: those of the liver.
    """
    own = Part.of(study, lesion_id)
    aphe, told = arterial(own, lesion, liver)
    fall = washout(own, lesion, liver)
    return Major(
        aphe=aphe,
        washout=fall.is_dark and not fall.is_peripheral,
        peripheral_washout=fall.is_peripheral,
        central_delay=central_delay(own)[0],
        capsule=own.has_capsule(LATE),
        measured={**told, **fall.measured},
    )


LATE = (Phase.PVP, Phase.DP)
_EARLIER = {Phase.PVP: (Phase.AP,), Phase.DP: (Phase.AP, Phase.PVP)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Washout:
    """Whether a lesion fell below the liver after it was brighter."""

    is_dark: bool
    is_peripheral: bool
    """Of the periphery alone."""
    measured: Mapping[str, float]


def washout_phases(scanned: Mapping[Phase, Measured]) -> tuple[Phase, ...]:
    """The late phases with an earlier one to have fallen from."""
    return tuple(p for p in LATE if p in scanned and any(e in scanned for e in _EARLIER[p]))


def washout(own: "Part", lesion: Mapping[Phase, Measured], liver: Mapping[Phase, Measured]) -> Washout:
    """Washout in the phases of ``lesion``, all of them scanned, that can show it."""
    washed = {
        p: 100 * liver[p].mean_hu / lesion[p].mean_hu for p in washout_phases(lesion) if lesion[p].mean_hu > FALL_HU
    }
    dark = [p for p in washed if washed[p] >= WASHOUT_PERCENT and _fell(lesion, p)]
    return Washout(
        is_dark=bool(dark),
        is_peripheral=bool(dark) and all(own.rim_less_core(p) <= -RIM_HU for p in dark),
        measured={f"{p.lower()}_liver_to_lesion_percent": v for p, v in washed.items()},
    )


def central_delay(own: "Part") -> tuple[bool, dict[str, float]]:
    """Whether the core is brighter than the outer quarter in DP and was not in AP, and by how much."""
    late, early = own.rim_less_core(Phase.DP), own.rim_less_core(Phase.AP)
    return late <= -RIM_HU and early > 0, {"dp_rim_minus_core_hu": late, "ap_rim_minus_core_hu": early}


def _fell(lesion: Mapping[Phase, Measured], phase: Phase) -> bool:
    earlier = [p for p in _EARLIER[phase] if p in lesion]
    return any(lesion[p].mean_hu - lesion[phase].mean_hu >= FALL_HU for p in earlier)


def arterial(
    own: "Part", lesion: Mapping[Phase, Measured], liver: Mapping[Phase, Measured]
) -> tuple[str, dict[str, float]]:
    """Arterial hyperenhancement, one of ``APHE``, and what it was told by; NC is looked at where it was scanned."""
    values = np.sort(own.calm(Phase.AP)[own.mask])
    hottest = float(values[int((1 - _HOTTEST) * len(values)) :].mean()) - liver[Phase.AP].mean_hu
    told = {"ap_hottest_minus_liver_hu": hottest, "ap_rim_minus_core_hu": own.rim_less_core(Phase.AP)}
    bright = hottest >= APHE_HU
    if Phase.NC in lesion and Phase.NC in liver and Phase.NC in own.study.inputs:
        gain = lesion[Phase.AP].mean_hu - lesion[Phase.NC].mean_hu
        told["ap_enhancement_over_liver_hu"] = gain - (liver[Phase.AP].mean_hu - liver[Phase.NC].mean_hu)
    if own.has_rim(Phase.AP):
        return ("rim" if bright else "absent"), told
    return ("nonrim" if bright and told.get("ap_enhancement_over_liver_hu", APHE_HU) >= APHE_HU else "absent"), told


@dataclass(frozen=True, slots=True)
class Part:
    """One lesion in a box with a margin."""

    study: AlignedStudy
    box: tuple[slice, ...]
    mask: Bools
    depth_mm: Floats
    """Distance to the surface: positive inside, negative outside."""
    sector: npt.NDArray[np.intp]
    """Which of a few directions from the middle each voxel lies in."""

    @classmethod
    def of(cls, study: AlignedStudy, lesion_id: int, found: tuple[slice, ...] | None = None) -> "Part":
        """Of ``study.masks["lesions"]``; ``found`` is the part of it that holds the lesion, where that is known."""
        spacing = study.geometry.spacing_zyx_mm
        lesions = study.masks["lesions"]
        if found is None:
            found = ndimage.find_objects((lesions == lesion_id).astype(np.uint8))[0]
        margin = [int(np.ceil(_MARGIN_MM / s)) for s in spacing]
        box = tuple(slice(max(0, s.start - m), s.stop + m) for s, m in zip(found, margin, strict=True))
        mask = np.asarray(lesions[box] == lesion_id)
        padded = np.pad(mask, 1)
        inner = ndimage.distance_transform_edt(padded, sampling=spacing)
        outer = ndimage.distance_transform_edt(~padded, sampling=spacing)
        depth = np.where(padded, inner - min(spacing) / 2, min(spacing) / 2 - outer)[1:-1, 1:-1, 1:-1]
        away = (np.moveaxis(np.indices(mask.shape), 0, -1) - np.argwhere(mask).mean(axis=0)) * np.asarray(spacing)
        return cls(study, box, mask, depth, (away @ _directions().T).argmax(axis=-1))

    def calm(self, phase: Phase) -> Floats:
        """HU of one phase in the box, smoothed."""
        sigma = [_CALM_MM / s for s in self.study.geometry.spacing_zyx_mm]
        return np.asarray(ndimage.gaussian_filter(self.study.hu[phase][self.box].astype(float), sigma))

    def _outer(self) -> tuple[Bools, Bools]:
        """The outer quarter of the volume and the rest."""
        bound = float(np.quantile(self.depth_mm[self.mask], _OUTER))
        shell = self.mask & (self.depth_mm <= bound)
        return shell, self.mask & ~shell

    def rim_less_core(self, phase: Phase) -> float:
        """Mean HU of the outer quarter minus that of the rest; 0 where there is no rest."""
        shell, core = self._outer()
        hu = self.study.hu[phase][self.box]
        return float(hu[shell].mean() - hu[core].mean()) if core.any() and shell.any() else 0.0

    def has_rim(self, phase: Phase) -> bool:
        """Whether the outer quarter is brighter than the core over half of the surface."""
        shell, core = self._outer()
        if not core.any():
            return False
        hu = self.study.hu[phase][self.box]
        means = self._by_sector(hu, shell)
        return len(means) >= _FEWEST_SECTORS and float(np.mean(means - hu[core].mean() >= RIM_HU)) >= _HALF

    def has_capsule(self, late: Sequence[Phase]) -> bool | None:
        """Whether a thin shell is brighter than both its sides over half of the surface in one of the phases ``late``.

        None where voxels are too large to show one.
        """
        if max(self.study.geometry.spacing_zyx_mm) > CAPSULE_VOXEL_MM:
            return None
        near, far = _BESIDE_MM
        liver = self.study.masks["liver"][self.box] > 0
        parts = (
            np.abs(self.depth_mm) <= _CAPSULE_MM,
            (self.depth_mm > near) & (self.depth_mm < far),
            (self.depth_mm < -near) & (self.depth_mm > -far) & liver,
        )
        for phase in late:
            hu = self.study.hu[phase][self.box]
            shell, inside, outside = (self._by_sector(hu, part, fill=np.nan) for part in parts)
            seen = np.isfinite(shell) & np.isfinite(inside) & np.isfinite(outside)
            over = shell - np.fmax(inside, outside)
            if seen.sum() >= _FEWEST_SECTORS and float(np.mean(over[seen] >= CAPSULE_HU)) >= _HALF:
                return True
        return False

    def _by_sector(self, hu: npt.NDArray[np.floating], part: Bools, *, fill: float | None = None) -> Floats:
        """Mean HU of ``part`` in each direction that has any; with ``fill`` in all, that where there is none."""
        count = np.bincount(self.sector[part], minlength=_NUM_SECTORS)
        total = np.bincount(self.sector[part], hu[part], minlength=_NUM_SECTORS)
        mean = total / np.maximum(count, 1)
        return mean[count > 0] if fill is None else np.where(count > 0, mean, fill)


def _directions() -> Floats:
    """Unit vectors (S, 3) spread evenly over the sphere, z y x."""
    k = np.arange(_NUM_SECTORS) + 0.5
    z, turn = 1 - 2 * k / _NUM_SECTORS, np.pi * (1 + 5**0.5) * k
    return np.stack([z, np.sqrt(1 - z**2) * np.sin(turn), np.sqrt(1 - z**2) * np.cos(turn)], axis=1)
