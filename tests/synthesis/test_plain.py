from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.toy_exams import aligned, toy_exam

from hepaphase.recipes.synthesis import SMALL
from hepaphase.study.phase import Phase
from hepaphase.synthesis.grid import padded, scanned_of
from hepaphase.synthesis.maps import NUM_MAPS, bounded_maps
from hepaphase.synthesis.network import Curves, KineticNetwork, Scanned
from hepaphase.synthesis.plain import plain_rim, plainness


@pytest.fixture
def scan() -> tuple[np.ndarray, np.ndarray]:
    liver = np.zeros((20, 22, 24), np.uint8)
    liver[3:17, 3:19, 3:21] = 1
    hu = np.where(liver > 0, 60.0, -100.0) + np.random.default_rng(0).normal(0, 8, liver.shape)
    hu[8:13, 8:13, 8:13] -= 40
    return hu, liver


def test_what_looks_like_the_liver_is_plain_and_a_lesion_is_not(scan) -> None:
    hu, liver = scan
    found = plainness({Phase.NC: hu}, liver)
    assert found is not None and found.min() >= 0 and found.max() <= 1
    assert found[10, 10, 10] == 0 and not found[liver == 0].any() and not found[3].any()  # outermost voxels
    assert found[5:7, 5:17, 5:19].mean() > 0.8


def test_with_a_contrast_phase_the_largest_deviation_of_any_phase_counts(scan) -> None:
    hu, liver = scan
    bright = hu.copy()
    bright[5:8, 5:8, 15:20] += 60
    found = plainness({Phase.NC: hu, Phase.AP: bright}, liver)
    assert found is not None and found[6, 6, 17] < 0.1 and found[10, 10, 10] < 0.1 and found[6, 12, 17] > 0.6
    assert not found[liver == 0].any() and found[3][liver[3] > 0].mean() > 0.6  # to the surface


def test_a_curve_that_no_liver_shows_counts_as_made_up_only_beside_a_contrast_phase() -> None:
    network = KineticNetwork(replace(SMALL, channels=(8, 8, 8), num_fine=4, num_condition=8)).eval()
    raw = torch.zeros(2, 2, NUM_MAPS)
    raw[:, 1, 6:9] = 6.0  # of the second voxel flows and blood: a vessel
    exam = torch.zeros(2, network.circulations.num_outputs)
    here = torch.tensor([[True, False, False, False], [False, False, True, False]])
    maps, liver = bounded_maps(raw, here), bounded_maps(torch.zeros(2, 5, NUM_MAPS), here)
    curves = Curves(maps, network.circulations.read(exam), torch.zeros(2, 2), liver=liver)
    shown = Scanned(torch.zeros(2, 4, 2, 2, 2), here, torch.tensor([[0.0, 0.0, 70.0, 0.0]] * 2))
    with torch.no_grad():
        found = network._unlike_liver(curves, shown)
    assert found.tolist() == [[1.0, 1.0], [0.0, 1.0]]


def test_without_a_liver_nothing_is_plain(scan) -> None:
    hu, liver = scan
    assert plainness({Phase.NC: hu}, None) is None and plainness({Phase.NC: hu}, 0 * liver) is None


def test_plain_liver_enhances_as_the_liver_does() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = KineticNetwork(replace(SMALL, channels=(8, 8, 8), num_fine=4, num_condition=8)).eval()
        torch.nn.init.normal_(network.out.weight, std=0.5)
    exam = toy_exam(6)
    liver = (exam.labels == 1).astype(np.uint8)
    scanned = padded(scanned_of(replace(aligned(exam, (Phase.NC,)), masks={"liver": liver}), torch.device("cpu")), 8)
    assert scanned.plain is not None
    inner = torch.from_numpy(np.flatnonzero(liver))[scanned.plain.flatten()[np.flatnonzero(liver)] > 0.9]
    spread = []
    for one in (scanned, scanned._replace(plain=torch.zeros_like(scanned.plain))):
        with torch.no_grad():
            curves = network.curves(network.features(one), one, inner[None])
            made = network.at(curves, torch.tensor([[0.0, 70.0]])).hu[0]
        spread.append(float((made[:, 1] - made[:, 0]).std()))
    assert len(inner) > 50 and spread[0] < 0.1 * spread[1]


def test_near_the_surface_an_arterial_phase_is_not_believed_where_it_shows_nothing(scan) -> None:
    hu, liver = scan
    near = hu.copy()
    near[8:13, 4:6, 8:13] -= 60
    found = plain_rim({Phase.AP: near}, liver)
    assert found is not None and found[10, 10, 10] == found[10, 5, 10] == 0 and not found[liver == 0].any()
    assert found[4:16, 16, 5:19].mean() > 0.7 and not found[6:14, 6:14, 14:17].any()
    assert plain_rim({Phase.AP: hu}, None) is None and plain_rim({Phase.NC: hu}, liver) is None
    assert plain_rim({Phase.AP: hu, Phase.PVP: hu}, liver) is None


def test_the_rim_has_the_enhancement_of_the_liver_however_the_network_reads_it() -> None:
    exam = toy_exam(0, (16, 24, 24))
    network = KineticNetwork(replace(SMALL, channels=(8, 8, 8), num_fine=4, num_condition=8)).eval()
    scanned = padded(scanned_of(aligned(exam, (Phase.AP,)), torch.device("cpu")), 8)
    assert scanned.rim is not None and scanned.rim.max() > 0.9
    with torch.no_grad():
        with_rim, without = (network(one).plain for one in (scanned, scanned._replace(rim=None)))
    assert with_rim is not None and without is not None
    assert torch.equal(with_rim, torch.maximum(without, scanned.rim.flatten(1)))
    assert (with_rim > without).any()
