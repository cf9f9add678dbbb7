import sys
from dataclasses import replace

import numpy as np
import pytest
from tests.toy_exams import toy_exam, write_prepared

from hepaphase.base.errors import InputError
from hepaphase.benchmark.synthesis import (
    SynthesisOptions,
    costs,
    given,
    num_parameters,
    read_scales,
    run,
    statistics,
    write,
)
from hepaphase.benchmark.synthesis_pictures import draw_pictures, pick
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.study.phase import Phase
from hepaphase.study.study import AlignedStudy
from hepaphase.synthesis import GENERATORS
from hepaphase.synthesis.generators.carry import Generator as Carry
from hepaphase.synthesis.protocol import Generated
from hepaphase.training.cohort import read_prepared


class Oracle:
    """Knows the truth, but for 2 HU."""

    def __init__(self) -> None:
        self.exams = {f"toy-{seed:03d}": toy_exam(seed) for seed in range(3)}

    def generate(self, study: AlignedStudy, target: Phase, *, time_s: float | None = None) -> Generated:
        hu = self.exams[study.case].clean_hu[target].round() + np.float32(2)
        return Generated(hu=hu, sd_hu=np.full_like(hu, 1.5), residual_hu=np.zeros_like(hu), time_s=time_s or 0.0)


@pytest.fixture
def cohort(tmp_path):
    for seed in range(3):
        write_prepared(toy_exam(seed), tmp_path)
    return tmp_path


def test_errors_are_those_made(cohort, tmp_path) -> None:
    subsets = ((Phase.NC,), (Phase.NC, Phase.PVP))
    rows = run(cohort, {"oracle": Oracle(), "carry": Carry()}, SynthesisOptions(subsets=subsets, quiet=True))
    assert len(rows) == 3 * 2 * (3 + 2)
    oracle = [row for row in rows if row.generator == "oracle"]
    assert all(row.figures[name] == 2.0 for row in oracle for name in ("liver_mae", "lesion_mae", "lesion_mean_mae"))
    assert all(row.figures["liver_cover68"] == 0 and row.figures["lesion_cover95"] == 1 for row in oracle)
    carried = {s.name: s.interval.value for s in statistics([r for r in rows if r.generator == "carry"])}
    assert carried["NC to PVP: liver_mae"] > 30 > carried["NC, PVP to DP: liver_mae"]
    table = write(rows, tmp_path / "out", {"cohort": "toys"}, Bootstrap(num_resamples=20))
    assert "| NC to AP: liver_mae | 2.0 (too few) |" in table and (tmp_path / "out" / "rows.csv").is_file()


def test_a_phase_that_is_not_in_hu_is_no_input(tmp_path) -> None:
    exam = toy_exam(0)
    shifted = replace(exam, hu={**exam.hu, Phase.AP: exam.hu[Phase.AP] - 1024})
    write_prepared(shifted, tmp_path)
    subsets = ((Phase.AP,), (Phase.NC, Phase.AP), (Phase.NC,))
    rows = run(tmp_path, {"carry": Carry()}, SynthesisOptions(subsets=subsets, quiet=True))
    assert {row.inputs for row in rows} == {"NC"} and len(rows) == 3


def test_the_reference_among_the_inputs_is_moved_to_the_truth(cohort) -> None:
    path = next(iter(sorted(cohort.glob("*.npz"))))
    fields = dict(np.load(path).items())
    for name in ("hu_NC", "hu_PVP", "clean_NC", "clean_PVP"):
        fields[name] = np.roll(fields[name], 2, axis=0)  # breathed elsewhere
    np.savez(path, **fields)
    case = read_prepared(path)
    alone, both = given(case, (Phase.NC,)), given(case, (Phase.NC, Phase.PVP))
    truth = case.reference_hu
    assert np.abs(alone.hu[Phase.NC] - truth[Phase.NC]).mean() < 5
    assert np.abs(both.hu[Phase.PVP] - truth[Phase.PVP]).mean() < 5
    np.testing.assert_array_equal(both.hu[Phase.NC], case.hu[Phase.NC])


def test_a_cohort_without_truth_is_refused(cohort) -> None:
    path = next(iter(cohort.glob("*.npz")))
    fields = {name: values for name, values in np.load(path).items() if not name.startswith("clean")}
    np.savez(path, **fields)
    with pytest.raises(InputError, match="simulated cohort"):
        run(cohort, {"carry": Carry()}, SynthesisOptions(quiet=True))


