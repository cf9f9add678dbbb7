"""A changed study: its phases marked, its masks and table brought up to date, what was done written down."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..base.atomic import write_json
from ..base.errors import OutputError, StudyError
from ..io.case import write_case
from ..study.phase import Phase, Provenance
from ..study.study import LesionRow, Study
from .bench import Bench, on_reference

LAB_FILE = "lab.json"
_RING_MM = (4.0, 14.0)
"""Liver this far from a lesion is what it is compared with."""
_EDGE_MM = 1.5
_DECIMALS = 1

Values = dict[str, float]


@dataclass(frozen=True, slots=True)
class Changed:
    """A study after a change, and the record of it."""

    study: Study
    record: Mapping[str, Any]
    """JSON-able: what was asked, drawn and measured."""


def change_study(
    bench: Bench,
    hu: Mapping[Phase, npt.NDArray[np.float32]],
    lesions: npt.NDArray[np.uint16],
    rows: tuple[LesionRow, ...],
    *,
    note: str,
) -> Study:
    """The study of ``bench`` with other voxels and lesions.

    A changed phase is no longer measured: it becomes simulated, and a generated one stays generated.
    """
    phases = {
        p: replace(v, hu=hu[p], provenance=Provenance.SYNTHETIC if not v.provenance.is_input else Provenance.SIMULATED)
        for p, v in bench.study.phases.items()
    }
    masks = dict(bench.study.masks) | {"lesions": (lesions, bench.geometry)}
    masks["liver"] = ((bench.liver | (lesions > 0)).astype(np.uint8), bench.geometry)
    warnings = [*bench.study.warnings, note]
    if bench.study.lesion_table is None:
        warnings.append("Whether the scan shows lesions beside those of the lesion lab is not known.")
    return replace(bench.study, phases=phases, masks=masks, lesion_table=rows, warnings=tuple(warnings))


def row_of(bench: Bench, lesion_id: int) -> LesionRow | None:
    """The row of a lesion, None where nothing but its outline is known.

    Raises:
        StudyError: when there is no such lesion.
    """
    ids = [int(i) for i in np.unique(bench.lesions) if i]
    if lesion_id not in ids:
        raise StudyError(
            f"'{bench.study.case}' has no lesion {lesion_id} (has: {', '.join(map(str, ids)) or 'none'}). "
            "Its lesions.nii.gz holds one number per lesion."
        )
    return next((row for row in bench.study.lesion_table or () if row.lesion_id == lesion_id), None)


def contrast(study: Study, bench: Bench, mask: npt.NDArray[np.bool_]) -> dict[str, Values]:
    """Mean HU of a lesion and of the liver around it in each phase, as a reader would measure them.

    Args:
        study: with the phases to measure, as before or after a change.
        bench: for the grid, the liver and breathing.
        mask: the lesion, (z, y, x) on the reference grid.
    """
    sampling = bench.geometry.spacing_zyx_mm
    depth = ndimage.distance_transform_edt(mask, sampling=sampling)
    inner = depth > min(_EDGE_MM, 0.5 * float(depth.max()))
    away = ndimage.distance_transform_edt(~mask, sampling=sampling)
    ring = bench.liver & (bench.lesions == 0) & ~mask & (away > _RING_MM[0]) & (away < _RING_MM[1])
    out = {}
    for phase in study.phases:
        hu = on_reference(study, phase, bench.geometry, bench.shift_mm)
        around = hu[ring] if ring.any() else np.zeros(1)
        out[str(phase)] = {"lesion": round(float(hu[inner].mean()), _DECIMALS),
                           "liver": round(float(np.median(around)), _DECIMALS)}  # fmt: skip
    return out


def write_changed(changed: Changed, out: Path, *, before: Path | None = None) -> None:
    """Write a changed study as a case folder, with ``lab.json``: every change so far, oldest first.

    Raises:
        OutputError: when ``out`` holds something already.
    """
    check_empty(out)
    write_case(replace(changed.study, case=out.resolve().name), out)
    earlier = _earlier(before)
    write_json(out / LAB_FILE, {"schema": "hepaphase-lab/1", "changes": [*earlier, dict(changed.record)]})


def check_empty(out: Path) -> None:
    """Refuse a folder that holds something.

    Raises:
        OutputError: naming the folder.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(f"'{out}' exists and is not empty. Give another folder; nothing is overwritten.")


def _earlier(before: Path | None) -> list[Any]:
    if before is None or not (before / LAB_FILE).is_file():
        return []
    return list(json.loads((before / LAB_FILE).read_text(encoding="utf-8"))["changes"])
