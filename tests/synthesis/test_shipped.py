"""The model in the package, on an exam it never saw."""

import numpy as np
import pytest
from tests.toy_exams import aligned, toy_exam

from hepaphase.bundle.bundle import Bundle, shipped
from hepaphase.study.phase import Phase
from hepaphase.synthesis.generators.kinetic import Generator


@pytest.fixture(scope="module")
def generator() -> Generator:
    return Generator.from_bundle(Bundle.load(shipped("synthesis"), kind="synthesis"))


@pytest.mark.parametrize("given", [(Phase.NC,), (Phase.PVP,), (Phase.NC, Phase.PVP)])
def test_it_is_nearer_to_the_truth_than_carrying_over(generator: Generator, given: tuple[Phase, ...]) -> None:
    exam = toy_exam(77, (32, 40, 48))
    study, liver = aligned(exam, given), exam.labels == 1
    for target in set(Phase) - set(given) - {Phase.NC}:
        made = generator.generate(study, target, time_s=exam.time_s[target])
        error = np.abs(made.hu - exam.clean_hu[target])[liver].mean()
        carried = np.abs(study.hu[given[-1]] - exam.clean_hu[target])[liver].mean()
        assert error < 0.7 * carried and error < 25


def test_the_residual_is_silent_where_nothing_was_trained(generator: Generator) -> None:
    study = aligned(toy_exam(77, (16, 24, 24)), (Phase.PVP,))
    for time_s in (12.0, 100.0, 328.0):
        assert not generator.generate(study, Phase.AP, time_s=time_s).residual_hu.any()
    assert generator.generate(study, Phase.AP, time_s=37.0).residual_hu.any()


def test_a_liver_rises_and_falls_again(generator: Generator) -> None:
    exam = toy_exam(78, (32, 40, 48))
    study, liver = aligned(exam, (Phase.NC,)), exam.labels == 1
    curve = [generator.generate(study, Phase.DP, time_s=t).hu[liver].mean() for t in (0, 20, 40, 70, 180, 320)]
    assert curve[0] < curve[1] + 1 < curve[2] < curve[3] > curve[4] > curve[5]
