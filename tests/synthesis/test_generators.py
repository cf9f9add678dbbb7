"""What every generator must do; a new file in ``generators`` is tested without a line here."""

from dataclasses import replace

import numpy as np
import pytest
from tests.toy_exams import aligned, toy_exam

from hepaphase.base.errors import ConfigError, MissingPhaseError, NotTrainedError
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import TYPICAL_TIME_S, Phase, Provenance
from hepaphase.study.study import AlignedStudy
from hepaphase.synthesis import GENERATORS
from hepaphase.synthesis.protocol import Generator

GRIDS = [
    Geometry((9, 13, 18), (4.0, 4.0, 4.0), (-31.0, 12.5, -700.0)),
    Geometry((16, 24, 8), (4.1, 3.9, 4.0), (0.0, -112.5, 40.0), ((-1.0, 0, 0), (0, -1.0, 0), (0, 0, 1.0))),
    Geometry((20, 22, 25), (1.5, 1.7, 2.5), (60.0, 3.5, -70.0)),
]


@pytest.fixture(params=GENERATORS.names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def generator(name: str) -> Generator:
    return GENERATORS.load(name)()


def study_on(grid: Geometry, phases: tuple[Phase, ...] = (Phase.NC, Phase.PVP)) -> AlignedStudy:
    exam = replace(toy_exam(5, grid.shape_zyx), geometry=grid)
    return aligned(exam, phases)


@pytest.mark.parametrize("grid", GRIDS)
def test_output_lies_on_the_study_grid(generator: Generator, grid: Geometry) -> None:
    made = generator.generate(study_on(grid), Phase.AP)
    for part in (made.hu, made.sd_hu, made.residual_hu):
        assert part.shape == grid.shape_zyx and part.dtype == np.float32 and np.isfinite(part).all()
    assert (made.sd_hu > 0).all() and np.abs(made.residual_hu).max() <= 10.0
    assert made.time_s == 37.0


def test_same_study_gives_same_bytes(name: str) -> None:
    study = study_on(GRIDS[0])
    one, two = (GENERATORS.load(name)().generate(study, Phase.DP) for _ in range(2))
    assert one.hu.tobytes() == two.hu.tobytes() and one.sd_hu.tobytes() == two.sd_hu.tobytes()


@pytest.mark.parametrize("phases", [(p,) for p in Phase] + [tuple(Phase)])
def test_any_phases_in_any_phase_out_or_a_refusal_by_name(
    name: str, generator: Generator, phases: tuple[Phase, ...]
) -> None:
    study = study_on(GRIDS[0], phases)
    for target in Phase:
        try:
            made = generator.generate(study, target)
        except NotTrainedError as error:
            assert name in str(error) and ("trained for" in str(error) or "trained from" in str(error))
            continue
        assert made.time_s == (study.time_s[target] if target in phases else TYPICAL_TIME_S[target])


def test_studies_do_not_mix(generator: Generator) -> None:
    one, two = study_on(GRIDS[0]), study_on(GRIDS[1], (Phase.NC,))
    alone = generator.generate(one, Phase.DP).hu
    generator.generate(two, Phase.DP)
    np.testing.assert_array_equal(generator.generate(one, Phase.DP).hu, alone)


def test_inputs_are_left_as_they_were(generator: Generator) -> None:
    study = study_on(GRIDS[0])
    before = {p: hu.copy() for p, hu in study.hu.items()}
    made = generator.generate(study, Phase.AP)
    made.hu[:] = 0
    assert all(np.array_equal(study.hu[p], hu) for p, hu in before.items())


def test_a_study_without_scanned_phase_is_refused_by_name(generator: Generator) -> None:
    study = study_on(GRIDS[0], (Phase.PVP,))
    synthetic = replace(study, provenance={Phase.PVP: Provenance.SYNTHETIC})
    with pytest.raises(MissingPhaseError, match=r"AP of study 'toy-005'.*PVP"):
        generator.generate(synthetic, Phase.AP)


def test_synthetic_phases_are_not_looked_at(generator: Generator) -> None:
    study = study_on(GRIDS[0], (Phase.NC, Phase.PVP))
    with_synthetic = replace(study, provenance={Phase.NC: Provenance.MEASURED, Phase.PVP: Provenance.SYNTHETIC})
    alone = study_on(GRIDS[0], (Phase.NC,))
    made = [generator.generate(s, Phase.DP).hu for s in (with_synthetic, alone)]
    np.testing.assert_array_equal(*made)


@pytest.mark.parametrize("time_s", [-1.0, 331.0, float("nan")])
def test_a_time_that_was_never_computed_is_refused(generator: Generator, time_s: float) -> None:
    with pytest.raises(ConfigError, match=r"AP was asked at .*0 to 330"):
        generator.generate(study_on(GRIDS[0]), Phase.AP, time_s=time_s)


def test_only_a_generator_of_stated_inputs_refuses_any(name: str, generator: Generator) -> None:
    try:
        generator.generate(study_on(GRIDS[0], (Phase.DP,)), Phase.PVP)
    except NotTrainedError:
        assert name == "galsce"


def test_contrast_cannot_be_asked_of_a_phase_without(generator: Generator) -> None:
    with pytest.raises(ConfigError, match="NC was asked at 50 s"):
        generator.generate(study_on(GRIDS[0]), Phase.NC, time_s=50.0)
