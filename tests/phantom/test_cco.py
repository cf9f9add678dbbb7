import numpy as np
import pytest

from hepaphase.base.seeds import stream
from hepaphase.phantom.cco import Skeleton, Tree, grow
from hepaphase.phantom.perfused import Perfused, spread

SIZES = [((40.0, 52.0, 61.0), 5.0, (7.0, -12.0, 30.0)), ((60.0, 45.0, 38.0), 6.0, (-50.0, 4.0, 0.0)),
         ((33.0, 33.0, 47.0), 4.0, (0.0, 90.0, -8.0))]  # fmt: skip
"""Half axes and lattice step in mm, middle."""


def ellipsoid_with_a_cleft(
    half: tuple[float, float, float], step: float, middle: tuple[float, float, float]
) -> Perfused:
    """An organ that is not convex: an ellipsoid cut from above to below its middle."""
    axes = [np.arange(-h - 2 * step, h + 2 * step, step) for h in half]
    z, y, x = np.meshgrid(axes[2], axes[1], axes[0], indexing="ij")
    radius = np.sqrt((x / half[0]) ** 2 + (y / half[1]) ** 2 + (z / half[2]) ** 2)
    cleft = np.maximum(np.abs(x - 0.25 * half[0]) - 4.0, -z)
    depth = np.maximum((radius - 1) * min(half), -cleft).astype(np.float32)
    return Perfused(depth, np.array(middle) + [a[0] for a in axes], step)


def example(size: int, *, num: int = 50, seed: int = 3) -> tuple[Tree, Perfused, np.ndarray]:
    half, step, middle = SIZES[size]
    organ = ellipsoid_with_a_cleft(half, step, middle)
    places = organ.positions(5.0)
    terminals = spread(places[stream(seed, "places").permutation(len(places))], num)
    stem = np.array([[-0.8 * half[0], 0, -4], [-0.3 * half[0], 0, -4], [-0.1 * half[0], 0, -0.4 * half[2]]]) + middle
    skeleton = Skeleton(stem[:-1], stem[1:], np.array([-1, 0]), np.array([False, True]))
    return grow(skeleton, terminals, organ, root_radius_mm=5.0), organ, terminals


@pytest.mark.parametrize("size", range(3))
def test_murray_holds_at_every_fork_and_flow_is_kept(size: int) -> None:
    tree, _, terminals = example(size)
    forks = 0
    for row in range(len(tree.parent)):
        branches = np.flatnonzero(tree.parent == row)
        if len(branches):
            assert (tree.radius_mm[branches] ** 3).sum() == pytest.approx(tree.radius_mm[row] ** 3)
            assert tree.num_terminals[branches].sum() == tree.num_terminals[row]
            np.testing.assert_allclose(tree.start[branches], tree.end[row][None].repeat(len(branches), 0))
            forks += len(branches) == 2
    assert forks == len(terminals)
    assert tree.radius_mm[0] == pytest.approx(5.0) and (tree.num_terminals[tree.is_leaf] == 1).all()


@pytest.mark.parametrize("size", range(3))
def test_no_segment_leaves_the_organ_though_it_has_a_cleft(size: int) -> None:
    tree, organ, _ = example(size)
    at = np.linspace(0, 1, 40)[:, None, None]
    depth = organ.at(tree.start + at * (tree.end - tree.start))[:, ~tree.given]
    assert depth.max() < 0
    straight = organ.at(tree.start[0] + at[:, :, 0] * (tree.end[tree.is_leaf].max(axis=0) - tree.start[0]))
    assert straight.max() > 0  # so there is something to go around


@pytest.mark.parametrize("size", range(3))
def test_every_terminal_is_supplied_and_so_is_the_organ(size: int) -> None:
    tree, organ, terminals = example(size)
    assert not len(tree.unsupplied)
    leaves = tree.end[tree.is_leaf]
    gap = np.linalg.norm(leaves[:, None] - terminals, axis=-1)
    np.testing.assert_allclose(gap.min(axis=0), 0, atol=1e-9)
    assert len(leaves) == len(terminals) + 1  # and the free end of the skeleton
    places = organ.positions(2.0)
    assert np.linalg.norm(places[:, None] - leaves, axis=-1).min(axis=1).max() < 32


def test_the_same_input_gives_the_same_tree_and_another_seed_another() -> None:
    one, again, other = example(0)[0], example(0)[0], example(0, seed=4)[0]
    for name in ("start", "end", "parent", "radius_mm"):
        np.testing.assert_array_equal(getattr(one, name), getattr(again, name))
    assert not np.array_equal(one.end, other.end)


def test_a_grown_tree_needs_less_vessel_than_one_without_shared_stems() -> None:
    tree, _, terminals = example(1)
    volume = (np.pi * tree.radius_mm**2 * tree.length_mm)[~tree.given].sum()
    thin = tree.radius_mm.min()
    star = np.pi * thin**2 * np.linalg.norm(terminals - tree.end[tree.given][-1], axis=1).sum()
    assert volume < 0.9 * star


def test_what_cannot_be_reached_is_said() -> None:
    _, organ, _ = example(2)
    skeleton = Skeleton(np.array([[0.0, 90, -8]]), np.array([[0.0, 90, -20]]), np.array([-1]), np.array([True]))
    outside = np.array([[0.0, 90.0, 200.0]])
    tree = grow(skeleton, outside, organ, root_radius_mm=3.0)
    np.testing.assert_array_equal(tree.unsupplied, outside)
    assert len(tree.parent) == 1 and tree.num_terminals[0] == 1
