"""Each measure on made exams: silent where physics is kept, and it says so where it is not."""

from dataclasses import replace

import numpy as np
import pytest

from hepaphase.evaluation.physics import fits, organs, places, signs, texture, vessels
from hepaphase.evaluation.physics.item import Item
from hepaphase.study.phase import Phase

from .made_exams import KAPPA, changed, enhancements, made_exam, without


@pytest.fixture(scope="module")
def exam():
    return made_exam()


def values(items: list[Item]) -> dict[str, float]:
    return {item.name: item.value for item in items}


def outside(items: list[Item]) -> set[str]:
    return {item.name for item in items if not np.isnan(item.value) and not item.inside}


def test_m1_counts_voxels_darker_than_without_contrast(exam) -> None:
    assert outside(signs.non_negative(exam)) == set()
    part = np.zeros_like(exam.regions["liver"])
    part[6:18, 6:18, 6:18] = True
    worse = changed(exam, Phase.AP, part, -80.0)
    found = values(signs.non_negative(worse))
    share = part.sum() / exam.regions["liver"].sum()
    assert found["negative share AP"] == pytest.approx(share, rel=0.35) and found["negative part AP"] > 1
    assert outside(signs.non_negative(worse)) == {"negative share AP", "negative part AP"}


def test_m2_reads_the_aorta_and_its_order(exam) -> None:
    truth = enhancements()["aorta"]
    found = values(vessels.aorta(exam))
    assert found["aorta AP"] == pytest.approx(truth[Phase.AP], abs=1)
    assert found["aorta DP/PVP"] == pytest.approx(truth[Phase.DP] / truth[Phase.PVP], abs=0.02)
    swapped = replace(exam, hu={**exam.hu, Phase.AP: exam.hu[Phase.PVP], Phase.PVP: exam.hu[Phase.AP]})
    assert {"aorta falls AP to PVP", "aorta PVP"} <= outside(vessels.aorta(swapped))
    early = replace(exam, time_s={**exam.time_s, Phase.AP: 22.0})
    assert "aorta falls AP to PVP" not in values(vessels.aorta(early))


def test_m3_holds_portal_vein_against_aorta(exam) -> None:
    truth = enhancements()
    found = values(vessels.portal_vein(exam))
    for phase in (Phase.PVP, Phase.DP):
        expected = truth["portal_vein"][phase] / truth["aorta"][phase]
        assert found[f"portal vein/aorta {phase}"] == pytest.approx(expected, abs=0.02)
    bright = changed(exam, Phase.PVP, exam.regions["portal_vein"], 150.0)
    assert outside(vessels.portal_vein(bright)) - outside(vessels.portal_vein(exam)) == {"portal vein/aorta PVP"}


def test_m4_reads_the_liver(exam) -> None:
    assert values(organs.liver(exam))["liver PVP"] == pytest.approx(enhancements()["liver"][Phase.PVP], abs=0.5)
    flat = changed(exam, Phase.PVP, exam.regions["liver"], -30.0)
    assert {"liver PVP", "liver AP/PVP", "liver DP/PVP"} & outside(organs.liver(flat)) >= {"liver PVP", "liver DP/PVP"}


def test_m5_reads_spleen_and_kidneys(exam) -> None:
    assert "kidneys PVP" not in outside(organs.spleen_and_kidneys(exam))
    pale = changed(exam, Phase.PVP, exam.regions["kidneys"] | exam.regions["spleen"], -70.0)
    assert {"kidneys PVP", "spleen/aorta PVP"} <= outside(organs.spleen_and_kidneys(pale))


def test_m6_counts_what_rises_when_it_cannot(exam) -> None:
    found = signs.in_order(exam)
    assert values(found)["out of order"] < 0.01 and "fat changed PVP" not in outside(found)
    late = changed(exam, Phase.DP, exam.regions["aorta"], 120.0)
    assert "out of order" in outside(signs.in_order(late))
    fatty = changed(exam, Phase.PVP, exam.regions["fat"], 40.0)
    assert outside(signs.in_order(fatty)) == {"out of order", "fat changed PVP"}


def test_m7_weighs_the_iodine(exam) -> None:
    hu = enhancements()["liver"][Phase.PVP]
    found = values(organs.mass(exam))
    assert found["liver share of dose"] == pytest.approx(hu * 1500 / (KAPPA * 37100), rel=0.02)
    assert found["organs' share of dose"] > found["liver share of dose"]
    assert "liver share of dose" in outside(organs.mass(replace(exam, dose_mg=5000.0)))
    assert organs.mass(replace(exam, dose_mg=None))[0].missing == "the dose is not known"


def test_m8_explains_a_liver_that_flows_and_no_other(exam) -> None:
    found = values(fits.explained(exam))
    assert found["chi-square median"] < 1.5 and found["misfit"] < 2.0
    part = exam.regions["liver"]
    odd = changed(changed(exam, Phase.AP, part, 60.0), Phase.PVP, part, -60.0)
    assert {"chi-square median", "misfit"} <= outside(fits.explained(odd))


def test_m9_finds_one_circulation_and_the_time_of_a_phase(exam) -> None:
    assert outside(fits.one_circulation(exam)) == set()
    late = replace(exam, time_s={**exam.time_s, Phase.PVP: 130.0})
    found = values(fits.one_circulation(late))
    assert found["time off PVP"] > 10 or found["residual RMS"] > 12


def test_m10_counts_what_nothing_else_shows(exam) -> None:
    z, y, x = np.indices(exam.hu[Phase.NC].shape)
    ball = ((z - 12) * 4.0) ** 2 + ((y - 20) * 3.0) ** 2 + ((x - 18) * 3.5) ** 2 < 10.0**2
    assert set(values(places.hallucinations(exam)).values()) == {0.0}
    made_up = replace(changed(exam, Phase.AP, ball, 60.0), synthetic=frozenset({Phase.AP}))
    assert values(places.hallucinations(made_up))["unfounded regions AP"] == 1
    real = changed(made_up, Phase.NC, ball, -30.0)
    assert values(places.hallucinations(real))["unfounded regions AP"] == 0


def test_m11_tells_smooth_and_coarse_noise(exam) -> None:
    assert outside(texture.noise(exam)) == set()
    smooth = replace(exam, hu={**exam.hu, Phase.AP: exam.smooth[Phase.AP]}, synthetic=frozenset({Phase.AP}))
    assert {"noise AP", "grain AP"} <= outside(texture.noise(smooth))
    alone = without(without(without(exam, Phase.AP), Phase.PVP), Phase.DP)
    assert texture.noise(alone)[0].missing


def test_m12_returns_to_the_unenhanced_level(exam) -> None:
    assert max(values(fits.reversible(exam)).values()) < 1
    part = exam.regions["liver"]
    assert outside(fits.reversible(changed(changed(exam, Phase.AP, part, 60.0), Phase.PVP, part, -60.0)))


def test_iodine_and_the_phase_without_it_belong_together() -> None:
    unenhanced, enhanced = np.array([50.0, 60.0]), np.array([110.0, 58.0])
    iodine = fits.iodine_mg_per_ml(enhanced, unenhanced, kappa=KAPPA)
    assert iodine[0] == pytest.approx(60 / KAPPA) and iodine[1] < 0
    np.testing.assert_allclose(fits.virtual_non_contrast(enhanced, iodine, kappa=KAPPA), unenhanced)


@pytest.mark.parametrize("measure", [signs.non_negative, signs.in_order, fits.explained, fits.one_circulation])
def test_without_the_non_contrast_phase_a_measure_says_so(exam, measure) -> None:
    assert all(item.missing for item in measure(without(exam, Phase.NC)))
