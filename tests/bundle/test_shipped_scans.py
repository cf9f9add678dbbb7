"""The models that ship remember their patients: 1001 of main-train and 1000 of sim-1k-train, four phases each."""

import pytest

from hepaphase.bundle.bundle import Bundle, shipped
from hepaphase.training.scans import CARD_FIELD, from_text, to_text


@pytest.mark.parametrize("kind", ["diagnosis", "synthesis"])
def test_the_card_names_every_scan_that_trained(kind: str) -> None:
    text = Bundle.load(shipped(kind), kind=kind).card[CARD_FIELD]
    scans = from_text(text)
    assert len(scans) == 4 * (1001 + 1000) and {len(scan) for scan in scans} == {8}
    assert to_text(scans) == text
