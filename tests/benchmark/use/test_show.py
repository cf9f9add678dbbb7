"""What a reader is shown in the benchmark of use."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hepaphase.benchmark.cases import BenchmarkCase, load_case
from hepaphase.benchmark.use.settings import READINGS
from hepaphase.benchmark.use.show import Shower, shuffled, without_lesions
from hepaphase.study.phase import Phase, Provenance
from hepaphase.synthesis.generators.carry import Generator

from ...training.lesion_cohort import LIVER_HU, write_case


@pytest.fixture
def case(tmp_path: Path) -> BenchmarkCase:
    return load_case(write_case(tmp_path, 3, ("hcc", "cyst")))


def test_lesions_are_replaced_by_liver_with_its_noise(case: BenchmarkCase) -> None:
    lesions = case.truth.lesions > 0
    gone = without_lesions(case.study, case.truth.lesions)
    for phase, level in zip(Phase, LIVER_HU, strict=True):
        inside = gone.hu[phase][lesions]
        assert abs(inside.mean() - level) < 3
        assert 6 < inside.std() < 10
        changed = gone.hu[phase] != case.study.hu[phase]
        assert not changed[case.study.masks["liver"] == 0].any()
    again = without_lesions(case.study, case.truth.lesions)
    np.testing.assert_array_equal(gone.hu[Phase.AP], again.hu[Phase.AP])
    free = np.zeros_like(case.truth.lesions)
    np.testing.assert_array_equal(without_lesions(case.study, free).hu[Phase.NC], case.study.hu[Phase.NC])


def test_no_phase_keeps_its_name_when_shuffled(case: BenchmarkCase) -> None:
    mixed = shuffled(case.study)
    assert sorted(v.mean() for v in mixed.hu.values()) == sorted(v.mean() for v in case.study.hu.values())
    assert not any(np.array_equal(mixed.hu[p], case.study.hu[p]) for p in Phase)


@pytest.mark.parametrize("reading", READINGS)
def test_readings_show_what_they_say(case: BenchmarkCase, reading: str) -> None:
    study = Shower(Generator()).show(case, reading)
    assert set(study.hu) == ({Phase.NC} if reading.startswith("nc") else set(Phase))
    made = {p for p, kind in study.provenance.items() if kind is Provenance.SYNTHETIC}
    assert made == (set(Phase) - {Phase.NC} if reading.startswith("generated") else set())
    lesion = case.truth.lesions == 6  # the cyst, dark in every phase
    assert (study.hu[Phase.NC][lesion].mean() > 30) == reading.endswith("deleted")


@pytest.mark.parametrize("told", [True, False])
def test_the_generator_alone_is_told_of_patient_and_injection(case: BenchmarkCase, told: bool) -> None:
    seen: list[dict[str, object]] = []

    class Listening(Generator):
        def generate(self, study, target, *, time_s=None):
            seen.append(dict(study.clinical))
            return super().generate(study, target, time_s=time_s)

    known = replace(case, facts={"weight_kg": 70.0, "kvp": 100.0})
    study = Shower(Listening(), told).show(known, "generated")
    assert seen == [dict(known.facts) if told else {}] * 3
    assert not study.clinical
