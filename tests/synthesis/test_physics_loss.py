"""Each term against its closed form: a uniform exam, changed by a known amount."""

import pytest
import torch
from tests.toy_exams import toy_exam

from hepaphase.study.phase import Phase
from hepaphase.synthesis.network import Scanned
from hepaphase.synthesis.physics_loss import SLACK_HU, Asked, physics_terms

ORDER = list(Phase)
SHAPE = (1, 8, 10, 12)


def uniform(target: Phase, made_hu: float, given: dict[Phase, float]) -> dict[str, float]:
    hu = torch.stack([torch.full(SHAPE[1:], given.get(p, 0.0)) for p in Phase])[None]
    scanned = Scanned(hu, torch.tensor([[p in given for p in Phase]]), torch.zeros(1, 4))
    made = Asked(torch.full(SHAPE, made_hu), torch.tensor([ORDER.index(target)]), torch.ones(SHAPE), torch.zeros(SHAPE))
    return {name: float(value) for name, value in physics_terms(made, scanned).items()}


@pytest.mark.parametrize(
    ("target", "made_hu", "given", "wanted"),
    [
        (Phase.PVP, 110.0, {Phase.NC: 50.0}, {}),  # 60 HU: as a liver does
        (Phase.PVP, 20.0, {Phase.NC: 50.0}, {"negative": 30 - SLACK_HU, "liver": 35 + 30}),
        (Phase.DP, 250.0, {Phase.NC: 50.0}, {"blood": 200 - 110 - SLACK_HU, "liver": 200 - 60}),
        (Phase.NC, 90.0, {Phase.PVP: 60.0}, {"negative": 30 - SLACK_HU, "liver": 35 + 30}),
        (Phase.AP, 130.0, {Phase.PVP: 100.0}, {"order": 30 - SLACK_HU}),
        (Phase.PVP, 80.0, {Phase.AP: 100.0}, {"order": 20 - SLACK_HU}),
        (Phase.AP, -60.0, {Phase.NC: -100.0}, {"fat": 40 - 10 - SLACK_HU}),  # a liver of fat, within 5 to 40 HU
        (Phase.DP, 999.0, {Phase.PVP: 100.0}, {}),  # nothing can be told of these two
    ],
)
def test_what_is_beyond_a_limit_is_counted_in_hu(target, made_hu, given, wanted) -> None:
    found = uniform(target, made_hu, given)
    assert found == pytest.approx({**dict.fromkeys(found, 0.0), **wanted})


def test_true_phases_cost_next_to_nothing_and_impossible_ones_do() -> None:
    for seed in range(3):
        exam = toy_exam(seed)
        liver, lesions = (torch.from_numpy(m)[None] for m in ((exam.labels == 1) | (exam.labels > 2), exam.labels * 0))
        hu = torch.stack([torch.from_numpy(exam.hu[p]) for p in Phase])[None]
        for shown in (Phase.NC, Phase.PVP):
            scanned = Scanned(hu, torch.tensor([[p is shown for p in Phase]]), torch.zeros(1, 4))
            for target in (p for p in Phase if p is not shown):
                truth = torch.from_numpy(exam.clean_hu[target])[None]
                true, wrong = (
                    sum(float(v) for v in physics_terms(Asked(x, torch.tensor([ORDER.index(target)]), liver, lesions),
                                                        scanned).values())
                    for x in (truth, torch.full_like(truth, 400.0 if target is Phase.NC else -60.0))
                )  # fmt: skip
                assert true < 3.0 and (wrong > 10 or Phase.NC not in (shown, target))


def test_the_gradient_points_back() -> None:
    hu = torch.full(SHAPE, 20.0, requires_grad=True)
    scanned = Scanned(
        torch.full((1, 4, *SHAPE[1:]), 50.0), torch.tensor([[True, False, False, False]]), torch.zeros(1, 4)
    )
    made = Asked(hu, torch.tensor([2]), torch.ones(SHAPE), torch.zeros(SHAPE))
    sum(physics_terms(made, scanned).values()).backward()
    assert hu.grad is not None and bool((hu.grad < 0).all())  # brighter is better


def test_without_a_liver_nothing_is_told() -> None:
    scanned = Scanned(
        torch.full((1, 4, *SHAPE[1:]), 50.0), torch.tensor([[True, False, False, False]]), torch.zeros(1, 4)
    )
    made = Asked(torch.zeros(SHAPE), torch.tensor([2]), torch.zeros(SHAPE), torch.zeros(SHAPE))
    assert all(float(v) == 0.0 for v in physics_terms(made, scanned).values())
