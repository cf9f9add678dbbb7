import numpy as np
import pytest

from hepaphase.base.errors import InputError
from hepaphase.phantom.domain import FIRST, PLAIN, SECOND
from hepaphase.phantom.exam import draw_exam
from hepaphase.phantom.grids import Grid
from hepaphase.phantom.labels import Organ
from hepaphase.phantom.population import EXTERNAL, SIM_REFERRAL
from hepaphase.phantom.scanner import Slopes, add_helix, blur_slices, draw_scan, harden, noise_gain
from hepaphase.phantom.simulate import draw, render, replay
from hepaphase.phantom.truth_maps import deformation_mm, input_functions, kinetic_maps
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase

GEOMETRY = Geometry((20, 31, 33), (9.0, 9.5, 8.0), (-144.0, -142.5, 40.0))
TINY = Grid(shape_zyx=(12, 20, 22), spacing_zyx_mm=(16.0, 14.0, 14.5), whole_body=True)


def test_the_table_moves_from_head_to_feet() -> None:
    organs = np.full(GEOMETRY.shape_zyx, Organ.AORTA, np.uint8)
    lesions = np.zeros(GEOMETRY.shape_zyx, np.uint16)
    lesions[:, 0] = 1
    slopes = Slopes(organ={Organ.AORTA: 10.0}, lesion={1: -2.0}, organs=organs, lesions=lesions)
    change = add_helix(np.zeros(GEOMETRY.shape_zyx, np.float32), slopes, 6.0)
    np.testing.assert_allclose(change[0, 1], 30, atol=1e-4)
    np.testing.assert_allclose(change[-1, 1], -30, atol=1e-4)
    np.testing.assert_allclose(change[0, 0], -6, atol=1e-4)


def test_hardening_darkens_the_middle_of_soft_tissue_and_more_with_iodine() -> None:
    water = np.zeros(GEOMETRY.shape_zyx, np.float32)
    setting = {"cupping_hu": 5.0, "diameter_cm": 30.0}
    before, after = (harden(water, GEOMETRY, iodine_hu=iodine, **setting) for iodine in (0.0, 300.0))
    middle, edge = (10, 15, 18), (10, 0, 0)
    assert before[middle] == pytest.approx(-3, abs=0.3) and after[middle] == pytest.approx(-5, abs=0.3)
    assert before[edge] > -1
    air = harden(np.full_like(water, -1000), GEOMETRY, iodine_hu=300.0, **setting)
    assert (air == -1000).all()


def test_noise_is_higher_in_the_middle() -> None:
    gain = noise_gain(GEOMETRY, center=1.2, diameter_cm=30.0)
    assert gain[0, 15, 18] > 1.2 > 1.0 > gain[0, 0, 0] > 0.8
    assert (noise_gain(GEOMETRY, center=1.0, diameter_cm=30.0) == 1).all()


def test_thick_slices_blur_along_the_body_only_beyond_the_grid() -> None:
    point = np.zeros(GEOMETRY.shape_zyx, np.float32)
    point[10, 15, 16] = 100
    assert blur_slices(point, GEOMETRY, 5.0) is point
    blurred = blur_slices(point, GEOMETRY, 40.0)
    assert blurred[10, 15, 16] < 60 and blurred[12, 15, 16] > 1 and blurred[10, 15, 17] == 0
    assert blurred.sum() == pytest.approx(100, rel=1e-3)


def test_the_second_domain_is_another_hospital() -> None:
    exams = {d.name: [draw_exam(s, sex="M", age_years=60, cirrhosis=False, domain=d)[0] for s in range(12)]
             for d in (FIRST, SECOND)}  # fmt: skip
    assert np.mean([e.kvp for e in exams["second"]]) < np.mean([e.kvp for e in exams["first"]])
    assert min(e.slice_mm for e in exams["second"]) >= 3
    assert {e.noise_peak_per_mm for e in exams["second"]} <= {0.14, 0.09}
    assert draw_scan(3, PLAIN).helical_s[Phase.AP] == 0 == draw_scan(3, PLAIN).cupping_hu


@pytest.mark.parametrize("population", [SIM_REFERRAL, EXTERNAL], ids=["first", "second"])
def test_what_was_written_down_replays_to_the_same_bytes(population: object) -> None:
    case = render(draw(7, population), TINY)  # type: ignore[arg-type]
    again = render(replay(case.truth.drawn), TINY)
    assert again.truth.drawn == case.truth.drawn and case.truth.drawn["population"] == population.name  # type: ignore[attr-defined]
    for phase in case.study.phases:
        np.testing.assert_array_equal(again.study.phases[phase].hu, case.study.phases[phase].hu)


def test_a_record_of_another_version_is_refused() -> None:
    with pytest.raises(InputError, match="version"):
        replay({"phantom_version": 0, "seed": 3})


def test_truth_knows_deformation_parameters_and_input_functions() -> None:
    drawn = draw(1034)
    case = render(drawn, Grid(shape_zyx=(24, 24, 24), spacing_zyx_mm=(6.0, 7.0, 7.5)))
    geometry = case.study.masks["liver"][1]
    assert not deformation_mm(drawn, geometry, Phase.PVP).any()
    field = deformation_mm(drawn, geometry, Phase.AP)
    np.testing.assert_allclose(field.mean(axis=(1, 2, 3)), -np.array(drawn.exam.breath_mm[Phase.AP]), atol=2.5)
    flow = kinetic_maps(case)["arterial_flow"]
    lesions = case.study.masks["lesions"][0]
    assert np.isfinite(flow[lesions > 0]).all() and np.isnan(flow[case.truth.organs == Organ.FAT]).all()
    assert np.nanmedian(flow[case.truth.organs == Organ.LIVER]) == pytest.approx(drawn.liver.arterial_flow, rel=0.01)
    curves = input_functions(drawn)
    assert len(curves["time_s"]) == len(curves["aorta"]) and curves["aorta"].max() > curves["portal_vein"].max()
