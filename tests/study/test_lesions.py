"""Every row of the table is one a reader, a simulator and an archive can use."""

import pytest

from hepaphase.base.errors import ConfigError, UnknownNameError
from hepaphase.study.lesions import BENIGN, LESION_CLASSES, MALIGNANT, Tissue, lesion_class


def test_the_eight_classes_come_in_lidia_order_of_our_contract() -> None:
    assert list(LESION_CLASSES)[:8] == [
        "hcc",
        "icc",
        "metastasis",
        "hemangioma",
        "fnh",
        "cyst",
        "calcification",
        "other",
    ]
    assert MALIGNANT == ("hcc", "icc", "metastasis")
    assert set(MALIGNANT) | set(BENIGN) == set(LESION_CLASSES)


def test_codes_are_unique() -> None:
    codes = [row.snomed[0] for row in LESION_CLASSES.values()]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("key", LESION_CLASSES)
def test_keys_match(key: str) -> None:
    assert lesion_class(key).key == key


def test_a_wrong_key_is_met_with_the_right_one() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'hemangioma'"):
        lesion_class("haemangioma")


def test_impossible_tissue_is_refused() -> None:
    with pytest.raises(ConfigError):
        Tissue(40, -1, 10, 0.1, 0.1, 10)
    with pytest.raises(ConfigError):
        Tissue(40, 1, 10, 0.8, 0.8, 10)
