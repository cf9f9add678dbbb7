"""Masks that TotalSegmentator made, by name."""

import nibabel
import numpy as np
import pytest
from tests.example_study import example_study
from tests.shared_data import shared_data

from hepaphase.base.errors import InputError
from hepaphase.io.case import read_case, write_case
from hepaphase.io.nifti import write_nifti
from hepaphase.io.organ_masks import read_organ_masks
from hepaphase.study.geometry import Geometry

GRID = Geometry((4, 5, 6), (0.7, 0.8, 2.5), (-110.0, 35.5, -720.25))
NAMES = ("liver", "spleen", "kidney_left", "kidney_right", "portal_vein_and_splenic_vein")


def blocks():
    """One plane each."""
    masks = np.zeros((len(NAMES), *GRID.shape_zyx), np.uint8)
    for k in range(len(NAMES)):
        masks[k, :, k] = 1
    return dict(zip(NAMES, masks, strict=True))


def write_folder(folder):
    for name, mask in blocks().items():
        write_nifti(folder / f"{name}.nii.gz", mask, GRID)


def write_map(path, *, first=11, named=True):
    """A label map whose numbers are those of no version."""
    labels = sum((first + k) * mask.astype(np.uint8) for k, mask in enumerate(blocks().values()))
    write_nifti(path, labels.astype(np.uint8), GRID)
    if named:
        image = nibabel.load(path)
        rows = "".join(f'<Label Key="{first + k}" Red="0.1"><![CDATA[{name}]]></Label>' for k, name in enumerate(NAMES))
        image.header.extensions.append(nibabel.nifti1.Nifti1Extension(0, f"<LabelTable>{rows}</LabelTable>".encode()))
        nibabel.save(image, path)


@pytest.mark.parametrize("kind", ["folder", "map"])
def test_organs_come_by_name(kind, tmp_path):
    path = tmp_path / ("organs" if kind == "folder" else "organs.nii.gz")
    write_folder(path) if kind == "folder" else write_map(path)
    masks = read_organ_masks(path)
    expected = {"liver": 0, "spleen": 1, "kidneys": (2, 3), "portal_vein": 4}
    assert set(masks) == set(expected)
    for name, planes in expected.items():
        array, geometry = masks[name]
        assert geometry.matches(GRID) and set(np.flatnonzero(array.any(axis=(0, 2)))) == set(np.atleast_1d(planes))


def test_numbers_alone_are_refused_and_so_is_what_holds_no_organ(tmp_path):
    write_map(tmp_path / "map.nii.gz", first=1, named=False)
    with pytest.raises(InputError, match="numbers differ between versions"):
        read_organ_masks(tmp_path / "map.nii.gz")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds none of liver, spleen"):
        read_organ_masks(tmp_path / "empty")
    with pytest.raises(InputError, match="no folder or file"):
        read_organ_masks(tmp_path / "nothing")


def test_the_users_own_masks_win(tmp_path):
    study = example_study()
    write_case(study, tmp_path)
    write_folder(tmp_path / "segmentations")
    again = read_case(tmp_path)
    assert {"liver", "lesions", "spleen", "kidneys", "portal_vein"} == set(again.masks)
    np.testing.assert_array_equal(again.masks["liver"][0], study.masks["liver"][0])
    (tmp_path / "liver.nii.gz").unlink()
    np.testing.assert_array_equal(read_case(tmp_path).masks["liver"][0], blocks()["liver"])
    write_map(tmp_path / "totalsegmentator.nii.gz")
    with pytest.raises(InputError, match="holds both"):
        read_case(tmp_path)


def test_the_two_forms_of_a_real_case_agree():
    folder = shared_data("totalsegmentator_example")
    parts, whole = read_organ_masks(folder / "organs"), read_organ_masks(folder / "example_seg.nii.gz")
    assert {"liver", "spleen", "kidneys", "aorta", "vena_cava", "portal_vein"} == set(parts)
    for name, (array, grid) in whole.items():
        assert grid.matches(parts[name][1])
        other = parts[name][0]
        share = 2 * (array & other).sum() / (array.sum() + other.sum())
        assert share > 0.8, (name, share)  # two runs of the same software
