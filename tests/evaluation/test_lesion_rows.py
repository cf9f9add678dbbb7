from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hepaphase.base.errors import InputError
from hepaphase.evaluation.lesion_rows import compare_lesions, read_lesions, sphere_radius_mm, write_lesions
from hepaphase.evaluation.reading import Answer, Truth
from hepaphase.study.lesions import LESION_CLASSES


def pair() -> tuple[Truth, Answer]:
    """True 3 is found as 1, true 5 is missed, true 7 is too small to count, found 2 is false."""
    true, found = np.zeros((9, 10, 40), np.uint16), np.zeros((9, 10, 40), np.uint16)
    true[:, :, 0:5], true[:, :, 10:14], true[0, 0, 39] = 3, 5, 7
    found[:, :, 1:5], found[:, :, 20:23] = 1, 2
    truth = Truth(case="p", liver=true, lesions=true, lesion_classes={3: "hcc", 5: "cyst", 7: "fnh"}, voxel_mm3=8.0)
    answer = Answer(
        lesions=found,
        lesion_classes={1: "icc", 2: "cyst"},
        scores=dict.fromkeys(LESION_CLASSES, 0.1),
        malignant=0.1,
        lesion_scores={1: 0.75},
    )
    return truth, answer


def test_every_counted_lesion_and_every_false_find_has_a_row(tmp_path: Path) -> None:
    rows = compare_lesions(*pair())
    assert [(r.true_class, r.found_class) for r in rows] == [("hcc", "icc"), ("cyst", ""), ("", "cyst")]
    assert rows[0].score == 0.75 and np.isnan(rows[2].score)
    assert rows[0].radius_mm == pytest.approx(sphere_radius_mm(450 * 8.0))
    write_lesions(tmp_path / "lesions.csv", rows, {"cohort": "toy"})
    back = read_lesions(tmp_path / "lesions.csv")
    assert [(r.case, r.true_class, r.found_class) for r in back] == [
        (r.case, r.true_class, r.found_class) for r in rows
    ]
    assert back[0].radius_mm == pytest.approx(rows[0].radius_mm, rel=1e-4)


def test_probabilities_of_found_lesions_are_kept(tmp_path: Path) -> None:
    truth, answer = pair()
    shares = dict.fromkeys(LESION_CLASSES, 0.05) | {"icc": 0.65}
    rows = compare_lesions(truth, replace(answer, lesion_probabilities={1: shares}))
    assert [dict(r.probabilities) for r in rows] == [shares, {}, {}]
    write_lesions(tmp_path / "lesions.csv", rows, {})
    assert [r.probabilities for r in read_lesions(tmp_path / "lesions.csv")] == [shares, {}, {}]


def test_a_table_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="not a table of lesions"):
        read_lesions(tmp_path / "x.csv")


def test_a_sphere_of_three_millimeters_is_the_smallest_that_counts() -> None:
    assert sphere_radius_mm(113.1) == pytest.approx(3.0, abs=1e-3)