def test_scales_of_one_cohort_stretch_the_doubt_on_another(cohort, tmp_path) -> None:
    nc = ((Phase.NC,),)
    rows = run(cohort, {"oracle": Oracle()}, SynthesisOptions(subsets=nc, quiet=True))
    write(rows, tmp_path / "out", {"cohort": "toys"}, Bootstrap(num_resamples=20))
    stretches = read_scales(tmp_path / "out" / "scales.json")
    assert stretches[("oracle", "NC", "AP")].of("liver")[0] == pytest.approx(2 / 1.5 / 0.99446, rel=1e-3)
    again = run(cohort, {"oracle": Oracle()}, SynthesisOptions(subsets=nc, stretches=stretches, quiet=True))
    assert all(row.figures["liver_cover68"] == 1 for row in again)
    assert {"visible", "erased", "made_up", "liver_psnr", "body_ssim", "lesion_hcc_mae"} <= again[0].figures.keys()
    (tmp_path / "odd.json").write_text("[1]")
    with pytest.raises(InputError, match=r"no scales\.json"):
        read_scales(tmp_path / "odd.json")


class Drawing(Oracle):
    """Draws five phases: noise of 3 HU around the truth."""

    def generate(self, study: AlignedStudy, target: Phase, *, time_s: float | None = None) -> Generated:
        hu = self.exams[study.case].clean_hu[target].round()
        samples = hu + np.random.default_rng(0).normal(0, 3, (5, *hu.shape)).astype(np.float32)
        made = super().generate(study, target, time_s=time_s)
        return replace(made, hu=np.median(samples, axis=0), samples_hu=samples)


def test_draws_are_judged_as_draws(cohort) -> None:
    options = SynthesisOptions(subsets=((Phase.NC,),), quiet=True)
    rows = run(cohort, {"drawing": Drawing(), "oracle": Oracle()}, options)
    drawn, flat = (next(r.figures for r in rows if r.generator == name) for name in ("drawing", "oracle"))
    assert drawn["liver_crps"] == pytest.approx(3 * 0.2337, rel=0.05)  # of a normal distribution around the truth
    assert drawn["noise_ratio"] == pytest.approx(3 / 5, rel=0.15) and flat["noise_ratio"] < 0.2
    assert drawn["liver_mae"] < 2.0 and 0.8 < drawn["grain_ratio"] < 1.2 and drawn["spectrum_miss"] < 0.1
    assert {"lesion_hcc_mae", "lesion_hcc_mae_scanned", "lesion_mean_mae_scanned"} <= drawn.keys()


def test_pictures_of_best_median_and_worst(cohort, tmp_path) -> None:
    options = SynthesisOptions(subsets=((Phase.NC,), (Phase.PVP,)), pictures=True, quiet=True)
    rows = run(cohort, {"carry": Carry()}, options)
    assert all(bool(row.shown) == (row.inputs == "NC") for row in rows)
    chosen = pick([row for row in rows if row.shown and row.target is Phase.AP])
    assert [one.rank for one in chosen] == ["best", "median", "worst"]
    assert chosen[0].error_hu < chosen[1].error_hu < chosen[2].error_hu
    files = draw_pictures(rows, tmp_path / "pictures")
    assert [file.name for file in files] == [f"carry-NC-to-{p}.png" for p in ("AP", "PVP", "DP")]
    assert all(file.stat().st_size > 10_000 for file in files)


def test_what_was_not_trained_is_left_out(cohort) -> None:
    rows = run(cohort, {"galsce": GENERATORS.load("galsce")()}, SynthesisOptions(subsets=((Phase.PVP,),), quiet=True))
    assert rows == []


def test_costs_are_told(cohort) -> None:
    generators = {name: GENERATORS.load(name)() for name in ("carry", "kinetic", "unet", "tissues")}
    rows = run(cohort, {"carry": generators["carry"]}, SynthesisOptions(subsets=((Phase.NC,),), at_most=1, quiet=True))
    table = costs(rows, generators)
    assert "| carry | 0 | 0.0" in table and "| unet |" in table and table.count("not asked") == 3
    assert table.count("not measured") == (3 if sys.platform == "linux" else 4)
    network = generators["kinetic"].network
    assert num_parameters(generators["kinetic"]) == sum(p.numel() for p in network.parameters()) > 1000
    assert num_parameters(generators["unet"]) > 1000 and num_parameters(generators["tissues"]) > 1000


def test_what_no_input_reaches_is_not_judged(cohort) -> None:
    from hepaphase.benchmark.synthesis import reached

    case = read_prepared(next(iter(sorted(cohort.glob("*.npz")))))
    whole = given(case, (Phase.NC,))
    np.testing.assert_array_equal(reached(case, whole).masks["liver"], case.masks["liver"])
    half = whole.hu[Phase.NC].copy()
    half[: len(half) // 2] = -1000.0
    cut = reached(case, replace(whole, hu={Phase.NC: half}))
    assert not cut.masks["liver"][: len(half) // 2].any() and cut.masks["liver"].any()
    two = given(case, (Phase.NC, Phase.PVP))
    helped = reached(case, replace(two, hu={**two.hu, Phase.NC: half}))
    np.testing.assert_array_equal(helped.masks["liver"], case.masks["liver"])
