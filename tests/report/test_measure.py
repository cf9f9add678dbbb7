"""Measurements against ellipsoids of known size, place and HU."""

import numpy as np
import pytest

from hepaphase.base.errors import StudyError
from hepaphase.report.measure import lesion_core, measure_findings
from hepaphase.study.findings import PatientScores
from hepaphase.study.phase import Phase

from .cases import CLASSES, GRIDS, HU, LESIONS, LIVER, aligned, probabilities

SCORES = PatientScores({"hcc": 0.5}, malignant=0.5)


def measure(name, **changes):
    return measure_findings(aligned(GRIDS[name], **changes), [probabilities(c) for c in CLASSES], SCORES)


@pytest.mark.parametrize("name", GRIDS)
def test_ellipsoids_are_measured_in_patient_space(name):
    found = measure(name)
    spacing = max(GRIDS[name].spacing_xyz_mm)
    for lesion, truth in zip(found.lesions, LESIONS, strict=True):
        assert lesion.volume_ml == pytest.approx(truth.volume_ml, rel=0.06)
        assert lesion.centroid_lps_mm == pytest.approx(truth.centre_lps_mm, abs=0.25 * spacing)
        long, short = sorted((2 * truth.radii_mm[0], 2 * truth.radii_mm[1]), reverse=True)
        assert lesion.long_axis_mm == pytest.approx(long, abs=0.8 * spacing)
        assert lesion.short_axis_mm == pytest.approx(short, abs=spacing)
    assert found.liver_ml == pytest.approx(LIVER.volume_ml, rel=0.02)


@pytest.mark.parametrize("name", GRIDS)
def test_hu_are_those_of_each_tissue(name):
    found = measure(name)
    for phase in Phase:
        liver, *lesions = HU[phase]
        assert found.liver_hu[phase].mean_hu == pytest.approx(liver, abs=0.5)
        assert found.liver_hu[phase].sd_hu == pytest.approx(9.0, abs=0.5)
        for lesion, hu in zip(found.lesions, lesions, strict=True):
            assert lesion.hu[phase].mean_hu == pytest.approx(hu, abs=2.0)
            assert lesion.hu[phase].sd_hu == pytest.approx(9.0, abs=1.5)


def test_outer_voxels_do_not_count_when_enough_remain():
    mask = np.zeros((9, 9, 9), dtype=bool)
    mask[2:7, 2:7, 2:7] = True
    core = lesion_core(mask)
    assert core.sum() == 27 and core[4, 4, 4]


def test_a_thin_lesion_is_eroded_within_its_slices_only():
    mask = np.zeros((2, 12, 12), dtype=bool)
    mask[:, 2:9, 2:9] = True
    assert lesion_core(mask).sum() == 2 * 25


def test_a_small_lesion_is_measured_whole():
    mask = np.zeros((3, 5, 5), dtype=bool)
    mask[1, 1:4, 1:4] = True
    assert (lesion_core(mask) == mask).all()


def test_ids_and_probabilities_must_match():
    with pytest.raises(StudyError, match="Number the lesions"):
        measure_findings(aligned(GRIDS["axial thin"]), [probabilities("hcc")], SCORES)


def test_no_lesion_and_no_liver():
    study = aligned(GRIDS["axial thin"], lesions=())
    study.masks["liver"][:] = 0
    found = measure_findings(study, [], SCORES)
    assert found.lesions == () and found.liver_hu == {} and found.liver_ml == 0.0


def test_a_missing_mask_is_named():
    study = aligned(GRIDS["axial thin"])
    del study.masks["liver"]
    with pytest.raises(StudyError, match="no liver mask"):
        measure_findings(study, [], SCORES)
