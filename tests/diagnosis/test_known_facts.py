"""Queries look at what is known of a patient and at nothing that is not."""

import dataclasses

import numpy as np
import pytest
import torch

from hepaphase.diagnosis.build import build
from hepaphase.diagnosis.known_facts import NUM_FACTS, ClinicalTokens, beside, clinical_numbers

from .tiny import TINY, scan


def test_facts_are_numbers_and_zero_means_unknown() -> None:
    said = clinical_numbers({"sex": "M", "age": 70, "hbv": False, "afp": True, "cea": "high", "cancer": None})
    assert said.tolist() == pytest.approx([0, 1, 0.7, 0, -1, 1, 0, 0, 0])
    assert not clinical_numbers({}).any() and len(said) == NUM_FACTS
    assert not clinical_numbers({"age": True, "sex": "unknown"}).any()


def test_tokens_stand_behind_the_voxels_and_unknown_ones_are_closed() -> None:
    torch.manual_seed(0)
    tokens, known = ClinicalTokens(6)(torch.from_numpy(clinical_numbers({"sex": "F", "hbv": False}))[None])
    assert known[0].nonzero().flatten().tolist() == [0, 4]
    voxels, places, allowed = torch.randn(1, 5, 6), torch.randn(1, 5, 6), torch.zeros(1, 3, 5, dtype=torch.bool)
    together, where, may = beside(voxels, places, allowed, (tokens, known))
    assert torch.equal(together[:, :5], voxels) and torch.equal(together[:, 5:], tokens)
    assert not where[:, 5:].any() and torch.equal(may[0, :, 5:], known.expand(3, -1))
    assert beside(voxels, places, allowed, None)[2] is allowed


@torch.no_grad()
def test_a_fact_changes_the_answers_and_nothing_known_is_as_if_there_were_no_tokens() -> None:
    torch.manual_seed(0)
    with_facts = build(dataclasses.replace(TINY, clinical_tokens=True)).eval()
    without = build(TINY).eval()
    without.load_state_dict({k: v for k, v in with_facts.state_dict().items() if "clinical" not in k})
    image = scan(torch.randn(2, 4, 8, 8, 8) * 30)
    facts = torch.from_numpy(np.stack([clinical_numbers({}), clinical_numbers({"sex": "F", "cancer": True})]))
    said = with_facts(dataclasses.replace(image, clinical=facts)).final.class_logits
    plain = without(image).final.class_logits
    torch.testing.assert_close(said[0], plain[0], atol=1e-5, rtol=1e-4)
    assert not torch.allclose(said[1], plain[1], atol=1e-3)
    torch.testing.assert_close(with_facts(image).final.class_logits, plain, atol=1e-5, rtol=1e-4)
