import numpy as np

from hepaphase.diagnosis.measures import NAMES, measure_lesions
from hepaphase.study.phase import Phase

SHAPE = (20, 22, 26)


def ball(center: tuple[int, int, int], radius: float) -> np.ndarray:
    axes = np.ogrid[tuple(slice(n) for n in SHAPE)]
    return sum((a - c) ** 2 for a, c in zip(axes, center, strict=True)) <= radius**2


LIVER = np.zeros(SHAPE, bool)
LIVER[2:18, 2:20, 2:24] = True
LESION, CORE = ball((9, 10, 11), 4), ball((9, 10, 11), 2)
LABELS = np.where(LESION, 1, 0).astype(np.uint16)
ALL = np.ones(4, bool)


def scan() -> np.ndarray:
    hu = np.full((4, *SHAPE), 100.0, np.float32)
    hu[:, LESION] = 130.0
    hu[:, CORE] = 30.0
    return hu


def value(row: np.ndarray, name: str) -> float:
    return float(row[NAMES.index(name)])


def test_a_dark_core_is_told_from_a_dark_lesion() -> None:
    row = measure_lesions(scan(), ALL, LABELS, LIVER)[0]
    assert value(row, "core_PVP") * 40 + 60 < 45
    assert value(row, "p95_PVP") * 40 + 60 == 130
    assert np.isclose(value(row, "less_liver_PVP") * 30, scan()[2][LESION].mean() - 100, atol=1e-3)
    assert abs(value(row, "margin_less_liver_AP")) < 1e-6


def test_the_reference_values_are_the_plain_statistics_of_the_voxels() -> None:
    hu = np.random.default_rng(3).normal(90, 25, (4, *SHAPE)).astype(np.float32)
    row = measure_lesions(hu, ALL, LABELS, LIVER)[0]
    for k, phase in enumerate(Phase):
        own = hu[k][LESION]
        assert np.isclose(value(row, f"mean_{phase}") * 40 + 60, own.mean(), atol=1e-3)
        assert np.isclose(value(row, f"spread_{phase}") * 10 + 15, own.std(), atol=1e-3)
        assert np.isclose(value(row, f"p25_{phase}") * 40 + 60, np.percentile(own, 25), atol=1e-3)
        assert np.isclose(value(row, f"liver_{phase}") * 30 + 80, np.median(hu[k][LIVER]), atol=1e-3)
    assert np.isclose(value(row, "log_voxels") * 1.5 + 3.5, np.log(LESION.sum()), atol=1e-5)


def test_an_absent_phase_leaves_zeros_whatever_its_voxels_hold() -> None:
    present = np.array([True, False, True, False])
    one, other = scan(), scan()
    other[1], other[3] = 900.0, np.nan
    rows = [measure_lesions(hu, present, LABELS, LIVER) for hu in (one, other)]
    assert np.array_equal(*rows)
    gone = [n for n, name in enumerate(NAMES) if name.endswith(("_AP", "_DP"))]
    assert not rows[0][0, gone].any() and np.isfinite(rows[0]).all()


def test_a_neighbor_is_not_taken_for_liver() -> None:
    hu, labels = scan(), LABELS.copy()
    near = ball((9, 10, 18), 2) & ~LESION
    labels[near] = 2
    hu[:, near] = 300.0
    alone, beside = measure_lesions(scan(), ALL, LABELS, LIVER)[0], measure_lesions(hu, ALL, labels, LIVER)[0]
    assert np.isclose(value(alone, "around_less_liver_PVP"), value(beside, "around_less_liver_PVP"))


def test_no_lesion_and_a_single_voxel_are_measured_too() -> None:
    assert measure_lesions(scan(), ALL, np.zeros(SHAPE, np.uint16), LIVER).shape == (0, len(NAMES))
    labels = np.zeros(SHAPE, np.uint16)
    labels[0, 0, 0] = 1
    assert np.isfinite(measure_lesions(scan(), ALL, labels, np.zeros(SHAPE, bool))).all()
