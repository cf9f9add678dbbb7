"""A decision is given where its threshold is known, and only there."""

from dataclasses import replace

import numpy as np
import pytest

from hepaphase.bundle.bundle import Bundle
from hepaphase.inference.decide import decide
from hepaphase.study.findings import Finding, Findings, Measured, PatientScores
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import AlignedStudy

GRID = Geometry((2, 3, 4), (1.0, 2.0, 3.0), (5.0, 6.0, 7.0))
READER = Bundle(kind="diagnosis", config={}, card={"title": "ours"})
POINT = {"task": "any lesion", "specificity": 0.95, "threshold": 0.5, "num_positive": 69, "num_negative": 31}
POINTS = {
    "validation": "main-validation",
    "test": "main-test-2",
    "phases": {
        "NC, PVP": {
            "screening": [POINT, {**POINT, "task": "malignant", "threshold": 0.8}],
            "prediction_set": {"level": 0.9, "at_least": 0.2, "num_lesions": 96},
        }
    },
}


def study(*scanned: Phase, made: tuple[Phase, ...] = ()) -> AlignedStudy:
    phases = (*scanned, *made)
    return AlignedStudy(
        "c",
        GRID,
        scanned[-1],
        {p: np.zeros(GRID.shape_zyx, np.float32) for p in phases},
        {p: Provenance.SYNTHETIC if p in made else Provenance.MEASURED for p in phases},
        dict.fromkeys(phases, 0.0),
        {p: np.eye(4) for p in phases},
    )


def found(malignant: float = 0.7) -> Findings:
    shares = {"hcc": 0.5, "fnh": 0.3, "cyst": 0.2}
    hu = {Phase.NC: Measured(40, 1), Phase.PVP: Measured(100, 1), Phase.AP: Measured(140, 1)}
    lesion = Finding(1, (0.0, 0.0, 0.0), 1.0, 9.0, 8.0, {"hcc": 0.1, "fnh": 0.9}, hu, image_probabilities=shares)
    return Findings(PatientScores({"hcc": 0.6, "cyst": 0.3}, malignant), (lesion,), {Phase.PVP: Measured(110, 1)}, 1.0)


@pytest.fixture(autouse=True)
def points(monkeypatch) -> None:
    monkeypatch.setattr(
        "hepaphase.inference.decide.operating_points", lambda bundle: POINTS if bundle is READER else None
    )


def test_scores_are_held_against_the_thresholds_of_these_phases() -> None:
    told = decide(found(), study(Phase.NC, Phase.PVP), (Phase.NC, Phase.PVP), READER)
    assert told.screening is not None and told.abstained == ()
    assert [(d.task, d.score, d.positive) for d in told.screening.decisions] == [
        ("any lesion", 0.6, True),
        ("malignant", 0.7, False),
    ]
    assert told.lesions[0].prediction_set == ("hcc", "fnh", "cyst")  # of the images alone, as it was calibrated
    assert told.set_basis["num_lesions"] == 96


@pytest.mark.parametrize(
    ("given", "phases", "reader", "why"),
    [
        (study(Phase.PVP), (Phase.PVP,), READER, "chosen for PVP"),
        (study(Phase.NC, Phase.PVP), (Phase.NC, Phase.PVP), replace(READER, card={"title": "mine"}), "'mine'"),
        (study(Phase.NC, made=(Phase.PVP,)), (Phase.NC, Phase.PVP), READER, "generated phases too (PVP)"),
    ],
)
def test_elsewhere_no_decision_is_given_and_why_is_said(given, phases, reader, why) -> None:
    told = decide(found(), given, phases, reader)
    assert told.screening is None and told.lesions[0].prediction_set == () and why in told.abstained[0]


def test_signs_come_from_scanned_phases_alone_and_no_category_is_set() -> None:
    lesion = decide(
        found(), study(Phase.NC, Phase.PVP, made=(Phase.AP, Phase.DP)), (Phase.NC, Phase.PVP), READER
    ).lesions[0]
    assert lesion.features["pvp_enhancement_hu"] == 60 and lesion.features["pvp_minus_liver_hu"] == -10
    assert not [name for name in lesion.features if name.startswith("ap_") or "washout" in name]
    assert any("Generated phases never set a category: AP, DP" in why for why in lesion.lirads_withheld)
