from dataclasses import asdict

import numpy as np
import pytest

from hepaphase.phantom.disease import HEALTHY, SIGN_SHARES, draw_signs
from hepaphase.phantom.population import REFERRAL, SIM_REFERRAL, draw_person, draw_stage

MANY = [draw_signs(seed, stage) for seed, stage in enumerate(np.random.default_rng(5).uniform(0, 1, 2000))]


def test_a_liver_without_cirrhosis_has_no_signs() -> None:
    assert draw_signs(3, None) == HEALTHY
    assert HEALTHY.varices == () and HEALTHY.ascites_mm == HEALTHY.nodule_mm == HEALTHY.umbilical_mm == 0


def test_each_sign_has_its_share() -> None:
    found = {
        "nodular": [one.nodule_mm > 0 for one in MANY],
        "ascites": [one.ascites_mm > 0 for one in MANY],
        "umbilical": [one.umbilical_mm > 0 for one in MANY],
    } | {name: [name in one.varices for one in MANY] for name in ("esophageal", "perigastric", "splenic")}
    assert set(found) == set(SIGN_SHARES)
    for name, present in found.items():
        assert np.mean(present) == pytest.approx(SIGN_SHARES[name], abs=0.035)  # three standard errors


def test_signs_go_along_with_the_stage() -> None:
    early, late = ([one for one in MANY if low <= one.stage < low + 0.3] for low in (0.0, 0.7))
    for name in ("ascites_mm", "umbilical_mm", "nodule_mm", "texture"):
        have = [np.mean([getattr(one, name) > 0 for one in group]) for group in (early, late)]
        assert have[1] > have[0] + 0.15
    for name, sign in (("right", -1), ("left", 1), ("caudate", 1), ("spleen", 1), ("hepatic_veins", -1)):
        means = [np.mean([getattr(one, name) for one in group]) for group in (early, late)]
        assert sign * (means[1] - means[0]) > 0.05
    assert {one.portal for one in MANY if one.varices} == {1.16}
    assert {one.portal for one in MANY if not one.varices} == {1.0}


def test_the_same_seed_has_the_same_signs() -> None:
    assert asdict(draw_signs(8, 0.6)) == asdict(draw_signs(8, 0.6)) != asdict(draw_signs(9, 0.6))


def test_the_stage_is_the_severity_that_the_markers_came_from() -> None:
    stages, hbv = [], []
    for seed in range(1500):
        person = draw_person(seed, SIM_REFERRAL)
        stage = draw_stage(seed, SIM_REFERRAL, cirrhosis=person.cirrhosis)
        assert (stage is None) == (not person.cirrhosis)
        if stage is not None and "hcc" in person.classes:
            stages.append(stage)
            hbv.append(person.clinical["hbv"])
    stages, hbv = np.array(stages), np.array(hbv)
    assert stages.min() >= 0 and stages.max() <= 1 and np.mean(stages) == pytest.approx(0.5, abs=0.06)
    assert hbv[stages > 0.5].mean() > hbv[stages <= 0.5].mean() + 0.1
    assert draw_stage(4, REFERRAL, cirrhosis=True) == draw_stage(4, REFERRAL, cirrhosis=True)
