"""What a cohort is prepared with decides whether prepared cases are kept."""

import pytest
from tests.tiny_models import tiny_models

from hepaphase.cli._cohort import cohort_tools
from hepaphase.organs import segment


def test_cases_are_made_anew_when_masks_or_choices_change(monkeypatch: pytest.MonkeyPatch) -> None:
    organs = tiny_models().organs
    before = cohort_tools(organs).key
    assert cohort_tools(organs).key == before
    assert cohort_tools(organs, trust_names=True).key != before != cohort_tools(organs, register=False).key
    monkeypatch.setattr(segment, "RULES", segment.RULES + 1)
    assert cohort_tools(organs).key != before
