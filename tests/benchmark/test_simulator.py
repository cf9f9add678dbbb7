import csv
from dataclasses import replace

import numpy as np
import pytest

from hepaphase.base.errors import ConfigError
from hepaphase.benchmark.simulator import LIVERS, TABLE, compare, lesion_mean_hu, reference_enhancement, table, write
from hepaphase.phantom.lesions import draw_lesions
from hepaphase.study.lesions import NO_FLOW


@pytest.fixture(scope="module")
def rows():
    return compare(3, quiet=True)


def test_every_class_is_compared_in_every_phase(rows, tmp_path) -> None:
    assert len(rows) == 4 * (len(LIVERS) + len(TABLE)) and {row.num_lesions for row in rows} == {3}
    fnh = [row for row in rows if row.kind == "fnh"]
    assert fnh[1].mean_hu > fnh[0].mean_hu + 20  # it enhances
    assert all(row.difference_agrees is None for row in rows if row.kind == "calcification")
    write(rows, tmp_path)
    with (tmp_path / "classes.csv").open() as file:
        assert len(list(csv.DictReader(file))) == len(rows)
    text = table(rows)
    assert text.count("| hcc |") == 4 and "Corrected, hcc" in text


def test_intervals_are_those_of_student(rows) -> None:
    row = rows[0]
    assert row.mean_half_hu == pytest.approx(4.303 * row.sd_hu / np.sqrt(3), rel=1e-3)


def test_agreement_is_by_the_expected_spread(rows) -> None:
    row = next(row for row in rows if row.kind == "hcc")
    near = replace(row, mean_hu=row.expected_hu + row.expected_sd_hu, less_liver_hu=-6.0)
    assert near.mean_agrees and near.difference_agrees
    far = replace(row, mean_hu=row.expected_hu + row.expected_sd_hu + 0.1, less_liver_hu=-6.0 + row.tolerance_hu + 0.1)
    assert not far.mean_agrees and not far.difference_agrees


def test_a_lesion_of_one_tissue_measures_as_that_tissue() -> None:
    cyst = draw_lesions(5, "cyst", np.zeros((1, 3)))[0]
    cyst = replace(cyst, long_axis_mm=30.0, tissues={"body": replace(NO_FLOW, hu0=7.0)}, calcium=False)
    np.testing.assert_allclose(lesion_mean_hu(cyst, reference_enhancement(cirrhosis=False)), 7.0, atol=0.01)


def test_one_lesion_has_no_spread() -> None:
    with pytest.raises(ConfigError, match="at least 2"):
        compare(1, quiet=True)
