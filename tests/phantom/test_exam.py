import numpy as np

from hepaphase.kinetics.circulation import Circulation
from hepaphase.phantom.exam import Exam, draw_exam
from hepaphase.study.phase import Phase

EXAMS = [draw_exam(seed, sex="MF"[seed % 2], age_years=60.0, cirrhosis=seed % 3 == 0) for seed in range(40)]


def aorta_hu(exam: Exam, circulation: Circulation, phase: Phase) -> float:
    curve = np.interp(exam.times_s[phase], circulation.time_s, circulation.mg_per_ml["aorta"])
    return float(exam.kappa * curve)


def test_phases_are_scanned_in_order_at_the_times_of_the_protocol() -> None:
    for exam, _ in EXAMS:
        times = [exam.times_s[p] for p in Phase]
        assert times == sorted(times) and times[0] == 0
        assert 55 <= times[2] <= 90 and 110 <= times[3] <= 325


def test_the_arterial_phase_is_arterial() -> None:
    """The range of the physics notes, D (M2), with room for early phases."""
    arterial = [aorta_hu(exam, circulation, Phase.AP) for exam, circulation in EXAMS]
    assert np.mean([170 <= hu <= 600 for hu in arterial]) > 0.9
    portal = [aorta_hu(exam, circulation, Phase.PVP) for exam, circulation in EXAMS]
    assert np.mean([a > b for a, b in zip(arterial, portal, strict=True)]) > 0.9


def test_the_reference_does_not_move_and_others_move_by_millimetres() -> None:
    shifts = [exam.breath_mm[Phase.AP][2] for exam, _ in EXAMS]
    assert all(exam.breath_mm[Phase.PVP] == (0.0, 0.0, 0.0) for exam, _ in EXAMS)
    assert 1.5 < np.std(shifts) < 9


def test_noise_is_that_of_a_ct_of_the_abdomen() -> None:
    noise = [exam.noise_hu for exam, _ in EXAMS]
    assert 5 < np.median(noise) < 16 and min(noise) > 2 and max(noise) < 45
