from dataclasses import replace

import numpy as np
import pytest
from tests.toy_exams import toy_exam, write_prepared

from hepaphase.benchmark.made_up import MadeUp, count_made_up
from hepaphase.study.phase import Phase
from hepaphase.training.cohort import PreparedCase, read_prepared


@pytest.fixture
def case(tmp_path) -> PreparedCase:
    return read_prepared(write_prepared(toy_exam(4, (24, 40, 48)), tmp_path))


@pytest.fixture
def truth(case: PreparedCase) -> np.ndarray:
    return case.reference_hu[Phase.PVP].astype(np.float32)


@pytest.fixture
def scan(case: PreparedCase) -> np.ndarray:
    return case.hu[Phase.NC].astype(np.float32)


def free_of(case: PreparedCase) -> np.ndarray:
    return (case.masks["liver"] > 0) & (case.masks["lesions"] == 0)


def ball(case: PreparedCase, diameter_mm: float = 24.0, place: float = 0.5) -> np.ndarray:
    """A ball in plain liver; ``place`` is where among its voxels."""
    free = free_of(case)
    middle = np.argwhere(free)[int(place * free.sum())]
    off = np.argwhere(np.ones(free.shape, bool)) - middle
    return ((off**2).sum(axis=1).reshape(free.shape) * 16 < diameter_mm**2 / 4) & free


def counts(found: MadeUp) -> tuple[int, int, int]:
    return found.odd, found.seen, found.unfounded


def test_a_spot_is_made_up_where_no_given_phase_shows_anything(case, truth, scan) -> None:
    spot = np.where(ball(case), -40.0, 0.0)
    assert counts(count_made_up(case, truth + spot, truth, {Phase.NC: scan})) == (1, 1, 1)
    assert counts(count_made_up(case, truth + 40, truth, {Phase.NC: scan})) == (0, 0, 0)  # all alike is no lesion
    real = truth + spot / 2
    assert count_made_up(case, truth + spot, real, {Phase.NC: scan}).seen == 0  # drawn too dark, but there


@pytest.mark.parametrize("contrast_hu", [-25.0, 25.0])
def test_what_a_given_phase_shows_in_the_same_place_is_founded(case, truth, scan, contrast_hu) -> None:
    here, made = ball(case), truth + np.where(ball(case), 40.0, 0.0)
    shown = scan + np.where(here, contrast_hu, 0.0)
    plain = case.hu[Phase.DP].astype(np.float32)
    assert counts(count_made_up(case, made, truth, {Phase.NC: shown})) == (1, 1, 0)
    assert counts(count_made_up(case, made, truth, {Phase.NC: shown, Phase.DP: plain})) == (1, 1, 0)
    elsewhere = scan + np.where(ball(case, place=0.85), contrast_hu, 0.0)
    assert not (here & ball(case, place=0.85)).any()
    assert counts(count_made_up(case, made, truth, {Phase.NC: elsewhere, Phase.DP: plain})) == (1, 1, 1)


def test_a_true_lesion_that_the_mask_does_not_know_and_the_scan_shows_is_not_made_up(case) -> None:
    unlabelled = replace(case, masks={**case.masks, "lesions": np.zeros_like(case.masks["lesions"])})
    truth, scan = (case.reference_hu[p].astype(np.float32) for p in (Phase.PVP, Phase.NC))
    assert count_made_up(unlabelled, truth, truth, {Phase.NC: scan}).odd == 0
    seen = scan + np.where(case.masks["lesions"] > 0, -30.0, 0.0)
    wrong = truth + np.where(case.masks["lesions"] > 0, np.where(truth > np.median(truth), -90, 90), 0.0)
    found = count_made_up(unlabelled, wrong, truth, {Phase.NC: seen})
    assert found.seen >= 1 and found.unfounded == 0  # wrong, but of something that is there


def test_streaks_are_noise_and_make_it_harder_to_be_founded(case, truth, scan) -> None:
    made = truth + np.where(ball(case), 40.0, 0.0)
    shown = scan + np.where(ball(case), 18.0, 0.0)
    streaks = np.where(np.indices(scan.shape)[0] % 8 < 4, 9.0, -9.0)  # of 16 mm
    streaked = replace(case, hu={**case.hu, Phase.NC: scan + streaks})
    assert count_made_up(case, made, truth, {Phase.NC: shown}).unfounded == 0
    assert count_made_up(streaked, made, truth, {Phase.NC: shown + streaks}).unfounded == 1
    unknown = replace(streaked, clean_hu={})  # then all that varies in the liver counts as noise
    assert count_made_up(unknown, made, truth, {Phase.NC: shown + streaks}).unfounded == 1


def test_a_phase_founds_nothing_where_it_did_not_scan(case, truth, scan) -> None:
    here = ball(case)
    made = truth + np.where(here, 40.0, 0.0)
    ended = scan.copy()
    ended[np.argwhere(here)[:, 0].min() - 1 :] = -1024
    assert counts(count_made_up(case, made, truth, {Phase.NC: ended})) == (1, 1, 1)
    assert counts(count_made_up(case, made, truth, {Phase.NC: np.full_like(scan, -1024)})) == (1, 1, 1)


def test_invented_spots_are_found_from_the_size_and_contrast_of_a_lesion_on(case, truth, scan) -> None:
    found = {
        (mm, hu): np.mean([
            count_made_up(case, truth + np.where(ball(case, mm, place), hu, 0.0), truth, {Phase.NC: scan}).unfounded
            for place in (0.3, 0.4, 0.5, 0.6, 0.7)
        ])
        for mm, hu in ((16.0, 40.0), (24.0, -25.0), (16.0, 8.0))
    }  # fmt: skip
    assert found[(16.0, 40.0)] >= 0.8 and found[(24.0, -25.0)] >= 0.8 and found[(16.0, 8.0)] == 0


def test_a_rim_that_is_off_a_little_more_is_not_made_up(case, truth, scan) -> None:
    z, _, _ = np.indices(truth.shape)
    free = free_of(case)
    half = free & (z <= np.median(z[free]))  # half of a liver is no lesion either, but far from the median
    slope = np.where(half, np.minimum(0.0, -3.0 * (np.median(z[free]) - z)), 0.0)
    found = count_made_up(case, truth + 3 * slope, truth + slope, {Phase.NC: scan})
    assert found.odd >= 1 and found.seen == found.unfounded == 0
