import json

import pytest

from hepaphase.base.errors import BundleError
from hepaphase.bundle.card import Card, Figure

FIGURE = Figure(name="Liver Dice", value=0.93, num_cases=40, cohort="sim-1k, test", interval=(0.91, 0.95))
CARD = Card(
    title="Organs",
    training_data="Simulated abdomens",
    num_cases=800,
    seed=3,
    scale={"steps": 4000},
    figures=(FIGURE,),
    lineage=("TotalSegmentator example: Apache-2.0",),
    limits=("Not tried on children",),
)


def test_a_card_survives_json() -> None:
    again = Card.from_dict(json.loads(json.dumps(CARD.to_dict())))
    assert again.figures == (FIGURE,)
    assert again.to_markdown() == CARD.to_markdown()


def test_fields_of_a_later_version_are_left_out() -> None:
    assert Card.from_dict({"title": "x", "carbon": 3}) == Card(title="x")


def test_the_page_says_what_counts() -> None:
    page = CARD.to_markdown()
    assert "| Liver Dice | 0.93 | 0.91 to 0.95 | 40 | sim-1k, test |" in page
    for text in ("Research use only", "800 for training", "**Steps**: 4000", "Not tried on children", "Apache-2.0"):
        assert text in page


def test_a_figure_without_interval_says_so() -> None:
    page = Card(title="x", figures=[Figure(name="MAE", value=12, unit="HU", num_cases=3, cohort="c")]).to_markdown()
    assert "| MAE | 12 HU | not computed | 3 | c |" in page


@pytest.mark.parametrize("changes", [{"num_cases": 0}, {"interval": (0.5, 0.9)}])
def test_figures_that_cannot_be_are_refused(changes: dict) -> None:
    with pytest.raises(BundleError, match="Figure 'Liver Dice'"):
        Figure(**{"name": "Liver Dice", "value": 0.93, "num_cases": 4, "cohort": "c", **changes})
