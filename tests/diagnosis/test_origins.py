"""Origins are learned and told per lesion."""

import dataclasses

import numpy as np
import pytest
import torch

from hepaphase.base.errors import ConfigError
from hepaphase.diagnosis.build import NetworkConfig, build
from hepaphase.diagnosis.diagnose import Reader
from hepaphase.diagnosis.origins import ORIGIN_INDEX, lesion_means, origin_entropy, origin_shares
from hepaphase.diagnosis.postprocess import ReadConfig
from hepaphase.study.lesions import METASTASIS_ORIGINS

from .tiny import TINY, aligned

NUM = len(METASTASIS_ORIGINS)


def two_lesions() -> torch.Tensor:
    labels = torch.zeros(2, 3, 4, 5, dtype=torch.long)
    labels[0, 0, :2], labels[0, 2, 3] = 1, 2
    return labels


def test_a_lesion_speaks_by_the_mean_of_its_voxels() -> None:
    labels, logits = two_lesions(), torch.randn(NUM, 3, 4, 5)
    means = lesion_means(logits, labels[0], 2)
    torch.testing.assert_close(means[1], logits[:, labels[0] == 2].mean(1))


def test_the_loss_is_the_cross_entropy_of_lesions_of_known_origin() -> None:
    labels, logits = two_lesions(), torch.randn(2, NUM, 3, 4, 5)
    nothing = torch.zeros(0, dtype=torch.long)
    lung = ORIGIN_INDEX["lung"]
    loss = origin_entropy(logits, labels, (torch.tensor([-1, lung]), nothing))
    expected = -logits[0][:, labels[0] == 2].mean(1).log_softmax(0)[lung]
    torch.testing.assert_close(loss, expected)
    unknown = origin_entropy(logits.requires_grad_(), labels, (torch.tensor([-1, -1]), nothing))
    unknown.backward()
    assert unknown.item() == 0 and logits.grad is not None and not logits.grad.any()


def test_temperature_flattens_and_no_lesion_gives_nothing() -> None:
    logits = np.random.default_rng(0).normal(size=(NUM, 3, 4, 5)).astype(np.float32)
    lesions = two_lesions()[0].numpy()
    sharp, flat = origin_shares(logits, lesions), origin_shares(logits, lesions, temperature=5.0)
    assert [sum(row.values()) for row in sharp] == pytest.approx([1, 1])
    assert max(flat[0].values()) < max(sharp[0].values())
    assert max(flat[0], key=flat[0].__getitem__) == max(sharp[0], key=sharp[0].__getitem__)
    assert origin_shares(logits, np.zeros_like(lesions)) == []


def test_a_reader_tells_origins_only_where_it_has_the_head() -> None:
    torch.manual_seed(0)
    config = dataclasses.replace(TINY, num_origins=NUM)
    study = aligned()
    lesions = np.zeros(study.geometry.shape_zyx, np.uint16)
    lesions[4:6, 5:8, 6:9] = 1
    said = Reader(build(config), config, ReadConfig()).origins(study, lesions)
    assert said is not None and tuple(said[0]) == METASTASIS_ORIGINS
    assert Reader(build(TINY), TINY, ReadConfig()).origins(study, lesions) is None
    with pytest.raises(ConfigError, match="num_origins"):
        NetworkConfig(num_origins=3)
