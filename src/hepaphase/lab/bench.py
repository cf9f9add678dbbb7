"""A study on the bench: liver, inputs and breathing found once, so that a change can be made to every phase."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..base.errors import StudyError
from ..bundle.bundle import Bundle
from ..organs.segment import segment_organs
from ..resample.grid import resample
from ..study.geometry import Geometry, Xyz
from ..study.phase import Phase, Provenance
from ..study.study import Study, known_time_s
from .inputs import Inputs, VesselHu, fit_inputs, patient_of
from .shift import find_shift

Bools = npt.NDArray[np.bool_]

SMALLEST_LIVER_ML = 50.0
"""Less than this is no liver (our choice, as for readings)."""
_NOT_THERE_HU = -200.0
"""No vessel is as dark as this; a generated phase is air where it was not generated."""
_AORTA_EDGE_MM = 3.0
_FEWEST_VOXELS = 20
_VESSEL_SHARE = 0.01
"""Of the liver, the brightest part that is taken for portal vein."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A study and what a change needs to know about it."""

    study: Study
    reference: Phase
    geometry: Geometry
    """Of the reference phase; masks lie on it."""
    liver: Bools
    """(z, y, x)."""
    lesions: npt.NDArray[np.uint16]
    """Ids, (z, y, x)."""
    inputs: Inputs
    shift_mm: Mapping[Phase, Xyz]
    """From the reference phase to each."""


def set_up(study: Study, organs: Bundle | None, *, masks: Mapping[str, Bools] | None = None,
           device: str = "cpu") -> Bench:  # fmt: skip
    """Find liver, vessels, input functions and breathing of ``study``.

    Args:
        study: any phases; a phase that is marked as generated may be changed too.
        organs: finds what ``masks`` and the study's own masks lack; None when they lack nothing.
        masks: ``liver``, ``aorta`` and ``portal_vein`` on the reference grid, as far as they are known.
        device: where the network runs.

    Raises:
        StudyError: when there is no liver.
    """
    reference = study.reference() if study.inputs else next(iter(study.phases))
    volume = study.phases[reference]
    grid = volume.geometry
    found = dict(masks or {})
    if "liver" not in found and "liver" in study.masks:
        array, own = study.masks["liver"]
        found["liver"] = resample((array > 0).astype(np.uint8), own, grid, order=0) > 0
    wanted = tuple(name for name in ("liver", "aorta") if name not in found)
    if wanted and organs is not None:
        found |= {n: m > 0 for n, m in segment_organs(volume, organs, names=wanted, device=device).items()}
    liver = found.get("liver", np.zeros(grid.shape_zyx, bool))
    volume_ml = float(np.count_nonzero(liver)) * grid.voxel_ml
    if volume_ml < SMALLEST_LIVER_ML:
        raise StudyError(
            f"'{study.case}' shows no liver to work in ({volume_ml:.0f} ml found in the {reference} phase). "
            "Choose a scan of the upper abdomen, or put a liver mask beside it."
        )
    shifts = {p: find_shift(v, volume, liver, grid) if _moves(p, study, reference) else (0.0, 0.0, 0.0)
              for p, v in study.phases.items()}  # fmt: skip
    lesions = _lesions(study, grid)
    vessels = measure_vessels(study, reference, found, lesions > 0, shifts)
    times = {p: known_time_s(p, v.time_s) if not v.provenance.is_input else v.time_s for p, v in study.phases.items()}
    inputs = fit_inputs(vessels, times, patient_of(study.clinical))
    return Bench(study, reference, grid, liver, lesions, inputs, shifts)


def _moves(phase: Phase, study: Study, reference: Phase) -> bool:
    """A generated phase was made from the reference and lies on it."""
    return phase is not reference and study.phases[phase].provenance is not Provenance.SYNTHETIC


def _lesions(study: Study, grid: Geometry) -> npt.NDArray[np.uint16]:
    if "lesions" not in study.masks:
        return np.zeros(grid.shape_zyx, np.uint16)
    array, own = study.masks["lesions"]
    return np.asarray(resample(array.astype(np.uint16), own, grid, order=0))


def measure_vessels(
    study: Study, reference: Phase, masks: Mapping[str, Bools], lesions: Bools, shifts: Mapping[Phase, Xyz]
) -> VesselHu:
    """Median HU of aorta and portal vein in each phase, inside their masks (reference grid).

    Generated phases say nothing of the inputs that the scanned ones do not, and their vessels are blurred, so they are
    left out unless there is nothing else. Without a mask of the portal vein it is taken to be the brightest hundredth
    of the liver in the portal venous or delayed phase, where hepatic veins are as bright; without such a phase it stays
    unknown.
    """
    grid = study.phases[reference].geometry
    portal = masks.get("portal_vein")
    if portal is None:
        portal = _brightest(study, reference, masks["liver"] & ~lesions, shifts)
    rois = {"aorta": _inner(masks.get("aorta"), grid), "portal_vein": portal}
    return VesselHu(**{name: {} if roi is None else _medians(study, roi, grid, shifts) for name, roi in rois.items()})


def _inner(mask: Bools | None, grid: Geometry) -> Bools | None:
    """A vessel's mask without its edge."""
    if mask is None or not mask.any():
        return None
    depth = ndimage.distance_transform_edt(mask, sampling=grid.spacing_zyx_mm)
    return np.asarray(depth > min(_AORTA_EDGE_MM, 0.5 * float(depth.max())))


def _brightest(study: Study, reference: Phase, liver: Bools, shifts: Mapping[Phase, Xyz]) -> Bools | None:
    phase = next((p for p in (Phase.PVP, Phase.DP) if p in (study.inputs or study.phases)), None)
    if phase is None:
        return None
    grid = study.phases[reference].geometry
    hu = on_reference(study, phase, grid, shifts)
    seen = ndimage.gaussian_filter(hu, [1.0 / s for s in grid.spacing_zyx_mm], truncate=2.5)
    inside = ndimage.binary_erosion(liver)
    if np.count_nonzero(inside) < _FEWEST_VOXELS / _VESSEL_SHARE:
        return None
    return np.asarray(inside & (seen > np.quantile(seen[inside], 1 - _VESSEL_SHARE)))


def on_reference(study: Study, phase: Phase, grid: Geometry, shifts: Mapping[Phase, Xyz]) -> npt.NDArray[np.float32]:
    """A phase on the reference grid, breathing undone."""
    volume = study.phases[phase]
    origin = np.subtract(volume.geometry.origin_lps_mm, shifts[phase])
    moved = replace(volume.geometry, origin_lps_mm=(float(origin[0]), float(origin[1]), float(origin[2])))
    return np.asarray(resample(volume.hu, moved, grid, order=1))


def _medians(study: Study, roi: Bools, grid: Geometry, shifts: Mapping[Phase, Xyz]) -> dict[Phase, float]:
    values = {}
    for phase in study.inputs or study.phases:
        hu: npt.NDArray[Any] = on_reference(study, phase, grid, shifts)[roi]
        hu = hu[hu > _NOT_THERE_HU]
        if len(hu) >= _FEWEST_VOXELS:
            values[phase] = float(np.median(hu))
    return values
