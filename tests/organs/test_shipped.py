"""The shipped organ masks on real CT that they never saw."""

import numpy as np
import pytest
from tests.shared_data import shared_data

from hepaphase.bundle.bundle import Bundle, shipped
from hepaphase.io.dicom import read_series
from hepaphase.io.nifti import read_mask, read_nifti
from hepaphase.organs.checks import check_liver
from hepaphase.organs.segment import KIND, segment_organs
from hepaphase.organs.table import CLASSES
from hepaphase.study.phase import Provenance
from hepaphase.study.study import PhaseVolume


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.load(shipped(KIND), kind=KIND)


def test_the_bundle_is_small_and_says_what_it_is(bundle: Bundle) -> None:
    assert shipped(KIND).stat().st_size < 3_000_000
    bundle.check_classes(CLASSES)
    assert bundle.card["training_data"] and bundle.card["figures"] and bundle.card["lineage"] and bundle.card["limits"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scan", "mask", "floor"),
    [
        ("chaos_ct_03/ct.nii.gz", "chaos_ct_03/liver.nii.gz", 0.90),
        ("totalsegmentator_example/example_ct_sm.nii.gz", "totalsegmentator_example/organs/liver.nii.gz", 0.85),
    ],
)
def test_liver_dice_on_real_ct(bundle: Bundle, scan: str, mask: str, floor: float) -> None:
    hu, geometry = read_nifti(shared_data(scan))
    truth = read_mask(shared_data(mask))[0] > 0
    masks = segment_organs(PhaseVolume(hu, geometry, Provenance.MEASURED), bundle)
    liver = masks["liver"] > 0
    assert 2 * (liver & truth).sum() / (liver.sum() + truth.sum()) >= floor
    assert not any("left" in warning for warning in check_liver(masks["liver"], masks["body"], geometry))


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["tcga-ov_09-2043_dicom", "cptac-pda_C3L-00189_dicom"])
def test_real_series_without_truth_give_a_plausible_liver(bundle: Bundle, folder: str) -> None:
    hu, geometry, _ = read_series(shared_data(folder))
    masks = segment_organs(PhaseVolume(hu, geometry, Provenance.MEASURED), bundle)
    assert check_liver(masks["liver"], masks["body"], geometry) == []
    inside = hu[masks["liver"] > 0]
    assert 80 < np.median(inside) < 110  # measured by hand: 90 to 96, and 95
