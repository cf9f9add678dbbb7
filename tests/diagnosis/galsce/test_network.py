"""Streams skip phases that are not there, the LSTM reads them in order, fusion leaves the experts alone."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch

from hepaphase.base.errors import ConfigError
from hepaphase.bundle.bundle import Bundle
from hepaphase.diagnosis.galsce.box import channels, cut_box, liver_box
from hepaphase.diagnosis.galsce.classify import Classifier
from hepaphase.diagnosis.galsce.network import Galsce, GalsceConfig, Stream, last_states
from hepaphase.diagnosis.known_facts import NUM_FACTS, clinical_numbers
from hepaphase.study.phase import Phase

from ..tiny import aligned

TINY = GalsceConfig(widths=(4, 6), stem=4, reduced=5, lstm=7, lstm_layers=2)
SUBSETS = [s for n in range(1, 5) for s in itertools.combinations(range(4), n)]
PRESENT = torch.tensor([[p in s for p in range(4)] for s in SUBSETS])


@torch.no_grad()
def test_the_lstm_reads_what_is_there_as_one_sequence() -> None:
    torch.manual_seed(0)
    lstm = torch.nn.LSTM(5, 7, 2, batch_first=True)
    steps = torch.randn(len(SUBSETS), 4, 5)
    states = last_states(lstm, steps, PRESENT)
    for row, subset in enumerate(SUBSETS):
        alone = lstm(steps[row, list(subset)][None])[0][0]
        torch.testing.assert_close(states[row, : len(subset)], alone)
        assert torch.isinf(states[row, len(subset) :]).all()


@torch.no_grad()
def test_every_subset_in_one_batch_equals_one_study_at_a_time_and_missing_phases_are_not_read() -> None:
    torch.manual_seed(0)
    net = Galsce(TINY).eval()
    x, known = torch.randn(len(SUBSETS), 4, 2, 8, 8, 8), torch.randn(len(SUBSETS), NUM_FACTS)
    together = net(x, PRESENT, known)
    assert together.shape == (15, 8)
    hidden = x.masked_fill(~PRESENT[:, :, None, None, None, None], float("nan"))
    for row in (0, 5, 14):
        one = net(hidden[row : row + 1], PRESENT[row : row + 1], known[row : row + 1])
        torch.testing.assert_close(one[0], together[row], atol=1e-5, rtol=1e-4)


def test_the_fusion_learns_without_moving_the_experts_and_an_expert_without_the_fusion() -> None:
    torch.manual_seed(0)
    net = Galsce(TINY)
    x, present, known = torch.randn(1, 4, 2, 8, 8, 8), torch.ones(1, 4, dtype=torch.bool), torch.randn(1, NUM_FACTS)
    before = {n: v.clone() for n, v in net.state_dict().items()}
    net(x, present, known).square().sum().backward()
    assert all(torch.equal(v, before[n]) for n, v in net.state_dict().items()), "no mean of a batch norm moves"
    assert {n.split(".")[0] for n, p in net.named_parameters() if p.grad is not None} == {"fuse"}
    net.zero_grad()
    net.train()
    net.first(x, present, known)[1].square().sum().backward()
    reached = {n.split(".")[0] for n, p in net.named_parameters() if p.grad is not None}
    assert reached == {"first"}


@torch.no_grad()
def test_markers_are_read_only_where_wanted() -> None:
    x, present = torch.randn(1, 4, 2, 8, 8, 8), torch.ones(1, 4, dtype=torch.bool)
    plain, marked = clinical_numbers({"sex": "F", "age": 61}), clinical_numbers({"sex": "F", "age": 61, "hbv": True})
    assert plain[:3].tolist() == pytest.approx([1, 0, 0.61]) and marked.sum() == pytest.approx(plain.sum() + 1)
    for markers in (False, True):
        torch.manual_seed(0)
        net = Galsce(GalsceConfig(widths=(4, 6), stem=4, reduced=5, lstm=7, markers=markers)).eval()
        said = [net(x, present, torch.from_numpy(c)[None]) for c in (plain, marked)]
        assert torch.equal(*said) != markers


def test_the_box_lies_about_the_liver_and_channels_hold_liver_and_lesions_apart() -> None:
    liver = np.zeros((20, 30, 40), bool)
    liver[2:8, 20:30, 5:25] = True
    corner = liver_box(liver, (10, 12, 14))
    assert corner == (0, 19, 8)
    lesions = np.zeros_like(liver)
    lesions[4:6, 24:26, 10:12] = True
    hu = {Phase.AP: np.full(liver.shape, 45.0), Phase.DP: np.full(liver.shape, 900.0)}
    x, present = channels(hu, liver, lesions, (10, 12, 14))
    assert present.tolist() == [False, True, False, True] and (x[[0, 2]] == -1).all()
    inside = cut_box(liver, corner, (10, 12, 14))
    assert (x[1, 0][inside] == 0).all() and (x[1, 0][~inside] == -1).all() and (x[3, 0][inside] == 1).all()
    assert (x[1, 1] == 0).sum() == lesions.sum()
    assert inside[:, 11].sum() == 0, "what the box has beyond the volume is empty"
    assert cut_box(liver, (50, 0, 0), (4, 4, 4)).sum() == 0


def test_a_bundle_classifies_a_study_with_whatever_phases_it_has(tmp_path) -> None:
    torch.manual_seed(0)
    net = Galsce(TINY)
    names = ("hcc", "icc", "colorectal", "gastric", "pancreas", "breast", "lung", "other")
    config = {"network": TINY.to_dict(), "box_zyx": (8, 8, 8)}
    path = Bundle(kind="galsce", config=config, classes=names, weights=net.state_dict()).save(tmp_path / "x.hepa")
    classifier = Classifier.from_bundle(Bundle.load(path, kind="galsce"))
    study = aligned((Phase.NC, Phase.PVP))
    lesions = np.zeros(study.geometry.shape_zyx, np.uint16)
    lesions[5:7, 5:7, 6:9] = 1
    said = classifier.classify(study, lesions)
    assert tuple(said) == names and sum(said.values()) == pytest.approx(1)
    assert said != classifier.classify(study, np.zeros_like(lesions))


def test_sizes_below_one_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least one"):
        GalsceConfig(lstm=0)


@torch.no_grad()
def test_a_stream_tells_a_bright_lesion_from_a_dark_one() -> None:
    """Both patients have the same masks; instance norm would hand on little but those."""
    torch.manual_seed(0)
    x = torch.full((2, 2, 16, 16, 16), -1.0)
    x[:, 0, 2:14, 2:14, 2:14] = 0.2
    x[:, :, 5:9, 5:9, 5:9] = torch.tensor([-0.5, 0.8])[:, None, None, None, None]
    apart = {
        norm: float((a - b).norm() / (a.norm() * b.norm()).sqrt())
        for norm in ("instance", "batch")
        for a, b in [Stream(dataclasses.replace(TINY, norm=norm))(x)]
    }
    assert apart["batch"] > 1.5 * apart["instance"]
