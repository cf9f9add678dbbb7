from dataclasses import replace

import numpy as np
import pytest
from tests.toy_exams import aligned, toy_exam

from hepaphase.bundle.bundle import Bundle
from hepaphase.study.phase import Phase
from hepaphase.synthesis.generators.kinetic import Generator, pack_bundle
from hepaphase.synthesis.network import KineticNetwork, NetworkConfig
from hepaphase.synthesis.spread import calibrated, factors_for, is_told, remaining, spread_key

FACTORS = {"liver": (0.5, 0.75), "lesion": (2.0, 1.5), "lesion_mean": (3.0, 2.0), "other": (4.0, 4.0)}
TOLD = {"weight_kg": 70, "iodine_mg_per_ml": 350, "contrast_ml": 100, "contrast_ml_per_s": 3.5, "kvp": 120}


@pytest.fixture
def study():
    exam = toy_exam(1, (16, 24, 16))
    made = aligned(exam, (Phase.NC,))
    lesions = np.zeros(exam.geometry.shape_zyx, np.uint8)
    lesions[8, 12, 8] = 1
    return replace(made, masks={"liver": (exam.labels == 1).astype(np.uint8), "lesions": lesions})


def test_each_kind_of_tissue_gets_its_factor(study) -> None:
    one = np.ones(study.geometry.shape_zyx, np.float32)
    sd = calibrated(one, study, FACTORS)
    assert sd[8, 12, 8] == 2.0
    liver = (study.masks["liver"] > 0) & (study.masks["lesions"] == 0)
    assert (sd[liver] == 0.5).all() and (sd[(study.masks["liver"] == 0) & (study.masks["lesions"] == 0)] == 4.0).all()
    assert remaining(study, FACTORS)["lesion"] == (1.0, 0.75)
    blind = replace(study, masks={})
    assert (calibrated(one, blind, FACTORS) == 0.5).all()
    assert remaining(blind, FACTORS)["lesion_mean"] == (6.0, 4.0)
    assert calibrated(one, study, {}) is one and remaining(study, {}) == {}


def test_factors_are_those_of_the_inputs_and_of_what_is_known(study) -> None:
    key = spread_key((Phase.NC,), Phase.AP, told=False)
    spread = {key: {"liver": [0.5, 0.75]}, key.replace("untold", "told"): {"liver": [0.25, 0.5]}}
    told = replace(study, clinical=TOLD)
    assert is_told(TOLD) and not is_told({n: v for n, v in TOLD.items() if n != "kvp"})
    assert factors_for(spread, study, Phase.AP) == {"liver": (0.5, 0.75)}
    assert factors_for(spread, told, Phase.AP) == {"liver": (0.25, 0.5)}
    assert factors_for(spread, study, Phase.DP) == {}


def test_a_bundle_brings_its_factors(study, tmp_path) -> None:
    plain = pack_bundle(NetworkConfig(), KineticNetwork(NetworkConfig()).state_dict(), {})
    spread = {spread_key((Phase.NC,), Phase.AP, told=False): {"liver": [0.5, 0.75]}}
    more = replace(plain, config={**plain.config, "spread": spread}).save(tmp_path / "more.hepa")
    made = [Generator.from_bundle(b).generate(study, Phase.AP) for b in (plain, Bundle.load(more))]
    np.testing.assert_allclose(made[1].sd_hu, 0.5 * made[0].sd_hu, rtol=0.01)  # weights in half precision
    assert made[1].stretch == {"liver": (1.0, 1.5)} and made[0].stretch == {}
