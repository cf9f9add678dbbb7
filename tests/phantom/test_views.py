import numpy as np

from hepaphase.phantom.labels import Organ
from hepaphase.phantom.torso import draw_torso, surround
from hepaphase.phantom.views import random_view

from .torso_example import example_organs

LABELS = surround(example_organs(), draw_torso(np.random.default_rng(0)))


def test_a_view_is_a_pure_function_of_the_generator() -> None:
    one, two = (random_view(LABELS, np.random.default_rng(4), shape_zyx=(32, 48, 48)) for _ in range(2))
    assert np.array_equal(one.hu, two.hu) and np.array_equal(one.labels, two.labels)


def test_views_differ_in_contrast_and_mostly_show_liver() -> None:
    views = [random_view(LABELS, np.random.default_rng(seed), shape_zyx=(32, 48, 48)) for seed in range(12)]
    means = [float(v.hu[v.labels == Organ.LIVER].mean()) for v in views if (v.labels == Organ.LIVER).sum() > 100]
    assert len(means) >= 8 and np.ptp(means) > 30


def test_what_was_not_scanned_is_air_without_labels() -> None:
    for seed in range(6):
        view = random_view(LABELS, np.random.default_rng(seed), shape_zyx=(32, 48, 48))
        assert view.hu.dtype == np.float32 and np.isfinite(view.hu).all() and view.hu.min() >= -1024
        empty = ~view.labels.any(axis=(1, 2)) & (view.hu == -1000).all(axis=(1, 2))
        assert not view.labels[empty].any()
