"""Numbers and names as they are printed."""

import pytest

from hepaphase.report import words
from hepaphase.study.phase import Phase, Provenance


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "< 0.01"), (0.0099, "< 0.01"), (0.01, "0.01"), (0.456, "0.46"), (0.99, "0.99"), (0.9951, "> 0.99")],
)
def test_probability_is_never_certain(value, text):
    assert words.probability(value) == text


def test_bars_are_ranked_and_unknown_classes_keep_their_key():
    ranked = words.bars({"cyst": 0.2, "hcc": 0.7, "homemade": 0.1})
    assert [bar.name for bar in ranked] == ["Hepatocellular carcinoma", "Cyst", "homemade"]
    assert [bar.malignant for bar in ranked] == [True, False, False]
    assert ranked[0].percent == 70.0


@pytest.mark.parametrize(
    ("number", "text"), [(0, "No focal liver lesion"), (1, "1 focal liver lesion"), (3, "3 focal liver lesions")]
)
def test_count(number, text):
    assert words.count_lesions(number) == text


def test_what_was_read_is_told_by_provenance():
    kinds = {
        Phase.NC: Provenance.SIMULATED,
        Phase.AP: Provenance.SYNTHETIC,
        Phase.PVP: Provenance.SIMULATED,
        Phase.DP: Provenance.SYNTHETIC,
    }
    assert words.read_from(tuple(Phase), kinds) == "simulated NC and PVP, and generated AP and DP"
    assert words.read_from((Phase.PVP,), kinds) == "simulated PVP"
