"""A folder is a family: names from files, descriptions without imports, wrong names met with right ones."""

import sys

import pytest

from hepaphase.base.errors import UnknownNameError
from hepaphase.base.family import Family

METRICS = Family(package="hepaphase.evaluation.metrics", attribute="METRIC", kind="metric")


def test_files_are_names() -> None:
    assert {"mae", "dice"} <= set(METRICS.names())
    assert METRICS.load("mae").unit == "HU"


def test_a_member_is_described_without_being_imported() -> None:
    family = Family(package="hepaphase.datasets.adapters", attribute="Adapter", kind="adapter")
    loaded = set(sys.modules)
    assert all(family.describe(name) for name in family.names())
    assert not {f"{family.package}.{name}" for name in family.names()} & (set(sys.modules) - loaded)


def test_a_wrong_name_is_met_with_the_right_one() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'dice'"):
        METRICS.load("dize")
