"""A cohort in the layout of other software: an nnU-Net raw dataset with a MONAI data list beside it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.atomic import write_json
from ..base.errors import OutputError, PhaseDoubtError, StudyError, VolumeError
from ..base.log import logger, track
from ..io.nifti import write_nifti
from ..resample.grid import resample
from ..study.geometry import Geometry
from ..study.phase import Phase
from ..study.study import Study
from .protocol import Adapter, open_cohort
from .unnamed import Namer

LABELS = {"background": 0, "liver": 1, "lesions": 2}
MONAI_LIST = "monai_datalist.json"

Settle = Callable[[Study], Study]
"""Puts the phases of a study where they belong; one that does not fit is left out. Lives above this floor."""

_log = logger(__name__)


def export(
    cohort: Path,
    out: Path,
    *,
    phases: Sequence[Phase] = tuple(Phase),
    namer: Namer | None = None,
    settle: Settle | None = None,
    quiet: bool = False,
) -> list[str]:
    """Write every case of ``cohort`` that has all ``phases`` to ``out``; returns the cases left out.

    ``imagesTr/CASE_0000.nii.gz`` and so on hold the phases in the order given, all on the grid of the reference phase;
    ``labelsTr/CASE.nii.gz`` the liver (1) and lesions (2); cases without a mask go to ``imagesTs``. ``dataset.json`` is
    nnU-Net's, ``monai_datalist.json`` MONAI's, with paths relative to ``out``.
    Phases are lined up by ``settle``, if anything; ``namer`` names those of sources that do not tell them. A case in
    doubt is left out.

    Raises:
        OutputError: when ``out`` holds something already.
        StudyError: when no case has all phases.
    """
    if out.exists() and any(out.iterdir()):
        raise OutputError(f"'{out}' is not empty. Give a new folder.")
    adapter = open_cohort(cohort, namer=namer)
    cases, left_out = adapter.cases(), []
    listed: dict[str, list[dict[str, Any]]] = {"training": [], "testing": []}
    for case in track(cases, title="Exporting", total=len(cases), quiet=quiet):
        study = _loaded(adapter, case, phases, settle)
        if study is None:
            left_out.append(case)
            continue
        kind, item = _write_case(case, study, out, phases)
        listed[kind].append(item | {"patient": adapter.patient(case)})
    if len(left_out) == len(cases):
        raise StudyError(f"No case has {', '.join(phases)}. Ask for fewer: --phases PVP.")
    channels = {str(i): str(phase) for i, phase in enumerate(phases)}
    facts = {"channel_names": channels, "labels": LABELS, "numTraining": len(listed["training"])}
    write_json(out / "dataset.json", {**facts, "file_ending": ".nii.gz"})
    write_json(out / MONAI_LIST, listed)
    return left_out


def _loaded(adapter: Adapter, case: str, phases: Sequence[Phase], settle: Settle | None) -> Study | None:
    """The case with its phases where they belong; None where one of them is missing, in doubt or does not fit."""
    try:
        study = adapter.load(case)
        told = len(study.warnings)
        if settle is not None and set(phases) <= set(study.phases) and set(phases) != {study.reference()}:
            study = settle(study)
    except (PhaseDoubtError, StudyError, VolumeError) as error:
        _log.warning("%s left out. %s", case, error)
        return None
    for text in study.warnings[told:]:
        _log.warning("%s: %s", case, text)
    return study if set(phases) <= set(study.phases) else None


def _write_case(case: str, study: Study, out: Path, phases: Sequence[Phase]) -> tuple[str, dict[str, Any]]:
    reference = next(p for p in (study.reference(), *phases) if p in phases)
    grid = study.phase(reference).geometry
    labels = _labels(study, grid)
    images = "imagesTs" if labels is None else "imagesTr"
    names = [f"{images}/{case}_{i:04d}.nii.gz" for i in range(len(phases))]
    for name, phase in zip(names, phases, strict=True):
        volume = study.phase(phase)
        hu = volume.hu if volume.geometry.matches(grid) else resample(volume.hu, volume.geometry, grid)
        write_nifti(out / name, hu, grid)
    if labels is None:
        return "testing", {"image": names}
    write_nifti(out / f"labelsTr/{case}.nii.gz", labels, grid)
    return "training", {"image": names, "label": f"labelsTr/{case}.nii.gz"}


def _labels(study: Study, grid: Geometry) -> npt.NDArray[np.uint8] | None:
    """Liver and lesions as one map on ``grid``; None where neither is drawn."""
    drawn = [name for name in ("liver", "lesions") if name in study.masks]
    labels = np.zeros(grid.shape_zyx, np.uint8)
    for name in drawn:
        array, geometry = study.masks[name]
        inside = (array > 0).astype(np.float32)
        moved = inside if geometry.matches(grid) else resample(inside, geometry, grid, order=0, fill=0.0)
        labels[moved > 0.5] = LABELS[name]
    return labels if drawn else None
