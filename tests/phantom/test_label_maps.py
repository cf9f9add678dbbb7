from pathlib import Path

import numpy as np
import pytest

from hepaphase.base.errors import InputError, UnknownNameError
from hepaphase.io.nifti import write_nifti
from hepaphase.phantom.label_maps import (
    read_label_map,
    read_names,
    read_organs,
    trunk_labels,
    write_embedded,
    write_label_map,
)
from hepaphase.phantom.labels import Organ
from hepaphase.study.geometry import Geometry

from .torso_example import example_organs

NAMES = {5: "LIVER", 7: "AORTA", 9: "SPLEEN"}


def _write_map(path: Path, labels: np.ndarray) -> Path:
    """Stored right to left and feet first reversed, as files often are."""
    mirrored = ((-1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, 1.0))
    geometry = Geometry(
        (labels.shape[0], labels.shape[1], labels.shape[2]), (3.0, 3.0, 3.0), (50.0, 80.0, 7.0), mirrored
    )
    write_nifti(path, labels, geometry)
    return path


def _stored() -> np.ndarray:
    stored = np.zeros((20, 30, 40), np.uint8)
    stored[4:16, 5:25, 22:38] = 5
    stored[:, 3:6, 18:21] = 7
    stored[6:12, 4:12, 2:8] = 9
    stored[0, 0, 0] = 99
    return stored


def test_a_real_map_comes_in_along_lps(tmp_path: Path) -> None:
    organs = read_organs(_write_map(tmp_path / "map.nii.gz", _stored()), NAMES)
    expected = np.zeros_like(_stored())
    for label, name in NAMES.items():
        expected[_stored() == label] = Organ[name]
    assert np.array_equal(organs, expected[:, ::-1, ::-1])


def test_a_map_without_aorta_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no aorta"):
        read_organs(_write_map(tmp_path / "map.nii.gz", _stored()), {5: "LIVER"})


def test_names_must_be_organs(tmp_path: Path) -> None:
    (tmp_path / "names.json").write_text('{"1": "LIVR"}')
    with pytest.raises(UnknownNameError, match="LIVER"):
        read_names(tmp_path / "names.json")
    (tmp_path / "list.json").write_text("[1]")
    with pytest.raises(InputError, match="JSON"):
        read_names(tmp_path / "list.json")


def test_bodies_round_the_same_organs_differ_and_can_be_made_again(tmp_path: Path) -> None:
    one, two = (write_embedded(tmp_path / n, example_organs(), num_maps=2, seed=3, name="x") for n in ("a", "b"))
    maps = [read_label_map(path) for path in (*one, *two)]
    assert np.array_equal(maps[0], maps[2]) and np.array_equal(maps[1], maps[3])
    assert not np.array_equal(maps[0], maps[1])


def test_fat_inside_the_wall_becomes_filling_and_vessels_of_the_liver_liver() -> None:
    labels = np.zeros((20, 30, 30), np.uint8)
    labels[2:18, 2:28, 2:28] = Organ.FAT
    labels[4:16, 4:26, 4:26] = Organ.MUSCLE
    labels[5:15, 6:24, 6:24] = Organ.FAT
    labels[7:13, 8:16, 8:20] = Organ.LIVER
    labels[9:11, 11:13, 9:23] = Organ.PORTAL_VEIN
    out = trunk_labels(labels)
    assert out[3, 3, 3] == Organ.FAT and out[6, 20, 20] == Organ.SOFT_TISSUE
    assert out[9, 11, 12] == Organ.LIVER and out[9, 11, 22] == Organ.PORTAL_VEIN


def test_the_liver_lies_on_the_wall_and_nowhere_else_grows() -> None:
    labels = np.zeros((20, 30, 40), np.uint8)
    labels[1:19, 1:29, 1:39] = Organ.MUSCLE
    labels[3:17, 4:26, 5:35] = Organ.SOFT_TISSUE
    labels[5:15, 8:22, 7:20] = Organ.LIVER
    out = trunk_labels(labels)
    assert (out[10, 15, 5:7] == Organ.LIVER).all()
    assert out[10, 15, 20] == Organ.SOFT_TISSUE and out[10, 15, 4] == Organ.MUSCLE


def test_a_prepared_case_is_no_label_map(tmp_path: Path) -> None:
    path = write_label_map(tmp_path, "x", example_organs(), {})
    with np.load(path) as file:
        fields = dict(file)
    np.savez(path, **{**fields, "geometry": '{"spacing_xyz_mm": [4, 4, 4]}'})
    with pytest.raises(InputError, match="label-maps"):
        read_label_map(path)


@pytest.mark.slow
def test_simulated_bodies_hold_every_organ(tmp_path: Path) -> None:
    from hepaphase.phantom.label_maps import write_simulated

    labels = read_label_map(write_simulated(tmp_path, num_maps=1, seed=7)[0])
    for organ in (Organ.LIVER, Organ.SPLEEN, Organ.KIDNEY, Organ.AORTA, Organ.LUNG, Organ.SOFT_TISSUE, Organ.FAT):
        assert (labels == organ).sum() > 300, organ
