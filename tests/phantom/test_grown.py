from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from hepaphase.io.nifti import read_mask
from hepaphase.phantom.anatomy import draw_anatomy
from hepaphase.phantom.cohort import CohortOptions, write_cohort
from hepaphase.phantom.detail import FULL_DETAIL, PLAIN_DETAIL
from hepaphase.phantom.grids import Grid
from hepaphase.phantom.grown import perfused_liver, refine
from hepaphase.phantom.labels import Organ
from hepaphase.phantom.population import REFERRAL, draw_person
from hepaphase.phantom.render import VESSEL_LABELS
from hepaphase.phantom.simulate import Drawn, draw, render, simulate
from hepaphase.study.phase import Phase

GRID = Grid(shape_zyx=(40, 48, 60), spacing_zyx_mm=(5.5, 5.0, 6.0), whole_body=True)
GROWN = replace(REFERRAL, detail=replace(FULL_DETAIL, finished=True))
WELL = 20003


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    """With ascites, varices and a recanalized umbilical vein."""
    return _as_stage(0.9)


def _as_stage(stage: float | None) -> Drawn:
    patient = draw(WELL, GROWN)
    for seed in range(100):
        plain = draw_anatomy(WELL, weight_kg=70, cirrhosis=False)
        body = refine(plain, seed, stage=stage, detail=FULL_DETAIL)
        signs = body.signs
        if stage is None or (signs.ascites_mm > 9 and signs.varices and signs.umbilical_mm and signs.nodule_mm):
            return replace(patient, anatomy=body, lesions=(), events=())
    raise AssertionError("nobody has all signs")


@pytest.fixture(scope="module")
def cases(drawn):
    return render(_as_stage(None), GRID), render(drawn, GRID)


def test_volumes_change_with_the_disease(cases) -> None:
    well, sick = (case.truth for case in cases)
    spleen = [(truth.organs == Organ.SPLEEN).sum() for truth in (well, sick)]
    assert spleen[1] > 1.5 * spleen[0]
    shares = [np.bincount(t.segments.ravel(), minlength=9)[1:] / (t.segments > 0).sum() for t in (well, sick)]
    assert shares[1][0] > shares[0][0]
    assert shares[1][4:].sum() < shares[0][4:].sum()


def test_ascites_surrounds_the_liver(cases) -> None:
    well, sick = (case.truth for case in cases)
    fluid = [(t.organs == Organ.SOFT_TISSUE) & (np.abs(t.reference_hu[Phase.PVP] - 8) < 8) for t in (well, sick)]
    assert fluid[1].sum() > 20 * max(1, fluid[0].sum()) and fluid[1].sum() > 1000


def test_collaterals_are_painted_as_portal_vein(drawn) -> None:
    without = replace(drawn, anatomy=replace(drawn.anatomy, stretches=drawn.anatomy.stretches[:4]))
    counts = [(render(d, GRID).truth.organs == Organ.PORTAL_VEIN).sum() for d in (without, drawn)]
    assert counts[1] > counts[0] + 20


def test_the_surface_gets_rough(cases) -> None:
    """More voxels of surface for the volume."""
    ratios = []
    for case in cases:
        liver = case.study.masks["liver"][0] > 0
        faces = sum(np.abs(np.diff(liver.astype(np.int8), axis=axis)).sum() for axis in range(3))
        ratios.append(faces / liver.sum() ** (2 / 3))
    assert ratios[1] > 1.08 * ratios[0]


def test_segments_share_out_the_liver_and_vessels_are_in_it(cases) -> None:
    for case in cases:
        liver = case.study.masks["liver"][0] > 0
        assert ((case.truth.segments > 0) == liver).all()
        assert set(np.unique(case.truth.segments)) == set(range(9))
        vessels = case.truth.vessels
        assert set(np.unique(vessels)) == {0, *VESSEL_LABELS.values()}
        branches = vessels == VESSEL_LABELS["portal_vein"]
        assert (branches & liver).sum() > 0.6 * branches.sum()
        arteries = vessels == VESSEL_LABELS["hepatic_artery"]
        assert not ((case.truth.organs == Organ.AORTA) & arteries & ndimage.binary_erosion(liver)).any()


def test_the_right_kidney_stays_out_of_the_liver() -> None:
    plain = simulate(11, grid=GRID).truth.patient.anatomy
    kidney = next(blob for blob in plain.blobs if blob.organ is Organ.KIDNEY)
    grown = refine(plain, 11, stage=None, detail=FULL_DETAIL)
    assert perfused_liver(grown).at(np.array(kidney.center)) > 10


def test_fat_is_drawn_apart_from_the_disease() -> None:
    stages, hu0 = [], []
    population = replace(GROWN, detail=replace(FULL_DETAIL, grown_vessels=False))
    sick = [seed for seed in range(80) if draw_person(seed, population).cirrhosis]
    for seed in sick:
        one = draw(seed, population)
        stages.append(one.anatomy.signs.stage)
        hu0.append(one.liver.hu0)
    assert len(stages) > 8 and abs(np.corrcoef(stages, hu0)[0, 1]) < 0.6


def test_truth_is_written_beside_the_case_and_only_where_it_is_known(tmp_path) -> None:
    for name, population in (("plain", REFERRAL), ("grown", GROWN)):
        options = CohortOptions(grid=GRID, population=population)
        (case,) = write_cohort(tmp_path / name, [WELL], options, quiet=True)
        write_cohort(tmp_path / name, [WELL], replace(options, prepared=True), quiet=True)
        known = name == "grown"
        assert (tmp_path / name / case / "segments.nii.gz").exists() is known
        with np.load(tmp_path / name / f"{case}.npz") as file:
            assert ({"segments", "vessels"} <= set(file.files)) is known
            if known:
                stored, _ = read_mask(tmp_path / name / case / "segments.nii.gz")
                np.testing.assert_array_equal(stored, file["segments"])
    assert draw(WELL, REFERRAL).anatomy.vasculature is None and PLAIN_DETAIL.grown_vessels is False


def test_a_fissure_below_the_left_portal_vein_holds_fat(cases) -> None:
    truth = cases[0].truth
    anatomy = truth.patient.anatomy
    geometry = cases[0].study.masks["liver"][1]
    for fissure in anatomy.fissures:
        index = np.rint((np.array(fissure.center) - geometry.origin_lps_mm) / geometry.spacing_xyz_mm).astype(int)
        near = tuple(slice(i - 2, i + 3) for i in index[::-1])  # the body's own warp moves it by a few mm
        assert truth.reference_hu[Phase.PVP][near].min() < 20 and (truth.segments[near] == 0).any()
    assert perfused_liver(anatomy).at(np.array(anatomy.fissures[1].center)) > 0
