import numpy as np
import pytest
from tests.toy_exams import ToyExam, toy_exam, write_prepared

from hepaphase.benchmark.generated import Stretch, measure
from hepaphase.evaluation.metrics.ssim import ssim
from hepaphase.study.phase import Phase
from hepaphase.synthesis.protocol import Generated
from hepaphase.training.cohort import PreparedCase, read_prepared


@pytest.fixture
def exam() -> ToyExam:
    return toy_exam(4, (24, 40, 48))


@pytest.fixture
def case(exam: ToyExam, tmp_path) -> PreparedCase:
    return read_prepared(write_prepared(exam, tmp_path))


def figures(case: PreparedCase, hu: np.ndarray, *, sd: float = 4.0, target: Phase = Phase.PVP) -> dict[str, float]:
    made = Generated(hu=hu.astype(np.float32), sd_hu=np.full(hu.shape, sd, np.float32),
                     residual_hu=np.zeros(hu.shape, np.float32), time_s=70.0)  # fmt: skip
    return measure(case, {Phase.NC: case.hu[Phase.NC]}, target, made, Stretch())


def test_the_truth_has_no_fault(case) -> None:
    found = figures(case, case.reference_hu[Phase.PVP].astype(np.float32))
    assert found["liver_mae"] == found["lesion_mae"] == found["body_mae"] == found["made_up"] == found["erased"] == 0
    assert found["liver_ssim"] == pytest.approx(1) and found["liver_cover68"] == 1 and "body_psnr" not in found
    assert found["liver_mae_scanned"] == pytest.approx(5 * 0.798, rel=0.1)  # the noise of 5 HU
    assert found["body_ssim_scanned"] < 0.95


def test_ssim_is_that_of_windows(case) -> None:
    made = case.reference_hu[Phase.PVP] + np.random.default_rng(0).normal(0, 12, case.masks["liver"].shape)
    found = figures(case, made)
    assert found["liver_ssim"] == pytest.approx(
        ssim(made.astype(np.float32), case.reference_hu[Phase.PVP], case.masks["liver"] > 0), abs=1e-4
    )


def test_calibrated_doubt_covers_what_it_says(case) -> None:
    rng = np.random.default_rng(0)
    found = figures(case, case.reference_hu[Phase.PVP] + rng.normal(0, 4, case.masks["liver"].shape))
    assert found["liver_cover68"] == pytest.approx(0.68, abs=0.02)
    assert found["liver_cover95"] == pytest.approx(0.95, abs=0.01)


def test_a_lesion_painted_over_is_erased(case) -> None:
    truth = case.reference_hu[Phase.PVP].astype(np.float32)
    hu = truth.copy()
    hu[case.masks["lesions"] > 0] = np.median(truth[(case.masks["liver"] > 0) & (case.masks["lesions"] == 0)])
    found = figures(case, hu)
    assert found["visible"] >= 1 and found["erased"] == found["visible"]
    assert figures(case, truth)["visible"] == found["visible"]


def test_the_scan_itself_is_counted_beside_what_was_made(case) -> None:
    truth = case.reference_hu[Phase.PVP].astype(np.float32)
    free = np.argwhere((case.masks["liver"] > 0) & (case.masks["lesions"] == 0))
    z, y, x = free[len(free) // 2]
    case.hu[Phase.PVP] = np.array(case.hu[Phase.PVP], np.float32)
    case.hu[Phase.PVP][z - 2 : z + 3, y - 2 : y + 3, x - 2 : x + 3] -= 60  # a streak
    found = figures(case, truth)
    assert found["made_up_local"] == 0 and found["scan_made_up_local"] == found["still_made_up_local"] == 1
    assert found["scan_made_up_unfounded"] == 1  # NC, which was given, shows nothing there


def test_errors_are_told_by_class(case) -> None:
    hu = case.reference_hu[Phase.PVP] + np.where(case.masks["lesions"] > 0, 7.0, 0.0)
    found = figures(case, hu)
    assert found["lesion_hcc_mae"] == pytest.approx(7) and found["liver_mae"] == 0
    assert found["lesion_mean_mae"] == pytest.approx(7)
    assert found["lesion_hcc_cover68"] == 0 and found["lesion_hcc_cover95"] == 1  # 7 HU where 4 is the doubt


def test_crps_is_the_error_of_one_who_is_sure_and_least_for_the_true_doubt(case) -> None:
    truth = case.reference_hu[Phase.PVP].astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 4, truth.shape)
    found = {sd: figures(case, truth + noise, sd=sd)["liver_crps"] for sd in (0.01, 2.0, 4.0, 8.0)}
    assert found[0.01] == pytest.approx(4 * 0.798, rel=0.03)
    assert min(found, key=lambda sd: found[sd]) == 4.0 and found[4.0] == pytest.approx(4 / np.sqrt(np.pi), rel=0.03)
