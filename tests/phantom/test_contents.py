from dataclasses import replace

import numpy as np

from hepaphase.phantom.appearance import Lesion, draw_appearance
from hepaphase.phantom.contents import GAS_HU, fill_cavity, fill_liver, fill_shells, fill_stomach
from hepaphase.phantom.labels import Organ

LOOK = replace(draw_appearance(np.random.default_rng(0)), lesions=(), stomach_gas=0.5)
BLOCK = np.zeros((24, 24, 24), np.uint8)


def _block(organ: Organ) -> tuple[np.ndarray, np.ndarray]:
    labels = BLOCK.copy()
    labels[3:21, 3:21, 3:21] = organ
    return np.full(labels.shape, 40, np.float32), labels


def test_a_lesion_lies_in_the_liver_with_its_contrast() -> None:
    hu, labels = _block(Organ.LIVER)
    lesion = Lesion(place=0.53, radius_voxels=(5.0, 5.0, 5.0), contrast_hu=-50.0, rim_hu=-50.0)
    fill_liver(hu, labels, replace(LOOK, lesions=(lesion,), vessel_width=0.0, mean_hu=LOOK.mean_hu | {"LIVER": 80.0}))
    changed = hu == 30
    assert 200 < changed.sum() < 1200
    assert (hu[~changed] == 40).all()
    assert (labels[changed] == Organ.LIVER).all()


def test_gas_rises_to_the_front_of_the_stomach() -> None:
    hu, labels = _block(Organ.STOMACH)
    fill_stomach(hu, labels, LOOK)
    rows = np.argwhere(hu == GAS_HU)[:, 1]
    assert len(rows) and rows.max() < 13


def test_the_medulla_is_inside_the_cortex() -> None:
    hu, labels = _block(Organ.KIDNEY)
    fill_shells(hu, labels, replace(LOOK, medulla_hu=-30.0))
    assert hu[12, 12, 12] == 10 and hu[3, 12, 12] == 40


def test_bowel_stays_in_the_filling_of_the_cavity() -> None:
    hu, labels = _block(Organ.SOFT_TISSUE)
    labels[3:21, 3:21, 3:10] = Organ.LIVER
    fill_cavity(hu, labels, LOOK)
    assert (hu[labels != Organ.SOFT_TISSUE] == 40).all() and (hu[labels == Organ.SOFT_TISSUE] != 40).any()
