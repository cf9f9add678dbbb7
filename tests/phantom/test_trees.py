from dataclasses import replace

import numpy as np
import pytest

from hepaphase.phantom.anatomy import Anatomy, draw_anatomy
from hepaphase.phantom.detail import FULL_DETAIL
from hepaphase.phantom.grown import perfused_liver, refine
from hepaphase.phantom.trees import (
    COMMON_TRUNK_SHARE,
    INFERIOR_RIGHT_SHARE,
    PORTAL_VARIANTS,
    REPLACED_LEFT_SHARE,
    REPLACED_RIGHT_SHARE,
    draw_variants,
)

PATIENTS = {4: (58.0, None), 5: (74.0, 0.3), 6: (95.0, None), 7: (66.0, 0.95)}
"""Seed to weight and stage of liver disease."""


@pytest.fixture(scope="module")
def bodies() -> list[Anatomy]:
    return [
        refine(draw_anatomy(seed, weight_kg=weight, cirrhosis=False), seed, stage=stage, detail=FULL_DETAIL)
        for seed, (weight, stage) in PATIENTS.items()
    ]


def test_variants_come_as_often_as_published() -> None:
    rng = np.random.default_rng(2)
    drawn = [draw_variants(rng) for _ in range(6000)]
    shares = PORTAL_VARIANTS | {
        "common_trunk": COMMON_TRUNK_SHARE,
        "inferior_right_hepatic_vein": INFERIOR_RIGHT_SHARE,
        "replaced_right_artery": REPLACED_RIGHT_SHARE,
        "replaced_left_artery": REPLACED_LEFT_SHARE,
    }
    for name, share in shares.items():
        error = 4 * np.sqrt(share * (1 - share) / len(drawn))
        assert np.mean([name in one for one in drawn]) == pytest.approx(share, abs=error)
    assert max(len(set(one) & set(PORTAL_VARIANTS)) for one in drawn) == 1


def test_trees_stay_in_the_liver_and_reach_all_of_it(bodies) -> None:
    at = np.linspace(0, 1, 12)[:, None, None]
    for body in bodies:
        room = perfused_liver(body)
        for tree in body.vasculature.trees.values():
            points = tree.start + at * (tree.end - tree.start)
            assert room.at(points)[:, ~tree.given].max() < 0
            assert not len(tree.unsupplied)
        leaves = body.vasculature.trees["portal_vein"]
        inside = room.positions(6.0)
        gap = np.linalg.norm(inside[:, None] - leaves.end[leaves.is_leaf], axis=-1).min(axis=1)
        assert np.percentile(gap, 99) < 30


def test_hepatic_veins_run_on_the_borders_of_segments(bodies) -> None:
    for body in bodies:
        grown = body.vasculature
        borders, veins = grown.couinaud, grown.trees["hepatic_vein"]
        planes = [borders.right_rad, borders.middle_rad, borders.left_rad]
        assert planes == sorted(planes, reverse=True)
        out = np.linalg.norm(np.cross(veins.end - np.array(borders.apex), borders.axis), axis=1)
        great = veins.given & (out > 29 * body.scale)  # nearer to the cava two may share a trunk
        if "inferior_right_hepatic_vein" in grown.variants:
            great &= veins.end[:, 2] > borders.portal_z_mm
        gap = np.abs(borders.azimuth_rad(veins.end[great])[:, None] - planes).min(axis=1)
        assert great.sum() >= 3
        assert gap.max() < 1e-6


def test_segments_are_about_as_large_as_published(bodies) -> None:
    shares = []
    for body in bodies:
        labels = body.vasculature.couinaud.label(perfused_liver(body).positions(0.0))
        shares.append(np.bincount(labels, minlength=9)[1:] / len(labels))
        assert shares[-1].min() > 0.01 and shares[-1].max() < 0.4
    healthy = np.mean([shares[0], shares[2]], axis=0)
    assert healthy.argmax() == 7  # segment 8 is the largest
    assert healthy[0] < 0.08 and healthy[1:3].max() < 0.16 and 0.1 < healthy[3] < 0.25
    assert shares[3][0] > healthy[0] and shares[3][1:3].sum() > healthy[1:3].sum()  # caudate and left lobe grow
    assert shares[3][4:].sum() < healthy[4:].sum()


def test_the_portal_vein_widens_and_hepatic_veins_narrow(bodies) -> None:
    widths = [
        [body.vasculature.trees[name].radius_mm.max() / body.scale for name in ("portal_vein", "hepatic_vein")]
        for body in bodies
    ]
    assert widths[0][0] == pytest.approx(6.5) and widths[3][0] == pytest.approx(6.5 * bodies[3].signs.portal)
    assert widths[3][1] < widths[0][1]


def test_portal_variants_change_where_branches_leave() -> None:
    found = {}
    for seed in range(400):
        variants = set(draw_variants(np.random.default_rng(seed)))
        found.setdefault(next(iter(variants & set(PORTAL_VARIANTS)), "usual"), seed)
    assert set(found) == {*PORTAL_VARIANTS, "usual"}


def test_the_same_seed_grows_the_same_trees(bodies) -> None:
    seed, (weight, stage) = next(iter(PATIENTS.items()))
    plain = draw_anatomy(seed, weight_kg=weight, cirrhosis=False)
    again = refine(plain, seed, stage=stage, detail=FULL_DETAIL)
    for name, tree in bodies[0].vasculature.trees.items():
        np.testing.assert_array_equal(tree.end, again.vasculature.trees[name].end)
    without = refine(plain, seed, stage=stage, detail=replace(FULL_DETAIL, grown_vessels=False))
    assert without.vasculature is None and without.stretches == ()
