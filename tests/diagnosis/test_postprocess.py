import json

import numpy as np
import pytest

from hepaphase.base.errors import ConfigError
from hepaphase.diagnosis.postprocess import ReadConfig, lesion_labels, near_liver, renamed
from hepaphase.study.geometry import Geometry

GEOMETRY = Geometry((6, 8, 12), (4.0, 4.0, 4.0), (5.0, -7.0, 90.0))


def probabilities() -> np.ndarray:
    out = np.zeros((3, *GEOMETRY.shape_zyx), dtype=np.float32)
    out[2] = 1
    return out


def put(semantic: np.ndarray, where: tuple[slice, slice, slice], values: tuple[float, float]) -> None:
    semantic[(slice(None), *where)] = np.array([*values, 1 - sum(values)])[:, None, None, None]


def test_lesions_are_numbered_by_size_and_named_by_their_mean() -> None:
    semantic = probabilities()
    put(semantic, (slice(0, 1), slice(0, 1), slice(0, 2)), (0.6, 0.2))
    put(semantic, (slice(3, 5), slice(3, 5), slice(3, 5)), (0.1, 0.7))
    labels, classes = lesion_labels(semantic, np.ones(GEOMETRY.shape_zyx, dtype=bool), GEOMETRY, ReadConfig())
    assert labels.dtype == np.uint16 and labels.max() == 2
    assert (labels == 1).sum() == 8 and (labels == 2).sum() == 2
    np.testing.assert_allclose(classes, [[0.125, 0.875], [0.75, 0.25]], atol=1e-6)


def test_shares_of_classes_weigh_on_the_branch_that_names() -> None:
    semantic, naming = probabilities(), probabilities()
    where = (slice(3, 5), slice(3, 5), slice(3, 5))
    put(semantic, where, (0.1, 0.7))
    put(naming, where, (0.4, 0.4))
    everywhere = np.ones(GEOMETRY.shape_zyx, dtype=bool)
    config = ReadConfig(class_shares=(0.9, 0.1))
    labels, classes = lesion_labels(semantic, everywhere, GEOMETRY, config, naming=naming)
    np.testing.assert_allclose(classes, [[0.9, 0.1]], atol=1e-6)
    plain, unweighed = lesion_labels(semantic, everywhere, GEOMETRY, ReadConfig(), naming=naming)
    assert np.array_equal(labels, plain)
    np.testing.assert_allclose(unweighed, [[0.125, 0.875]], atol=1e-6)


def test_shares_travel_in_a_bundle() -> None:
    config = ReadConfig(class_shares=(0.25, 0.75), tile_zyx=(8, 8, 8))
    assert ReadConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_too_small_too_weak_or_too_far_from_the_liver_is_dropped() -> None:
    semantic = probabilities()
    put(semantic, (slice(0, 1), slice(0, 1), slice(0, 1)), (0.9, 0.0))  # 64 mm^3
    put(semantic, (slice(3, 5), slice(0, 2), slice(0, 2)), (0.3, 0.1))  # below the threshold
    put(semantic, (slice(3, 5), slice(3, 5), slice(9, 12)), (0.9, 0.0))  # outside
    liver = np.zeros(GEOMETRY.shape_zyx, dtype=bool)
    liver[:, :, :7] = True
    labels, classes = lesion_labels(semantic, liver, GEOMETRY, ReadConfig())
    assert labels.max() == 0 and classes.shape == (0, 2)


def test_the_margin_of_the_liver_is_in_millimetres() -> None:
    geometry = Geometry((1, 1, 10), (1.0, 2.0, 3.0), (0.0, 0.0, 0.0))
    liver = np.zeros(geometry.shape_zyx, dtype=bool)
    liver[0, 0, 0] = True
    assert near_liver(liver, geometry, 3.0).sum() == 4
    assert not near_liver(np.zeros_like(liver), geometry, 3.0).any()


@pytest.mark.parametrize(
    "wrong", [{"threshold": 0.0}, {"voxel_share": 1.5}, {"min_mm3": -1.0}, {"class_shares": (0.5, 0.0)}]
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        ReadConfig(**wrong)


def test_voxels_of_a_lesion_are_drawn_towards_its_name() -> None:
    semantic = np.zeros((9, 2, 3, 4), np.float32)
    semantic[0], semantic[-1] = 0.3, 0.7
    labels = np.zeros((2, 3, 4), np.uint16)
    labels[0, 0], labels[1, 2, 3] = 1, 2
    classes = np.zeros((2, 8), np.float32)
    classes[0, 5], classes[1, 0] = 1, 1
    out = renamed(semantic, labels, classes, share=0.5)
    np.testing.assert_allclose(out.sum(0), 1, atol=1e-6)
    assert np.array_equal(out[-1], semantic[-1])
    assert np.allclose(out[5, 0, 0], 0.15) and np.allclose(out[0, 0, 0], 0.15)
    assert np.array_equal(out[:, labels != 1], semantic[:, labels != 1])  # the second says what its voxels say
    assert renamed(semantic, np.zeros_like(labels), np.zeros((0, 8), np.float32), share=1.0) is semantic
    with pytest.raises(ConfigError, match="namer_share"):
        ReadConfig(namer_share=2.0)
