"""Averages of looks: an operation that mirroring does not change stays, one that it does becomes symmetric."""

import dataclasses

import numpy as np
import torch

from hepaphase.diagnosis.average import FLIPS, flipped_mean, mean_of, mirrored
from hepaphase.diagnosis.build import build
from hepaphase.diagnosis.diagnose import Reader
from hepaphase.diagnosis.postprocess import ReadConfig

from .tiny import TINY, aligned, scan


def test_eight_looks_the_first_of_them_straight() -> None:
    assert len(set(FLIPS)) == 8 and FLIPS[0] == ()
    image = scan(torch.randn(1, 4, 3, 4, 5))
    assert torch.equal(mirrored(mirrored(image, (-1, -3)), (-1, -3)).hu, image.hu)


def test_what_mirrors_with_the_scan_is_unchanged_and_what_does_not_is_averaged() -> None:
    image = scan(torch.randn(1, 4, 3, 4, 5))
    torch.testing.assert_close(flipped_mean(lambda s: s.hu * 2)(image), image.hu * 2)
    ramp = torch.arange(5.0).expand(1, 1, 3, 4, 5)
    torch.testing.assert_close(flipped_mean(lambda s: ramp)(image), torch.full((1, 1, 3, 4, 5), 2.0))
    torch.testing.assert_close(mean_of([lambda s: s.hu, lambda s: 3 * s.hu])(image), 2 * image.hu)


def test_a_reader_averages_its_looks_and_its_fellows() -> None:
    readers = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        readers.append(Reader(build(TINY), TINY, ReadConfig()))
    study = aligned(shape=(8, 16, 24))
    alone = [reader.semantic(study)[0] for reader in readers]
    readers[0].others = (readers[1],)
    np.testing.assert_allclose(readers[0].semantic(study)[0], np.mean(alone, axis=0), atol=1e-5)
    readers[0].flips, readers[0].others = True, ()
    looked = readers[0].semantic(study)[0]
    mirror = dataclasses.replace(
        study, hu={p: hu[:, ::-1].copy() for p, hu in study.hu.items()}, masks={"liver": study.masks["liver"][:, ::-1]}
    )
    np.testing.assert_allclose(readers[0].semantic(mirror)[0][:, :, ::-1], looked, atol=1e-5)
    assert np.abs(looked - alone[0]).max() > 1e-4
