"""A drawn lesion put into every phase of a study."""

from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from ..phantom.growth import paint
from ..phantom.lesions import Lesion
from ..study.phase import Phase
from ..study.study import LesionRow
from .bench import Bench
from .canonical import places_of
from .changed import Changed, change_study, contrast
from .inputs import StudyEnhancement
from .local import SURROUNDINGS_MM, Bools, Field, Local, whole_mask


def insert(bench: Bench, lesion: Lesion, *, seed: int) -> Changed:
    """Paint ``lesion`` into all phases, with the HU that the study's own input functions give its tissues.

    What the scan has of noise and fine texture stays where the lesion comes to lie; where there was a vessel, texture
    of liver nearby takes its place. ``seed`` chooses that.
    """
    hu: dict[Phase, Field] = {}
    mask: Bools = np.zeros(bench.geometry.shape_zyx, bool)
    intended: dict[str, float] = {}
    for phase in bench.study.phases:
        local = Local.of(bench, phase, lesion.center, lesion.long_axis_mm * 0.625 + SURROUNDINGS_MM)
        part, intended[str(phase)] = _lay_lesion(local, bench, lesion, seed)
        hu[phase] = local.volume
        if phase is bench.reference:
            mask = whole_mask(bench, local, part)
    return finish(bench, hu, mask, lesion, {"change": "insert", "seed": seed, "intended_hu": intended})


def finish(
    bench: Bench, hu: dict[Phase, Field], mask: Bools, lesion: Lesion, record: dict[str, Any], *, number: int = 0
) -> Changed:
    """The study with the painted lesion in mask and table; ``number`` is its id, 0 for a new one."""
    used = [int(bench.lesions.max()), *(row.lesion_id for row in bench.study.lesion_table or ())]
    lesion_id = number or max(used) + 1
    lesions: npt.NDArray[np.uint16] = np.where(bench.lesions == lesion_id, 0, bench.lesions).astype(np.uint16)
    lesions[mask] = lesion_id
    drawn = asdict(lesion)
    details = {"long_axis_mm": round(lesion.long_axis_mm, 1), "variant": lesion.variant, "lab": record["change"]}
    row = LesionRow(lesion_id, lesion.lesion_class, details)
    kept = tuple(r for r in bench.study.lesion_table or () if r.lesion_id != lesion_id)
    note = (
        f"Lesion {lesion_id} ({lesion.lesion_class}, {lesion.long_axis_mm:.0f} mm) is from the lesion lab "
        f"({record['change']}); no phase is as it was scanned."
    )
    study = change_study(bench, hu, lesions, (*kept, row), note=note)
    measured = contrast(study, bench, mask)
    facts = {"lesion_id": lesion_id, "inputs": bench.inputs.record(), "lesion": drawn, "measured_hu": measured}
    shifts = {"shift_mm": {str(p): [round(v, 2) for v in s] for p, s in bench.shift_mm.items()}}
    return Changed(study, record | facts | shifts)


def _lay_lesion(local: Local, bench: Bench, lesion: Lesion, seed: int) -> tuple[Field, float]:
    """Paint it; returns its share of each voxel and the mean HU that it was meant to have."""
    painted = paint(lesion, places_of(local.rest), StudyEnhancement(bench.inputs), local.width_mm)
    index = list(Phase).index(local.phase)
    part, halo, own = (np.zeros(local.hu.shape, np.float32) for _ in range(3))
    part[painted.box], halo[painted.box], own[painted.box] = painted.share, painted.halo, painted.hu[index]
    return lay(local, part, own, seed=seed, halo=halo, halo_hu=float(painted.halo_hu[index]))


def lay(
    local: Local,
    part: Field,
    own: Field,
    *,
    seed: int,
    halo: Field | None = None,
    halo_hu: float = 0.0,
    textured: bool = True,
) -> tuple[Field, float]:
    """Lay lesion HU ``own`` with share ``part`` over the liver of a box.

    The texture of the scan is kept; without ``textured`` the lesion brings its own.
    """
    part = part * local.liver_share
    blurred = local.blur(part)
    own = np.asarray(local.blur(part * own) / np.maximum(blurred, 1e-3), np.float32)
    if not textured:
        local.lay(own, blurred)
        return blurred, _inner_mean(own, blurred)
    touched = blurred > 1e-3 if halo is None else (blurred > 1e-3) | (halo > 1e-3)
    around = local.parenchyma(np.zeros_like(touched))
    texture = around.texture + local.texture(around, touched & ~around.clean, seed)
    if halo is not None and halo.any():
        local.lay(halo_hu + texture, halo * local.liver_share)
    local.lay(own + texture, blurred)
    return blurred, _inner_mean(own, blurred)


def _inner_mean(own: Field, part: Field) -> float:
    return round(float(own[part > 0.99 * float(part.max())].mean()), 1)
