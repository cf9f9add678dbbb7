"""Outputs of ``read`` held against a cohort with truth, case by case."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import InputError
from ..base.log import track
from ..datasets.protocol import open_cohort
from ..evaluation.bootstrap import Bootstrap
from ..evaluation.froc import froc_statistics
from ..evaluation.lesion_rows import LesionRow, compare_lesions
from ..evaluation.patient import differences
from ..evaluation.reading import Answer, Truth, compare
from ..evaluation.rows import PatientRow
from ..evaluation.sizes import by_size
from ..evaluation.subgroups import groups_of, subgroup_table
from ..evaluation.table import markdown
from ..io.nifti import read_mask, read_nifti
from ..resample.grid import resample
from ..study.geometry import Geometry
from ..study.study import Study
from .deep import delong_table, largest_radius


@dataclass(frozen=True, slots=True)
class Compared:
    """One case held against its truth."""

    row: PatientRow
    lesions: tuple[LesionRow, ...]
    facts: Mapping[str, Any]
    """What is known of the patient, for subgroups."""


def compare_folders(predictions: Path, cohort: Path, *, quiet: bool = False) -> list[PatientRow]:
    """The patients of :func:`evaluate_folders` alone."""
    return [case.row for case in evaluate_folders(predictions, cohort, quiet=quiet)]


def against(rows: Sequence[PatientRow], baseline: Sequence[PatientRow], config: Bootstrap | None = None) -> str:
    """Paired differences from another reading of the same patients, and DeLong's test, in Markdown."""
    table = markdown({"difference": differences(rows, baseline, config)})
    return f"\nDifferences from the other reading, paired by patient:\n\n{table}\n{delong_table(rows, baseline)}"


def deeper(cases: Sequence[Compared], config: Bootstrap | None = None) -> str:
    """Tables by size of lesion, by false finds per patient and by subgroup, in Markdown."""
    lesions = [lesion for case in cases for lesion in case.lesions]
    radius = largest_radius(lesions)
    facts = {c.row.case: {**c.facts, "radius_mm": radius.get(c.row.case)} for c in cases}
    names = [c.row.case for c in cases]
    sizes = markdown({"lesions": by_size(lesions, names, config)})
    groups = subgroup_table([c.row for c in cases], groups_of(facts), config)
    return f"\n## By size\n\n{sizes}\n## FROC\n\n{_froc(lesions, names, config)}\n## Subgroups\n\n{groups}"


def _froc(lesions: Sequence[LesionRow], cases: Sequence[str], config: Bootstrap | None) -> str:
    if any(row.is_found and np.isnan(row.score) for row in lesions):
        return "Not made: some readings were written before lesions had a confidence. Read those cases again.\n"
    return markdown({"lesions": froc_statistics(lesions, cases, config)})


def evaluate_folders(predictions: Path, cohort: Path, *, quiet: bool = False) -> list[Compared]:
    """Each case of the cohort held against ``predictions/CASE``.

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


def _compare_case(folder: Path, study: Study) -> Compared:
    answer, grid = _answer(folder)
    truth = truth_on(study, grid)
    known = {key: study.clinical[key] for key in ("sex", "age", "cirrhosis", "scanner") if key in study.clinical}
    facts = {**known, "phases": tuple(str(p) for p in study.inputs)}
    return Compared(compare(truth, answer), tuple(compare_lesions(truth, answer)), facts)


def _answer(folder: Path) -> tuple[Answer, Geometry]:
    lesions, grid = read_mask(folder / "lesions.nii.gz")
    liver, liver_grid = read_mask(folder / "liver.nii.gz")
    grid.require(liver_grid, what=f"The liver mask of {folder.name}")
    try:
        findings = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
        probabilities = {row["id"]: row["probabilities"] for row in findings["lesions"]}
        sure = {row["id"]: float(row["confidence"]) for row in findings["lesions"] if "confidence" in row}
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
        lesion_scores=sure,
        generated_hu={p: _generated(folder, p, grid) for p in generated},
    )
    return answer, grid


def _generated(folder: Path, phase: str, grid: Geometry) -> np.ndarray:
    hu, geometry = read_nifti(folder / "synthetic" / f"{phase}.nii.gz")
    grid.require(geometry, what=f"The generated {phase}")
    return hu


def truth_on(study: Study, grid: Geometry) -> Truth:
    """What is true of a study of known truth, brought to a grid.

    Raises:
        InputError: when it has no liver mask or no lesion table.
    """
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
