"""Every metric: perfect is perfect, worse is worse; agreement with the libraries of the field."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import roc_auc_score

from hepaphase.evaluation.metric import METRICS
from hepaphase.evaluation.metrics.auc import auc
from hepaphase.evaluation.metrics.dice import dice
from hepaphase.evaluation.metrics.psnr import psnr
from hepaphase.evaluation.metrics.ssim import ssim

RNG = np.random.default_rng(0)


def example(kind: str) -> tuple[np.ndarray, np.ndarray]:
    """A perfect prediction and its truth."""
    if kind == "hu":
        volume = RNG.normal(60, 40, (12, 13, 14))
        return volume, volume
    if kind == "mask":
        mask = RNG.random((12, 13, 14)) > 0.5
        return mask, mask
    labels = RNG.random(40) > 0.5
    return labels.astype(float), labels


def spoiled(kind: str, prediction: np.ndarray, amount: float) -> np.ndarray:
    rng = np.random.default_rng(1)
    if kind == "mask":
        return prediction ^ (rng.random(prediction.shape) < 0.4 * amount)
    return prediction + amount * (40 if kind == "hu" else 1) * rng.normal(size=prediction.shape)


@pytest.mark.parametrize("name", METRICS.names())
def test_perfect_is_perfect(name: str) -> None:
    metric = METRICS.load(name)
    assert metric.compute(*example(metric.kind)) == pytest.approx(metric.perfect)


@pytest.mark.parametrize("name", METRICS.names())
def test_worse_is_worse_in_the_direction_declared(name: str) -> None:
    metric = METRICS.load(name)
    prediction, truth = example(metric.kind)
    good, bad = (metric.compute(spoiled(metric.kind, prediction, amount), truth) for amount in (0.2, 1.0))
    assert (good > bad) == metric.higher_is_better


@given(arrays(np.int8, 30, elements=st.integers(0, 5)), arrays(bool, 30))
def test_auc_agrees_with_scikit_learn_ties_included(score: np.ndarray, truth: np.ndarray) -> None:
    if truth.all() or not truth.any():
        assert np.isnan(auc(score, truth))
    else:
        assert auc(score, truth) == pytest.approx(roc_auc_score(truth, score))


def test_psnr_of_a_known_error() -> None:
    truth = np.zeros((4, 5, 6))
    assert psnr(truth + 40, truth) == pytest.approx(20.0)
    assert psnr(truth + 240, truth + 900) == float("inf")  # both outside the window


def test_dice_of_known_overlap() -> None:
    a, b = np.zeros(10, bool), np.zeros(10, bool)
    a[:4], b[2:8] = True, True
    assert dice(a, b) == pytest.approx(2 * 2 / (4 + 6))
    assert np.isnan(dice(a & ~a, b & ~b))


def test_ssim_agrees_with_monai_inside() -> None:
    import torch
    from monai.metrics.regression import SSIMMetric

    x = np.clip(RNG.normal(40, 50, (24, 25, 26)), -160, 240)
    y = np.clip(x + RNG.normal(0, 20, x.shape), -160, 240)
    other = SSIMMetric(spatial_dims=3, data_range=400.0, win_size=11, kernel_sigma=1.5)
    theirs = float(other(torch.tensor(x + 160)[None, None], torch.tensor(y + 160)[None, None]))
    inside = np.zeros(x.shape, bool)
    inside[5:-5, 5:-5, 5:-5] = True
    assert ssim(x, y, inside) == pytest.approx(theirs, abs=2e-3)


def test_ssim_treats_an_offset_alike_at_water_and_in_the_liver() -> None:
    values = [ssim(np.full((12, 12, 12), hu + 5.0), np.full((12, 12, 12), hu)) for hu in (0.0, 60.0)]
    assert min(values) > 0.99


def test_dice_agrees_with_monai() -> None:
    import torch
    from monai.metrics.meandice import compute_dice

    a, b = RNG.random((2, 9, 10, 11)) > 0.6
    theirs = compute_dice(torch.tensor(a)[None, None], torch.tensor(b)[None, None])
    assert dice(a, b) == pytest.approx(float(theirs))
