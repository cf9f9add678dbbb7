import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from hepaphase.base.errors import BundleError, StudyError
from hepaphase.bundle.bundle import Bundle
from hepaphase.diagnosis.diagnose import Reader, diagnose, scan_of
from hepaphase.diagnosis.postprocess import ReadConfig
from hepaphase.study.lesions import LESION_CLASSES
from hepaphase.study.phase import Phase

from .tiny import aligned, tiny_bundle

CLASSES = tuple(LESION_CLASSES)


@pytest.fixture
def bundle() -> Bundle:
    return tiny_bundle()


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_any_subset_of_phases_gives_probabilities(bundle: Bundle, number: int) -> None:
    for phases in itertools.combinations(Phase, number):
        study = aligned(phases)
        found = diagnose(study, bundle)
        assert found.lesions.shape == study.geometry.shape_zyx and found.lesions.dtype == np.uint16
        np.testing.assert_allclose(found.semantic.sum(0), 1, atol=1e-5)
        assert len(found.lesion_probabilities) == found.lesions.max() >= 1
        sure = found.lesion_confidence()
        assert sorted(sure) == list(range(1, found.lesions.max() + 1))
        for lesion, value in sure.items():
            assert value == pytest.approx((1 - found.semantic[-1])[found.lesions == lesion].max())
        for row in found.lesion_probabilities:
            assert tuple(row) == CLASSES and abs(sum(row.values()) - 1) < 1e-5
        assert 0 <= max(found.patient.probabilities.values()) <= found.patient.malignant + 1 <= 2


def test_nothing_is_reported_far_from_the_liver(bundle: Bundle) -> None:
    study = aligned()
    found = diagnose(study, bundle)
    away = np.ones(study.geometry.shape_zyx, dtype=bool)
    away[1:-1, 2:-2, 3:-3] = False
    assert found.lesions.max() >= 1 and not found.lesions[away].any()


def test_the_same_weights_from_a_file_say_the_same(bundle: Bundle, tmp_path: Path) -> None:
    half = Bundle.load(bundle.save(tmp_path / "mine.hepa"), kind="diagnosis")
    one, two = diagnose(aligned(), half), diagnose(aligned(), Bundle.load(tmp_path / "mine.hepa"))
    assert np.array_equal(one.semantic, two.semantic)
    np.testing.assert_allclose(one.semantic, diagnose(aligned(), bundle).semantic, atol=0.02)


def test_odd_sizes_are_padded_with_air_at_the_far_end() -> None:
    study = aligned((Phase.AP, Phase.DP), shape=(11, 13, 20))
    scan = scan_of(study, multiple=8)
    assert scan.hu.shape == (1, 4, 16, 16, 24) and scan.present.tolist() == [[False, True, False, True]]
    assert float(scan.hu[0, 1, 11:].max()) == -1000 and not scan.liver[0, 11:].any()
    np.testing.assert_array_equal(scan.hu[0, 3, :11, :13, :20].numpy(), study.hu[Phase.DP])


def test_the_livers_level_is_its_median_and_its_mask_is_widened() -> None:
    study = aligned((Phase.PVP,))
    scan = scan_of(study, multiple=4)
    inside = study.masks["liver"] > 0
    assert abs(float(scan.liver_hu[0, 2]) - float(np.median(study.hu[Phase.PVP][inside]))) < 1e-4
    assert bool(scan.liver[0][torch.from_numpy(inside)].all()) and int(scan.liver.sum()) > inside.sum()


def test_odd_sizes_come_back_as_they_were(bundle: Bundle) -> None:
    study = aligned(shape=(11, 13, 20))
    output, naming = Reader.from_bundle(bundle).semantic(study)
    assert output.shape == naming.shape == (9, 11, 13, 20)


def test_another_spacing_is_refused(bundle: Bundle) -> None:
    with pytest.raises(StudyError, match="4 mm"):
        diagnose(aligned(spacing_mm=2.0), bundle)


def test_a_study_without_a_liver_is_refused(bundle: Bundle) -> None:
    study = aligned()
    object.__setattr__(study, "masks", {})
    with pytest.raises(StudyError, match="liver mask"):
        diagnose(study, bundle)


def test_another_class_table_is_refused(bundle: Bundle) -> None:
    other = Bundle(kind="diagnosis", config=bundle.config, classes=CLASSES[::-1], weights=bundle.weights)
    with pytest.raises(BundleError):
        diagnose(aligned(), other)


def test_reading_in_tiles_keeps_the_grid(bundle: Bundle) -> None:
    read = {**ReadConfig(voxel_share=1.0).to_dict(), "tile_zyx": [8, 16, 16]}
    tiled = Bundle(
        kind="diagnosis", config={**bundle.config, "read": read}, classes=bundle.classes, weights=bundle.weights
    )
    out, _ = Reader.from_bundle(tiled).semantic(aligned(shape=(11, 13, 20)))
    assert out.shape == (9, 11, 13, 20)
    np.testing.assert_allclose(out.sum(0), 1, atol=1e-5)
