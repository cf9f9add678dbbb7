"""One study becomes one prepared case: phases lined up and judged, all on the grid around the liver."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.atomic import atomic_path
from ..base.errors import ConfigError, StudyError
from ..resample.grid import resample
from ..resample.through import resample_through
from ..study.geometry import Geometry
from ..study.phase import Phase
from ..study.study import AlignedStudy, MaskArray, PhaseVolume, Study
from .align import OUTSIDE_HU, align
from .crop import LiverGrid, liver_grid
from .gate import Quality
from .line_up import LinedUp, line_up

Segmenter = Callable[[PhaseVolume], MaskArray]
"""Liver mask of one phase on its own grid."""
Mask = tuple[npt.NDArray[Any], Geometry]


@dataclass(frozen=True, slots=True)
class PreparedCase:
    """One study on the liver grid, and what was found about its phases."""

    study: AlignedStudy
    """Without phases that could not be lined up."""
    quality: Mapping[Phase, Quality] = field(default_factory=dict)
    """How well each phase that was registered lies on the reference, those that failed included."""
    failed: tuple[Phase, ...] = ()
    warnings: tuple[str, ...] = ()

    def judgments(self) -> list[dict[str, Any]]:
        """A row of plain values per registered phase: what the judge measured, and why a phase was left out."""
        return [
            {
                "phase": str(phase),
                "reference": str(self.study.reference),
                "verdict": "left out" if phase in self.failed else "lined up",
                **{name: round(value, 4) for name, value in found.figures().items()},
                "why": "; ".join(found.failures()),
            }
            for phase, found in self.quality.items()
        ]


def prepare_case(
    study: Study, *, grid: LiverGrid | None = None, segment: Segmenter | None = None, register: bool = False
) -> PreparedCase:
    """One study on the liver grid of its reference phase.

    With ``register`` every scanned phase is lined up with the reference and judged, as ``hepaphase read`` does, and one
    that fails is left out; without, the scanner's positions are trusted. A mask drawn on another phase than the
    reference moves with that phase: lesions as ``lesions_phase`` among the clinical facts says, others where their grid
    is that of one other phase alone.

    Raises:
        ConfigError: for ``register`` without ``segment``, which the judge needs.
        StudyError: without a liver mask and without ``segment``, or when the mask is empty.
    """
    if register and segment is None:
        raise ConfigError("Phases are lined up by their livers: give what finds the liver, or do not register.")
    reference = study.reference()
    drawn_on = {name: _drawn_on(study, name, reference) for name in study.masks}
    liver = _liver_mask(study, segment)
    target = liver_grid(*liver, grid)
    lined = LinedUp(study, {}, {}, (), ())
    if register and segment is not None and len(study.inputs) > 1:
        lined = _lined_up(study, liver, segment, drawn_on)
    moved = {**study.masks, "liver": liver} if not lined.transforms else _moved(study, liver, lined, drawn_on, target)
    told = (
        f"The {name} were drawn on the {phase} phase, which could not be lined up: they lie where it was scanned."
        for name, phase in drawn_on.items()
        if phase in lined.failed
    )
    aligned = align(replace(lined.study, masks={}), target, reference=reference, masks=moved,
                    transforms=lined.transforms)  # fmt: skip
    return PreparedCase(aligned, lined.quality, lined.failed, (*lined.warnings, *told))


def line_up_study(study: Study, segment: Segmenter) -> Study:
    """The study with every scanned phase on the grid of its reference, lined up with it; for taking it elsewhere.

    A phase that the judge refuses is left out, and the warnings say so. Masks move with the phase they were drawn on.
    """
    reference = study.reference()
    grid = study.phase(reference).geometry
    drawn_on = {name: _drawn_on(study, name, reference) for name in study.masks}
    lined = _lined_up(study, _liver_mask(study, segment), segment, drawn_on)
    phases = {}
    for phase, volume in lined.study.phases.items():
        if (move := lined.transforms.get(phase)) is None or phase is reference:
            phases[phase] = volume
            continue
        hu = resample_through(volume.hu, volume.geometry, grid, matrix=move.matrix, bend=move.bend, fill=OUTSIDE_HU)
        phases[phase] = replace(volume, hu=hu, geometry=grid, sd_hu=None)
    masks = dict(study.masks)
    if "liver" in masks:
        masks = _moved(study, masks["liver"], lined, drawn_on, grid)
    return replace(study, phases=phases, masks=masks, warnings=(*study.warnings, *lined.warnings))


def _liver_mask(study: Study, segment: Segmenter | None) -> Mask:
    if "liver" in study.masks:
        return study.masks["liver"]
    if segment is None:
        raise StudyError(f"Case '{study.case}' has no liver mask. Add liver.nii.gz, or allow segmentation.")
    volume = study.phase(study.reference())
    return segment(volume), volume.geometry


def _drawn_on(study: Study, name: str, reference: Phase) -> Phase:
    """The phase whose picture a mask follows."""
    told = study.clinical.get("lesions_phase") if name == "lesions" else None
    if told in [str(p) for p in study.phases]:
        return Phase(told)
    grid = study.masks[name][1]
    fitting = [p for p, v in study.phases.items() if grid.matches(v.geometry)]
    return fitting[0] if len(fitting) == 1 else reference


def _lined_up(study: Study, liver: Mask, segment: Segmenter, drawn_on: Mapping[str, Phase]) -> LinedUp:
    """Phases registered to the reference by its liver, which is found anew where the user's is of another phase."""
    reference = study.reference()
    volume = study.phase(reference)
    shown = {name: mask for name, mask in study.masks.items() if drawn_on[name] is reference}
    own = segment(volume) if "liver" in study.masks else liver[0]
    seen = own
    if "liver" in shown or not own.any():
        seen = resample((liver[0] > 0).astype(np.uint8), liver[1], volume.geometry, order=0, fill=0).astype(np.uint8)
    return line_up(replace(study, masks=shown), reference, seen, segment, own=own)


