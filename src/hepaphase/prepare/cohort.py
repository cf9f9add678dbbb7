"""A cohort folder becomes prepared cases: one file per case with every phase on the liver grid."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.atomic import atomic_path, write_json
from ..base.errors import InputError, StudyError
from ..base.log import track
from ..datasets.protocol import open_cohort
from ..study.phase import Phase
from ..study.study import AlignedStudy, PhaseVolume, Study
from .align import align
from .cache import Cache, case_key
from .crop import LiverGrid, liver_grid

Segmenter = Callable[[PhaseVolume], npt.NDArray[np.uint8]]
"""Liver mask of one phase on its own grid, for cases that come without one."""


def prepare_cohort(
    cohort: Path, out: Path, *, grid: LiverGrid | None = None, segment: Segmenter | None = None, quiet: bool = False
) -> list[Path]:
    """Write ``out/CASE.npz`` for every case of ``cohort`` and return the paths.

    A case that is there already is kept as long as its files, its row of the table and the grid are what it was made
    from. Cases are read one at a time, so memory is that of the largest case.

    Raises:
        InputError: when the cohort holds no case.
        StudyError: for a case without a liver mask when no ``segment`` is given.
    """
    adapter = open_cohort(cohort)
    cases = adapter.cases()
    if not cases:
        raise InputError(f"{cohort.name} holds no case. Expected one folder per case; see the how-to on data.")
    written = []
    cache = Cache(out)
    for case in track(cases, title="Preparing", total=len(cases), quiet=quiet):
        path = out / f"{case}.npz"
        key = case_key(adapter.paths(case), adapter.clinical(case), grid)
        if not cache.holds(case, path, key):
            write_prepared(path, prepare_case(adapter.load(case), grid=grid, segment=segment))
            cache.put(case, path, key)
        written.append(path)
    patients = {case: adapter.patient(case) for case in cases}  # so that a split never parts a patient
    write_json(out / "prepared.json", {"schema": "hepaphase-prepared/1", "patients": patients})
    return written


def prepare_case(study: Study, *, grid: LiverGrid | None = None, segment: Segmenter | None = None) -> AlignedStudy:
    """One study on the liver grid of its reference phase.

    Raises:
        StudyError: without a liver mask and without ``segment``, or when the mask is empty.
    """
    reference = study.reference()
    volume = study.phase(reference)
    if "liver" in study.masks:
        liver, geometry = study.masks["liver"]
    elif segment is not None:
        liver, geometry = segment(volume), volume.geometry
    else:
        raise StudyError(f"Case '{study.case}' has no liver mask. Add liver.nii.gz, or allow segmentation.")
    return align(study, liver_grid(liver, geometry, grid), masks={"liver": (liver, geometry)})


def write_prepared(path: Path, study: AlignedStudy) -> None:
    """Write one prepared case, whole or not at all.

    Fields: ``case``, ``geometry`` (JSON), ``hu_PHASE`` int16 for each phase there is, ``times_s`` (4,) in order of
    phases with NaN where absent, ``liver``, ``lesions`` (ids), ``lesion_ids``, ``lesion_classes``, ``clinical`` (JSON).
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
