from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.benchmark.ceiling.cohorts import make_measured
from tests.toy_exams import toy_exam, write_prepared

from hepaphase.benchmark.ceiling.erased import Seen, erased_figures, erased_table, seen_in
from hepaphase.benchmark.ceiling.measure import Measured
from hepaphase.benchmark.generated import contrast, large_lesions
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.evaluation.physics.exam import noise_of
from hepaphase.study.phase import Phase
from hepaphase.training.cohort import open_cohort, read_prepared

CONFIG = Bootstrap(num_resamples=10)


def seen(cohort: Measured, signs: np.ndarray, *, detectability: float = 9.0) -> Seen:
    """Lesions without contrast in NC, and 40 HU of it in AP, brighter or darker."""
    contrast = np.zeros((len(cohort.lesion_class), len(Phase)))
    contrast[:, 1] = 40.0 * signs
    return Seen(np.full_like(contrast, detectability), contrast)


@pytest.mark.parametrize(("told", "expected"), [(True, 0.0), (False, 1.0)])
def test_what_cannot_be_guessed_is_erased(told: bool, expected: float) -> None:
    """Where NC tells which way a lesion goes its median has contrast; where nothing tells, the median is between."""
    train, test = (make_measured(n, noise_hu=1.0, seed=s) for n, s in ((360, 2), (120, 3)))
    rng = np.random.default_rng(0)
    found = []
    for cohort in (train, test):
        number = len(cohort.lesion_class)
        drawn = rng.choice([-1.0, 0.0, 1.0], number, p=[0.1, 0.8, 0.1])
        signs = np.where(cohort.lesion_class % 2, 1.0, -1.0) if told else drawn
        found.append(seen(cohort, signs))
    (figure,) = [
        f
        for f in erased_figures(train, test, (found[0], found[1]), CONFIG, subsets=[(Phase.NC,)], quiet=True)
        if f.name == "AP"
    ]
    assert abs(figure.value - expected) < 0.4 and figure.num == int((np.abs(found[1].contrast_hu[:, 1]) > 10).sum())
    assert figure.positive == round(figure.value * figure.num) and figure.low <= figure.value <= figure.high


def test_a_lesion_that_the_inputs_do_not_show_cannot_be_erased() -> None:
    train, test = make_measured(90, noise_hu=1.0, seed=2), make_measured(30, noise_hu=1.0, seed=3)
    signs = [np.ones(len(c.lesion_class)) for c in (train, test)]
    found = seen(train, signs[0]), seen(test, signs[1], detectability=2.0)
    figures = erased_figures(train, test, found, CONFIG, subsets=[(Phase.NC,)], quiet=True)
    assert all(f.num == 0 for f in figures) and "none visible" in erased_table(figures)


def test_a_patient_without_a_given_phase_is_left_out() -> None:
    train, test = make_measured(90, noise_hu=1.0, seed=2), make_measured(30, noise_hu=1.0, seed=3)
    times = test.times_s.copy()
    times[1, 2] = np.nan  # a patient with a lesion, no PVP
    short = replace(test, times_s=times)
    found = [seen(c, np.ones(len(c.lesion_class))) for c in (train, short)]
    figures = erased_figures(train, short, (found[0], found[1]), CONFIG, subsets=[(Phase.PVP,)], quiet=True)
    assert next(f for f in figures if f.name == "AP").num == len(test.lesion_class) - 1


def test_detectability_is_that_of_the_benchmark_of_generators(tmp_path: Path) -> None:
    for seed in range(2):
        write_prepared(toy_exam(seed), tmp_path)
    found = seen_in(tmp_path, quiet=True)
    cases = [read_prepared(path) for path in open_cohort(tmp_path).files]
    assert len(found.contrast_hu) == sum(len(large_lesions(case)) for case in cases) > 0
    case = next(c for c in cases if large_lesions(c))
    around = (case.masks["liver"] > 0) & (case.masks["lesions"] == 0)
    inside = large_lesions(case)[0]
    seen_nc = (
        abs(contrast(case.hu[Phase.NC], inside, around)) * inside.sum() ** 0.5 / noise_of(case.hu[Phase.NC], around)
    )
    assert np.isclose(found.detectability, seen_nc).any()