def _moved(
    study: Study, liver: Mask, lined: LinedUp, drawn_on: Mapping[str, Phase], target: Geometry
) -> dict[str, Mask]:
    """The masks in the space of the reference."""
    masks: dict[str, Mask] = {}
    for name, (array, grid) in {**study.masks, "liver": liver}.items():
        move = lined.transforms.get(drawn_on.get(name, lined.study.reference()))
        if move is None or (move.bend is None and np.array_equal(move.matrix, np.eye(4))):
            masks[name] = (array, grid)
        else:
            through = resample_through(array, grid, target, matrix=move.matrix, bend=move.bend, order=0, fill=0)
            masks[name] = (through, target)
    return masks


def write_prepared(path: Path, study: AlignedStudy) -> None:
    """Write one prepared case, whole or not at all.

    Fields: ``case``, ``geometry`` (JSON), ``hu_PHASE`` int16 for each phase there is, ``times_s`` (4,) in order of
    phases with NaN where absent, ``liver``, ``lesions`` (ids), ``lesion_ids``, ``lesion_classes``, ``clinical`` (JSON);
    ``lesion_origins`` where any is known.
    """
    rows = study.lesion_table or ()
    shape = study.geometry.shape_zyx
    fields: dict[str, npt.NDArray[Any]] = {
        "case": np.array(study.case),
        "geometry": np.array(json.dumps(_geometry_fields(study))),
        "times_s": np.array([study.time_s.get(p, np.nan) for p in Phase], np.float32),
        "liver": study.masks["liver"].astype(np.uint8),
        "lesions": study.masks.get("lesions", np.zeros(shape, np.uint16)).astype(np.uint16),
        "lesion_ids": np.array([row.lesion_id for row in rows], np.int32),
        "lesion_classes": np.array([row.lesion_class for row in rows], dtype=np.str_),
        "clinical": np.array(json.dumps(dict(study.clinical))),
    }
    if any("origin" in row.details for row in rows):
        fields["lesion_origins"] = np.array([str(row.details.get("origin", "")) for row in rows], dtype=np.str_)
    for phase, hu in study.hu.items():
        fields[f"hu_{phase}"] = np.clip(np.round(hu), -32768, 32767).astype(np.int16)
    with atomic_path(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **fields)  # type: ignore[arg-type]


def _geometry_fields(study: AlignedStudy) -> dict[str, object]:
    geometry = study.geometry
    return {
        "shape_zyx": geometry.shape_zyx,
        "spacing_xyz_mm": geometry.spacing_xyz_mm,
        "origin_lps_mm": geometry.origin_lps_mm,
        "direction": geometry.direction,
    }
