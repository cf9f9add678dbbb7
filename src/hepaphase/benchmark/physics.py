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
from ..evaluation.physics.card import QUANTILES, Card, check, make_bands
from ..evaluation.physics.exam import PhysicsExam, examine, organs_of_labels
from ..study.study import AlignedStudy
from ..training.as_study import aligned
from ..training.cohort import PreparedCase, read_prepared


def prepared_exam(case: PreparedCase, study: AlignedStudy | None = None) -> PhysicsExam:
    """A prepared simulated case, or ``study`` with its organs, as an exam to measure.

    Raises:
        InputError: when the case has no map of organs.
    """
    if "organs" not in case.masks:
        raise InputError(f"'{case.case}' has no map of organs; the physics measures need a simulated cohort.")
    laid = aligned(case) if study is None else study
    laid = replace(laid, masks={**laid.masks, "liver": case.masks["liver"], "lesions": case.masks["lesions"]})
    return examine(laid, organs_of_labels(case.masks["organs"]), **_facts(case.exam))


def true_cards(paths: Sequence[Path], *, quiet: bool = False) -> list[Card]:
    """The card of each prepared case: its noisy phases, all in the breathing state of the reference.

    So the bands are those of phases that are lined up perfectly; what registration leaves lies outside them.
    """
    files = track(paths, title="Measuring", total=len(paths), quiet=quiet)
    return [check(prepared_exam(case, held_still(case)), bands={}) for case in map(read_prepared, files)]


def held_still(case: PreparedCase) -> AlignedStudy:
    """The exam with its noise, but breathed as the reference; as scanned where that is not known."""
    study = aligned(case)
    known = [p for p in study.hu if p in case.clean_hu and p in case.reference_hu]
    still = {p: (study.hu[p] - case.clean_hu[p] + case.reference_hu[p]).astype(np.float32) for p in known}
    return replace(study, hu={**study.hu, **still})


def write_bands(cards: Sequence[Card], path: Path, facts: Mapping[str, str]) -> None:
    """Write the quantiles of every item as JSON."""
    bands = {
        key: {"n": band.num_patients, "quantiles": [float(np.round(v, 5)) for v in band.quantiles]}
        for key, band in make_bands(cards).items()
    }
    write_text(path, json.dumps({**facts, "at": QUANTILES, "bands": bands}, indent=1) + "\n")


def _facts(exam: Mapping[str, Any]) -> dict[str, float]:
    """Kappa and dose of a simulated exam, as far as its record has them."""
    found = {"kappa": float(exam["kappa"])} if "kappa" in exam else {}
    if injection := exam.get("injection"):
        found["dose_mg"] = float(injection["concentration_mg_per_ml"] * injection["volume_ml"])
    return found
