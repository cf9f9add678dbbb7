"""A lesion copied to another place, or into another study, as it would enhance there."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..base.errors import StudyError
from ..phantom.lesions import Lesion, draw_lesions
from ..phantom.space import share
from ..resample.grid import resample
from ..study.geometry import Geometry, Xyz
from ..study.lesions import Tissue, lesion_class
from ..study.phase import Phase
from .bench import Bench, on_reference
from .changed import Changed, row_of
from .inputs import StudyEnhancement
from .insert import finish, lay
from .local import SURROUNDINGS_MM, Bools, Field, Local, whole_mask
from .place import check_place, check_size, draw_place
from .recolor import outline

_LEAST_GAIN_HU = 5.0
"""Tissue that enhances less than this, as that of a cyst, keeps its HU."""
_EDGE_MM = 0.5
_STRAY_MM = 3.0
"""The donor's HU are kept this far beyond its outline, for the soft edge; beyond it nothing of it is used."""


def transplant(source: Bench, lesion_id: int, target: Bench, *, at_lps_mm: Xyz | None = None, seed: int = 0) -> Changed:
    """Copy lesion ``lesion_id`` of ``source`` to ``target``.

    Its voxels are kept, noise included. What they enhance is scaled by what tissue of its class enhances under the
    input functions of the target against those of the source, at the times of the phases; a phase that the source
    lacks is made from the one nearest in time.

    Raises:
        StudyError: when there is no such lesion, its class is not known, or it does not fit.
    """
    row = row_of(source, lesion_id)
    if row is None:
        raise StudyError(
            f"What class lesion {lesion_id} of '{source.study.case}' has is not known, so neither is how it would "
            "enhance elsewhere. Name it in study.json: lesions, with id and class."
        )
    middle, size_mm = outline(source, lesion_id)
    check_size(size_mm, target, what=f"Lesion {lesion_id}")
    center = at_lps_mm or draw_place(target, size_mm, seed)
    check_place(center, size_mm, target)
    drawn = draw_lesions(seed, row.lesion_class, np.zeros((1, 3)))[0]
    lesion = replace(
        drawn,
        center=center,
        long_axis_mm=size_mm,
        seed=seed,
        tissues={"body": lesion_class(row.lesion_class).tissues["body"]},
    )
    return _apply(source, lesion_id, target, lesion, middle, seed)


def _apply(source: Bench, lesion_id: int, target: Bench, lesion: Lesion, middle: Xyz, seed: int) -> Changed:
    mask = source.lesions == lesion_id
    spacing = source.geometry.spacing_zyx_mm
    depth = ndimage.distance_transform_edt(~mask, sampling=spacing) - ndimage.distance_transform_edt(
        mask, sampling=spacing
    )
    offset = np.subtract(lesion.center, middle)
    hu: dict[Phase, Field] = {}
    intended: dict[str, float] = {}
    new = np.zeros(target.geometry.shape_zyx, bool)
    for phase in target.study.phases:
        local = Local.of(target, phase, lesion.center, lesion.long_axis_mm * 0.625 + SURROUNDINGS_MM)
        donor = _back(local.rest, offset)
        distance = resample(depth.astype(np.float32), source.geometry, donor, order=1, fill=1000.0)
        own = _own_hu(source, target, lesion.tissues["body"], phase, mask)
        own = resample(np.where(depth < _STRAY_MM, own, _mean(own, mask)), source.geometry, donor, order=1)
        part, intended[str(phase)] = lay(local, share(distance, float(np.hypot(local.width_mm, _EDGE_MM))), own,
                                         seed=seed, textured=False)  # fmt: skip
        hu[phase] = local.volume
        if phase is target.reference:
            new = whole_mask(target, local, part)
    record = {
        "change": "transplant",
        "seed": seed,
        "from": {"case": source.study.case, "lesion_id": lesion_id, "inputs": source.inputs.record()},
        "intended_hu": intended,
    }
    return finish(target, hu, new, lesion, record)


def _own_hu(source: Bench, target: Bench, tissue: Tissue, phase: Phase, mask: Bools) -> Field:
    """The donor as it would look in ``phase`` of the target, (z, y, x) on the donor's reference grid."""
    have = source.study.phases
    donor = phase if phase in have else min(have, key=lambda p: abs(_time(source, p) - _time(target, phase)))
    shown = on_reference(source.study, donor, source.geometry, source.shift_mm)
    base = tissue.hu0
    if Phase.NC in have:
        base = _mean(on_reference(source.study, Phase.NC, source.geometry, source.shift_mm), mask)
    there, here = (_gain(bench, tissue)[p] for bench, p in ((target, phase), (source, donor)))
    if max(there, here) < _LEAST_GAIN_HU or phase is donor is Phase.NC:
        return shown
    if donor is Phase.NC:  # nothing to scale: the class's own enhancement
        return np.asarray(shown + there, np.float32)
    return np.asarray(shown + (_mean(shown, mask) - base) * (there / here - 1), np.float32)


def _gain(bench: Bench, tissue: Tissue) -> Mapping[Phase, float]:
    hu = StudyEnhancement(bench.inputs).hu([tissue])[0]
    return {p: float(v - hu[0]) for p, v in zip(Phase, hu, strict=True)}


def _mean(hu: Field, mask: Bools) -> float:
    return float(hu[mask].mean())


def _time(bench: Bench, phase: Phase) -> float:
    return bench.inputs.times_s[phase]


def _back(geometry: Geometry, offset: npt.NDArray[np.float64]) -> Geometry:
    """A grid in the donor's space."""
    x, y, z = np.subtract(geometry.origin_lps_mm, offset).tolist()
    return Geometry(geometry.shape_zyx, geometry.spacing_xyz_mm, (x, y, z), geometry.direction)
