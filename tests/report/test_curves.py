"""Expected curves against the table of the physics notes."""

import pytest

from hepaphase.report.curves import Curve, ReferenceExam
from hepaphase.study.lesions import LESION_CLASSES

TIMES_S = (37.0, 70.0, 180.0)


@pytest.fixture(scope="module")
def exam() -> ReferenceExam:
    return ReferenceExam.until(180.0)


def enhancement(curve: Curve) -> list[float]:
    return [float(curve.hu[abs(curve.time_s - t).argmin()] - curve.hu[0]) for t in TIMES_S]


def test_liver_enhances_as_tabled(exam):
    assert enhancement(exam.liver()) == pytest.approx([17, 54, 38], abs=5)


@pytest.mark.parametrize(
    ("lesion_class", "table"),
    [("hcc", [56, 45, 31]), ("metastasis", [7, 18, 24]), ("fnh", [67, 61, 42]), ("cyst", [0, 0, 0])],
)
def test_main_compartments_enhance_as_tabled(exam, lesion_class, table):
    main = exam.lesion(lesion_class)[0]
    assert main.name == "body"
    assert main.hu[0] == pytest.approx(LESION_CLASSES[lesion_class].tissues["body"].hu0, abs=0.5)
    assert enhancement(main) == pytest.approx(table, abs=6)


def test_every_class_has_all_its_compartments(exam):
    for key, row in LESION_CLASSES.items():
        assert {curve.name for curve in exam.lesion(key)} == set(row.tissues)


def test_curves_reach_the_last_phase():
    assert ReferenceExam.until(290.0).liver().time_s[-1] >= 286.0
