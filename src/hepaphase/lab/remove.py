"""A lesion taken out of every phase, and parenchyma in its place."""

import numpy as np
from scipy import ndimage

from ..resample.grid import resample
from ..study.lesions import LESION_CLASSES
from ..study.phase import Phase
from .bench import Bench
from .changed import Changed, change_study, contrast, row_of
from .local import SURROUNDINGS_MM, Field, Local

_MARGIN_MM = 2.0
"""Taken out around a lesion beside the width of its margin: the scanner's blur, and what breathing leaves."""
_HALO_MM = 7.0
_SOFT_MM = 1.5
"""Over which the filling fades in."""


def remove(bench: Bench, lesion_id: int, *, seed: int) -> Changed:
    """Fill a lesion with liver: its smooth part from the parenchyma around, its texture from parenchyma nearby.

    Raises:
        StudyError: when there is no such lesion.
    """
    row = row_of(bench, lesion_id)
    key = row.lesion_class if row is not None else None
    mask = bench.lesions == lesion_id
    hu = without(bench, lesion_id, margin_mm=margin_mm(key), seed=seed)
    lesions = np.where(mask, 0, bench.lesions).astype(np.uint16)
    kept = tuple(r for r in bench.study.lesion_table or () if r.lesion_id != lesion_id)
    named = f"Lesion {lesion_id} ({key or 'of unknown class'})"
    note = f"{named} was removed by the lesion lab; no phase is as it was scanned."
    study = change_study(bench, hu, lesions, kept, note=note)
    record = {
        "change": "remove",
        "lesion_id": lesion_id,
        "lesion_class": key,
        "seed": seed,
        "inputs": bench.inputs.record(),
        "before_hu": contrast(bench.study, bench, mask),
        "measured_hu": contrast(study, bench, mask),
    }
    return Changed(study, record)


def margin_mm(key: str | None) -> float:
    """How far around its outline a lesion of a class is taken out; edema around an abscess goes with it."""
    if key is None:
        return _MARGIN_MM + 1
    row = LESION_CLASSES[key]
    return _MARGIN_MM + row.appearance.edge_mm + (_HALO_MM if "oedema" in row.tissues else 0.0)


def without(bench: Bench, lesion_id: int, *, margin_mm: float, seed: int) -> dict[Phase, Field]:
    """HU of every phase, (z, y, x), with a lesion filled."""
    mask = bench.lesions == lesion_id
    at = bench.geometry.to_lps_mm(np.argwhere(mask))
    low, high = at.min(axis=0), at.max(axis=0)
    x, y, z = ((low + high) / 2).tolist()
    reach = float((high - low).max()) / 2 + margin_mm + SURROUNDINGS_MM
    away = ndimage.distance_transform_edt(~mask, sampling=bench.geometry.spacing_zyx_mm).astype(np.float32)
    inside = bench.liver | mask
    hu: dict[Phase, Field] = {}
    for phase in bench.study.phases:
        local = Local.of(bench, phase, (x, y, z), reach)
        gap = resample(away, bench.geometry, local.rest, order=1, fill=1000.0) - margin_mm
        allowed = ndimage.uniform_filter(
            resample(inside.astype(np.uint8), bench.geometry, local.rest, order=0).astype(np.float32), 3
        )
        alpha = np.clip(0.5 - gap / _SOFT_MM, 0, 1).astype(np.float32) * (allowed > 0.5)
        hole = alpha > 0
        around = local.parenchyma(hole)
        local.lay(around.smooth + local.texture(around, hole, seed), alpha)
        hu[phase] = local.volume
    return hu
