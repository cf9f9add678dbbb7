from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from hepaphase.phantom.domain import PLAIN
from hepaphase.phantom.grids import Grid, place_grid
from hepaphase.phantom.labels import Organ
from hepaphase.phantom.population import SCREENING
from hepaphase.phantom.simulate import PHANTOM_VERSION, SimulatedCase, draw, label_map, render, simulate
from hepaphase.study.phase import Phase, Provenance

SMALL = Grid(shape_zyx=(24, 40, 44), spacing_zyx_mm=(8.0, 7.0, 8.0), whole_body=True)


@cache
def case(seed: int) -> SimulatedCase:
    return simulate(seed, grid=SMALL)


def test_same_seed_same_bytes_and_another_seed_another_patient() -> None:
    again = simulate(3, grid=SMALL)
    for phase in Phase:
        np.testing.assert_array_equal(again.study.phases[phase].hu, case(3).study.phases[phase].hu)
    assert again.truth.drawn == case(3).truth.drawn
    assert not np.array_equal(case(4).study.phases[Phase.NC].hu, case(3).study.phases[Phase.NC].hu)


def test_study_has_four_simulated_phases_masks_and_times_in_order() -> None:
    study = case(3).study
    assert list(study.phases) == list(Phase)
    assert {v.provenance for v in study.phases.values()} == {Provenance.SIMULATED}
    times = [v.time_s for v in study.phases.values()]
    assert times == sorted(times) and times[0] == 0
    assert set(study.masks) == {"liver", "body", "lesions"}
    assert case(3).truth.drawn["phantom_version"] == PHANTOM_VERSION
    assert case(3).truth.drawn["events"] == []


@pytest.mark.parametrize("seed", range(3, 8))
def test_liver_has_a_liver_s_volume_and_sits_on_the_right(seed: int) -> None:
    liver, geometry = case(seed).study.masks["liver"]
    assert 700 < liver.sum() * geometry.voxel_ml < 2600
    center = geometry.to_lps_mm(np.argwhere(liver > 0)).mean(axis=0)
    assert center[0] < -20  # LPS: negative x is the patient's right


@pytest.mark.parametrize("seed", range(3, 8))
def test_organs_enhance_as_organs_do(seed: int) -> None:
    truth = case(seed).truth
    mean = {
        organ: [float(np.median(truth.reference_hu[p][truth.organs == organ])) for p in Phase]
        for organ in (Organ.LIVER, Organ.AORTA, Organ.FAT, Organ.SPLEEN)
    }
    nc, ap, pvp, dp = mean[Organ.AORTA]
    assert ap > pvp > dp > nc
    assert mean[Organ.LIVER][2] > mean[Organ.LIVER][1] > mean[Organ.LIVER][0] - 1
    assert mean[Organ.SPLEEN][2] > mean[Organ.SPLEEN][0] + 20
    assert np.ptp(mean[Organ.FAT]) < 15 and mean[Organ.FAT][0] < -70


def test_lesion_table_and_mask_agree_and_lesions_lie_in_the_liver() -> None:
    for seed in range(3, 10):
        study = case(seed).study
        lesions = study.masks["lesions"][0]
        assert {row.lesion_id for row in study.lesion_table or ()} == set(np.unique(lesions)) - {0}
        assert (study.masks["liver"][0][lesions > 0] > 0).mean() > 0.95 if lesions.any() else True


def test_breathing_moves_phases_but_not_the_reference() -> None:
    truth = case(3).truth
    np.testing.assert_array_equal(truth.clean_hu[Phase.PVP], truth.reference_hu[Phase.PVP])
    assert np.abs(truth.clean_hu[Phase.AP] - truth.reference_hu[Phase.AP]).max() > 20


def test_a_single_phase_is_its_own_reference() -> None:
    alone = simulate(3, grid=SMALL, population=replace(SCREENING, domain=PLAIN))
    assert list(alone.study.phases) == [Phase.NC] and list(alone.truth.reference_hu) == list(Phase)
    np.testing.assert_array_equal(alone.truth.clean_hu[Phase.NC], alone.truth.reference_hu[Phase.NC])
    assert alone.truth.drawn["breath_mm"]["NC"] == [0, 0, 0]


def test_label_map_is_that_of_the_rendered_patient_where_no_lesion_lies() -> None:
    drawn = draw(5)
    labels, geometry = label_map(drawn, SMALL)
    rendered = render(drawn, SMALL)
    free = rendered.study.masks["lesions"][0] == 0
    np.testing.assert_array_equal(labels[free], rendered.truth.organs[free])
    assert geometry == rendered.study.phases[Phase.PVP].geometry


def test_coarse_grid_is_the_average_of_the_fine_one() -> None:
    """Partial volume: a render at twice the spacing is what averaging the fine render gives."""
    drawn = draw(6)
    fine = render(drawn, Grid(shape_zyx=(32, 32, 32), spacing_zyx_mm=(3.0, 3.0, 3.0))).truth.reference_hu[Phase.NC]
    coarse = render(drawn, Grid(shape_zyx=(16, 16, 16), spacing_zyx_mm=(6.0, 6.0, 6.0))).truth.reference_hu[Phase.NC]
    averaged = fine.reshape(16, 2, 16, 2, 16, 2).mean(axis=(1, 3, 5))
    sharp = fine[::2, ::2, ::2]
    error = np.abs(coarse - averaged).mean()
    assert error < 12
    assert error < 0.6 * np.abs(sharp - averaged).mean()


def test_liver_grid_is_the_model_grid_and_holds_the_liver() -> None:
    for seed in range(8):
        drawn = draw(seed)
        geometry = place_grid("liver", drawn.anatomy)
        assert geometry.shape_zyx == (48, 64, 64) and geometry.spacing_xyz_mm == (4.0, 4.0, 4.0)
        labels, _ = label_map(drawn, "liver")
        liver = labels == Organ.LIVER
        edge = liver[0].sum() + liver[-1].sum() + liver[:, 0].sum() + liver[:, -1].sum()
        assert edge + liver[:, :, 0].sum() + liver[:, :, -1].sum() < 0.01 * liver.sum()
