"""Signs of enhancement against values worked out by hand, and why no category is set."""

from dataclasses import replace

import pytest

from hepaphase.report.decisions import headline, screening_context, set_note, set_text, signs
from hepaphase.report.features import features
from hepaphase.report.lirads import why_withheld
from hepaphase.study.findings import Decision, Measured, Screening
from hepaphase.study.phase import Phase

from .cases import GRIDS, aligned, report_input


@pytest.fixture(scope="module")
def whole():
    """All four phases scanned."""
    study = aligned(GRIDS["axial thin"])
    return replace(study, provenance=dict.fromkeys(Phase, study.provenance[Phase.PVP]))


def hu(**means: float) -> dict[Phase, Measured]:
    return {Phase[name]: Measured(value, 5.0) for name, value in means.items()}


def test_washout_and_ratios(whole) -> None:
    got = features(whole, hu(NC=40, AP=140, PVP=110, DP=80), hu(NC=55, AP=70, PVP=115, DP=95))
    assert got["ap_enhancement_hu"] == 100 and got["ap_minus_liver_hu"] == 70
    assert got["absolute_washout_percent"] == pytest.approx(60)
    assert got["relative_washout_percent"] == pytest.approx(100 * 60 / 140)
    assert got["dp_liver_to_lesion_percent"] == pytest.approx(118.75)
    assert got["course"] == "washout"  # -30 where the liver loses 20


def test_what_is_undefined_is_absent(whole) -> None:
    """A cyst: nothing enhances, so nothing can wash out."""
    got = features(whole, hu(NC=5, AP=6, PVP=5, DP=5), hu(NC=55, AP=70, PVP=115, DP=95))
    assert not [name for name in got if "washout" in name or "ratio" in name or "liver_to_lesion" in name]
    assert got["course"] == "progressive"  # against a liver that loses
    assert "course" not in features(whole, hu(PVP=100), hu(PVP=110))


@pytest.mark.parametrize(
    ("clinical", "words"),
    [
        ({}, ["age is not known", "not known that the patient is at risk"]),
        ({"age": 12, "cirrhosis": True}, ["no adult"]),
        ({"age": 50, "cirrhosis": False, "hbv": False, "hcc": False}, ["not at risk"]),
        ({"age": 50, "hbv": True}, []),
        ({"age": 50, "hbv": True, "treated": True}, ["was treated"]),
    ],
)
def test_every_reason_against_a_category_is_named(whole, clinical, words) -> None:
    told = why_withheld(replace(whole, clinical=clinical))
    assert len(told) == len(words)
    assert all(any(word in why for why in told) for word in words)


def test_a_missing_phase_is_named_apart_from_a_generated_one(whole) -> None:
    study = aligned(GRIDS["axial thin"])
    kept = {p: v for p, v in study.hu.items() if p is not Phase.DP}
    told = why_withheld(
        replace(study, hu=kept, provenance={p: study.provenance[p] for p in kept}, time_s=dict.fromkeys(kept, 0.0))
    )
    assert "Phases are missing: DP." in told and "Generated phases never set a category: AP." in told


def test_the_page_says_what_was_decided_and_on_what_it_rests() -> None:
    report = report_input(aligned(GRIDS["axial thin"]))
    test = {"sensitivity": 0.862, "specificity": 0.892, "num_positive": 326, "num_negative": 74}
    points = tuple(
        Decision("any lesion", wanted, at, 0.6, {"num_positive": 69, "num_negative": 31, "test": test})
        for wanted, at in ((0.95, 0.5), (0.99, 0.8))
    )
    told = replace(report.findings, screening=Screening("main-validation", "main-test-2", points))
    context = screening_context(told)
    assert context is not None and [row["word"] for row in context["rows"]] == ["positive", "negative"]
    assert context["rows"][0]["sensitivity"] == "0.86 of 326" and "simulated patients" in context["note"]
    assert headline(told) == "any lesion positive (at the threshold for specificity 0.95)"
    assert "listed all the same" not in context["note"]
    low = replace(told, screening=Screening("v", "", (replace(points[0], score=0.1),)))
    assert "listed all the same" in screening_context(low)["note"]
    assert screening_context(report.findings) is None and headline(report.findings) == ""
    silent = replace(report.findings, abstained=("No points.",))
    assert screening_context(silent)["abstained"] == ["No points."] and "no decision" in headline(silent)


def test_a_set_says_what_it_promises_and_what_was_measured() -> None:
    known = {"course": "washout", "absolute_washout_percent": 60.4, "ap_minus_liver_hu": 3.0}
    first = report_input(aligned(GRIDS["axial thin"])).findings.lesions[0]
    lesion = replace(first, prediction_set=("hcc", "fnh"), features=known)
    assert set_text(lesion) == "hepatocellular carcinoma and focal nodular hyperplasia"
    assert signs(lesion) == [("Absolute washout", "60 %"), ("Course from PVP to DP, against the liver", "washout")]
    test = {"coverage": 0.88, "interval": [0.81, 0.94], "mean_size": 1.9, "num_lesions": 110}
    note = set_note({"level": 0.9, "at_least": 0.19, "num_lesions": 113, "test": test})
    assert "90 % of lesions" in note and "0.88 [0.81, 0.94]" in note and set_note({}) == ""
