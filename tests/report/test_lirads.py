"""Every cell of the diagnostic table of CT/MRI LI-RADS v2018, and the order in which categories are given."""

from dataclasses import replace
from itertools import product

import pytest

from hepaphase.report import lirads
from hepaphase.report.lirads import category, table
from hepaphase.report.major_features import Major
from hepaphase.study.phase import Phase

from .cases import GRIDS, aligned, report_input

SIZES = {"<10": (4.0, 9.9), "10-19": (10.0, 19.9), ">=20": (20.0, 75.0)}
# rows: number of washout, capsule, growth; columns as the table has them
NO_APHE = {"<20": ("LR-3", "LR-3", "LR-4", "LR-4"), ">=20": ("LR-3", "LR-4", "LR-4", "LR-4")}
APHE = {
    "<10": ("LR-3", "LR-4", "LR-4", "LR-4"),
    "10-19": ("LR-3", "LR-5", "LR-5", "LR-5"),
    ">=20": ("LR-4", "LR-5", "LR-5", "LR-5"),
}


@pytest.mark.parametrize("signs", list(product([False, True], repeat=3)))
@pytest.mark.parametrize("column", SIZES)
def test_every_cell_of_the_table(column, signs):
    washout, capsule, growth = signs
    wanted = APHE[column][sum(signs)]
    if column == "10-19" and signs == (False, True, False):
        wanted = "LR-4"  # a capsule alone
    for size in SIZES[column]:
        said = {"size_mm": size, "washout": washout, "capsule": capsule, "growth": growth}
        assert table(aphe=True, **said) == wanted
        assert table(aphe=False, **said) == NO_APHE[">=20" if column == ">=20" else "<20"][sum(signs)]


def major(**changes) -> Major:
    plain = {"aphe": "nonrim", "washout": True, "peripheral_washout": False, "central_delay": False, "capsule": None}
    return Major(**(plain | changes), measured={"ap_hottest_minus_liver_hu": 31.25})


@pytest.mark.parametrize(
    ("changes", "shares", "wanted"),
    [
        ({}, {"hcc": 0.9, "cyst": 0.1}, "LR-5"),
        ({"washout": False}, {"hcc": 0.9, "cyst": 0.1}, "LR-4"),
        ({"aphe": "rim"}, {"hcc": 0.9, "cyst": 0.1}, "LR-M"),
        ({"peripheral_washout": True, "washout": False}, {"hcc": 1.0}, "LR-M"),
        ({"central_delay": True}, {"hcc": 1.0}, "LR-M"),
        ({}, {"cyst": 0.6, "hemangioma": 0.36, "hcc": 0.04}, "LR-1"),
        ({"aphe": "rim"}, {"hemangioma": 0.85, "hcc": 0.15}, "LR-2"),
        ({}, {"fnh": 0.99, "hcc": 0.01}, "LR-5"),
    ],
)
def test_benign_and_targetoid_come_before_the_table(monkeypatch, changes, shares, wanted):
    monkeypatch.setattr(lirads, "major_features", lambda *_: major(**changes))
    report = report_input(aligned(GRIDS["axial thin"]))
    finding = replace(report.findings.lesions[0], probabilities=shares)
    told = category(report.study, finding, report.findings.liver_hu)
    assert told.category == wanted and "capsule" in told.not_assessed


def test_a_category_rests_on_what_the_images_show():
    """The first lesion of the phantom is bright in AP and dark in DP, the second never darker than the liver late."""
    study = aligned(GRIDS["axial thin"], synthetic=())
    report = report_input(study)
    first, second = (category(study, f, report.findings.liver_hu) for f in report.findings.lesions)
    assert (first.aphe, first.washout, first.category) == ("nonrim", True, "LR-5")
    assert first.measured["dp_liver_to_lesion_percent"] == pytest.approx(100 * 94 / 78, abs=3)
    assert not second.washout and second.capsule is None
    assert report.findings.lesions[0].hu[Phase.AP].mean_hu > report.findings.liver_hu[Phase.AP].mean_hu
