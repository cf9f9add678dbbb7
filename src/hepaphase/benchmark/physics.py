"""Prepared simulated exams as the physics measures want them, and the bands that true phases keep."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..base.atomic import write_text
from ..base.errors import InputError
from ..base.log import track
from ..evaluation.physics.card import BESIDE, MEASURES, QUANTILES, Band, Card, check, make_bands
from ..evaluation.physics.exam import LIVER_VESSELS, PhysicsExam, examine, organs_of_labels
from ..study.phase import Phase
from ..study.study import AlignedStudy
from ..training.as_study import aligned
from ..training.cohort import PreparedCase, read_prepared


def prepared_exam(case: PreparedCase, study: AlignedStudy | None = None, *, without: Sequence[str] = ()) -> PhysicsExam:
    """A prepared simulated case, or ``study`` with its organs except ``without``, as an exam to measure.

    Raises:
        InputError: when the case has no map of organs.
    """
    if "organs" not in case.masks:
        raise InputError(f"'{case.case}' has no map of organs; the physics measures need a simulated cohort.")
    laid = aligned(case) if study is None else study
    laid = replace(laid, masks={**laid.masks, "liver": case.masks["liver"], "lesions": case.masks["lesions"]})
    organs = {name: mask for name, mask in organs_of_labels(case.masks["organs"]).items() if name not in without}
    return examine(laid, organs, **_facts(case.exam))


def true_cards(paths: Sequence[Path], *, quiet: bool = False) -> list[Card]:
    """The card of each prepared case: its noisy phases, all in the breathing state of the reference.

    So the bands are those of phases that are lined up perfectly; what registration leaves lies outside them. Patients
    in whom something failed are left out.
    """
    files = map(read_prepared, track(paths, title="Measuring", total=len(paths), quiet=quiet))
    whole = (case for case in files if not case.exam.get("events"))
    return [check(prepared_exam(case, held_still(case)), bands={}) for case in whole]


def held_still(case: PreparedCase) -> AlignedStudy:
    """The exam with its noise, but breathed as the reference; as scanned where that is not known."""
    study = aligned(case)
    known = [p for p in study.hu if p in case.clean_hu and p in case.reference_hu]
    still = {p: (study.hu[p] - case.clean_hu[p] + case.reference_hu[p]).astype(np.float32) for p in known}
    return replace(study, hu={**study.hu, **still})


def completed_cards(paths: Sequence[Path], given: Sequence[Phase], *, quiet: bool = False) -> dict[Phase, list[Card]]:
    """M10 and M11 of true phases, measured as in an exam completed from each of ``given``; no vessels of the liver.

    Patients in whom something failed are left out.
    """
    found: dict[Phase, list[Card]] = {phase: [] for phase in given}
    for case in map(read_prepared, track(paths, title="Measuring", total=len(paths), quiet=quiet)):
        if case.exam.get("events"):
            continue
        exam = prepared_exam(case, held_still(case), without=LIVER_VESSELS)
        for phase in given:
            one = replace(exam, synthetic=frozenset(exam.hu) - {phase})
            found[phase].append(Card(case.case, tuple(i for name in BESIDE for i in MEASURES[name](one)), {}))
    return found


def write_bands(
    cards: Sequence[Card], completed: Mapping[Phase, Sequence[Card]], path: Path, facts: Mapping[str, str]
) -> None:
    """Write the quantiles of every item as JSON: of true exams, and of such measured as if completed from a phase."""
    content = {
        **facts,
        "at": QUANTILES,
        "bands": _rows(make_bands(cards)),
        "completed": {str(p): _rows(make_bands(own)) for p, own in completed.items()},
    }
    write_text(path, json.dumps(content, indent=1) + "\n")


def _rows(bands: Mapping[str, Band]) -> dict[str, dict[str, Any]]:
    return {
        key: {"n": band.num_patients, "quantiles": [float(np.round(v, 5)) for v in band.quantiles]}
        for key, band in bands.items()
    }


def _facts(exam: Mapping[str, Any]) -> dict[str, float]:
    """Kappa and dose of a simulated exam, as far as its record has them."""
    found = {"kappa": float(exam["kappa"])} if "kappa" in exam else {}
    if injection := exam.get("injection"):
        found["dose_mg"] = float(injection["concentration_mg_per_ml"] * injection["volume_ml"])
    return found
