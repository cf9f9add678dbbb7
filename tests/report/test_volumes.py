"""Volumes of the viewer: right place, right HU, bounded size."""

import base64
import gzip
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest

from hepaphase.report.view import liver_view
from hepaphase.report.volumes import MAX_VOXELS, reduction, viewer_volumes
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase

from .cases import GRIDS, LESIONS, aligned


def image_of(text: str) -> nib.Nifti1Image:
    return nib.Nifti1Image.from_bytes(gzip.decompress(base64.b64decode(text)))


def volumes(name, **changes):
    view = liver_view(aligned(GRIDS[name], **changes), withheld={})
    return view, viewer_volumes(view, [1, 2], generated=frozenset({"AP", "DP"}))


@pytest.mark.parametrize("name", GRIDS)
def test_labels_lie_where_the_lesions_are(name):
    _, made = volumes(name)
    image = image_of(made["labels"])
    for label, lesion in zip((2, 3), LESIONS, strict=True):
        index = np.argwhere(np.asarray(image.dataobj) == label).mean(axis=0)
        ras = nib.affines.apply_affine(image.affine, index)
        assert ras * [-1, -1, 1] == pytest.approx(lesion.centre_lps_mm, abs=1.5)


def test_gray_values_give_hu_back():
    view, made = volumes("axial thin")
    image = image_of(made["PVP"])
    assert image.get_data_dtype() == np.uint8
    clipped = np.clip(view.hu[Phase.PVP], -100, 240).transpose(2, 1, 0)
    assert np.abs(image.get_fdata() - clipped).max() <= 340 / 255 / 2 + 1e-3


def test_generated_volumes_say_so_in_their_header():
    _, made = volumes("axial thin")
    assert image_of(made["AP"]).header["descrip"].item() == b"AP GENERATED"
    assert image_of(made["PVP"]).header["descrip"].item() == b"PVP"


def test_same_bytes_every_time():
    assert volumes("oblique")[1] == volumes("oblique")[1]


def test_large_volumes_are_averaged_and_stay_in_place(monkeypatch):
    monkeypatch.setattr("hepaphase.report.volumes.MAX_VOXELS", 60_000)
    view, made = volumes("axial thin", noise_hu=0.0)
    image = image_of(made["labels"])
    assert 5 * np.prod(image.shape) <= 60_000 < 5 * view.liver.size
    index = np.argwhere(np.asarray(image.dataobj) == 2).mean(axis=0)
    assert nib.affines.apply_affine(image.affine, index) * [-1, -1, 1] == pytest.approx(
        LESIONS[0].centre_lps_mm, abs=3.0
    )
    assert image_of(made["AP"]).get_fdata().mean() == pytest.approx(view.hu[Phase.AP].mean(), abs=3.0)


def test_small_lesions_survive_averaging(monkeypatch):
    study = aligned(GRIDS["axial thin"], lesions=())
    study.masks["lesions"][20, 30, 36] = 1
    monkeypatch.setattr("hepaphase.report.volumes.MAX_VOXELS", 20_000)
    view = liver_view(study, withheld={})
    made = viewer_volumes(view, [1], generated=frozenset())
    assert (np.asarray(image_of(made["labels"]).dataobj) == 2).sum() == 1


def test_finest_axes_are_averaged_first():
    geometry = Geometry((160, 400, 400), (0.7, 0.7, 3.0), (0.0, 0.0, 0.0))
    steps = reduction(geometry, num_volumes=5)
    assert steps[0] == 1 and steps[1] == steps[2] > 1
    assert 5 * 160 * (400 // steps[1]) ** 2 <= MAX_VOXELS


def test_volumes_hold_every_phase():
    study = aligned(GRIDS["coronal"])
    only = replace(
        study,
        hu={Phase.PVP: study.hu[Phase.PVP]},
        provenance={Phase.PVP: study.provenance[Phase.PVP]},
        time_s={Phase.PVP: 70.0},
    )
    assert set(viewer_volumes(liver_view(only, withheld={}), [1, 2], generated=frozenset())) == {"PVP", "labels"}
