"""Outputs of ``read`` held against a cohort with truth, case by case."""

import json
from pathlib import Path

import numpy as np

from ..base.errors import InputError
from ..base.log import track
from ..datasets.protocol import open_cohort
from ..evaluation.reading import Answer, Truth, compare
from ..evaluation.rows import PatientRow
from ..io.nifti import read_mask, read_nifti
from ..resample.grid import resample
from ..study.geometry import Geometry
from ..study.study import Study


def compare_folders(predictions: Path, cohort: Path, *, quiet: bool = False) -> list[PatientRow]:
    """One row for each case of the cohort, read from ``predictions/CASE``.

    Everything is compared on the grid of the reading's masks; the truth is brought there.

    Raises:
        InputError: when the cohort has no case, a case was not read, or its truth is not known.
    """
    adapter = open_cohort(cohort)
    cases = adapter.cases()
    if not cases:
        raise InputError(f"{cohort.name} holds no case.")
    if missing := [case for case in cases if not (predictions / case / "findings.json").exists()]:
        raise InputError(
            f"{len(missing)} of {len(cases)} cases have no findings.json in {predictions.name}, the first is "
            f"'{missing[0]}'. Read them first: hepaphase read."
        )
    rows = track(cases, title="Evaluating", total=len(cases), quiet=quiet)
    return [_compare_case(predictions / case, adapter.load(case)) for case in rows]


def _compare_case(folder: Path, study: Study) -> PatientRow:
    answer, grid = _answer(folder)
    return compare(_truth(study, grid), answer)


def _answer(folder: Path) -> tuple[Answer, Geometry]:
    lesions, grid = read_mask(folder / "lesions.nii.gz")
    liver, liver_grid = read_mask(folder / "liver.nii.gz")
    grid.require(liver_grid, what=f"The liver mask of {folder.name}")
    try:
        findings = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
        probabilities = {row["id"]: row["probabilities"] for row in findings["lesions"]}
        generated = [row["name"] for row in findings["phases"] if row["provenance"] == "synthetic"]
        scores, malignant = findings["patient"]["probabilities"], float(findings["patient"]["malignant"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder.name}/findings.json is not what read writes ({error!r}). Read the case again: hepaphase read."
        ) from error
    answer = Answer(
        lesions=lesions,
        lesion_classes={key: max(row, key=row.get) for key, row in probabilities.items()},
        scores=scores,
        malignant=malignant,
        liver=liver,
        generated_hu={p: _generated(folder, p, grid) for p in generated},
    )
    return answer, grid


def _generated(folder: Path, phase: str, grid: Geometry) -> np.ndarray:
    hu, geometry = read_nifti(folder / "synthetic" / f"{phase}.nii.gz")
    grid.require(geometry, what=f"The generated {phase}")
    return hu


def _truth(study: Study, grid: Geometry) -> Truth:
    if study.lesion_table is None or "liver" not in study.masks:
        raise InputError(f"The truth of case '{study.case}' is not known: it needs liver.nii.gz and a lesion table.")
    masks = {name: resample(array, own, grid, order=0, fill=0) for name, (array, own) in study.masks.items()}
    return Truth(
        case=study.case,
        liver=masks["liver"],
        lesions=masks.get("lesions", np.zeros(grid.shape_zyx, np.uint16)),
        lesion_classes={row.lesion_id: row.lesion_class for row in study.lesion_table},
        voxel_mm3=grid.voxel_ml * 1000,
        hu={str(p): resample(v.hu, v.geometry, grid, order=1, fill=-1000.0) for p, v in study.phases.items()},
    )
