from dataclasses import replace

import numpy as np
import torch
from tests.toy_exams import aligned, toy_exam

from hepaphase.recipes.synthesis import SMALL
from hepaphase.study.phase import Phase
from hepaphase.synthesis.answer import only
from hepaphase.synthesis.generators.kinetic import Generator
from hepaphase.synthesis.network import KineticNetwork
from hepaphase.synthesis.reach import continued, missing_slices, parts, scanned_part, unscanned_slices


def body(*gone: int) -> np.ndarray:
    hu = np.full((8, 10, 10), -1000.0)
    hu[:, 2:8, 2:8] = 50.0
    hu[list(gone)] = -1024.0
    return hu


def test_slices_are_missing_at_the_ends_only_and_only_where_no_phase_has_them() -> None:
    assert unscanned_slices({Phase.NC: body(0, 1, 4, 7)}).nonzero()[0].tolist() == [0, 1, 7]
    assert not unscanned_slices({Phase.NC: body(0, 1), Phase.PVP: body(7)}).any()
    assert not unscanned_slices({Phase.NC: np.full((4, 5, 5), -1024.0)}).any()


def test_beyond_the_scan_its_last_slices_are_repeated() -> None:
    hu = body(0, 1, 7) + np.arange(8)[:, None, None]
    found = continued(hu, unscanned_slices({Phase.NC: hu}))
    assert np.array_equal(found[0], hu[2]) and np.array_equal(found[7], hu[6]) and np.array_equal(found[3], hu[3])
    assert continued(hu, np.zeros(8, bool)) is hu


def test_the_liver_is_cut_to_what_was_scanned_unless_a_phase_shows_none_of_it() -> None:
    liver = np.zeros((8, 10, 10), np.uint8)
    liver[:, 3:6, 3:6] = 1
    cut = scanned_part({Phase.NC: body(0, 1)}, liver)
    assert cut is not None and not cut[:2].any() and np.array_equal(cut[2:], liver[2:])
    assert np.array_equal(scanned_part({Phase.NC: body() - 1024}, liver), liver)  # another scale, all of it
    assert scanned_part({Phase.NC: body()}, None) is None


def test_a_generator_leaves_slices_that_were_not_scanned_as_they_are() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = Generator(KineticNetwork(replace(SMALL, channels=(8, 8, 8), num_fine=4, num_condition=8)))
    exam = toy_exam(6)
    study = aligned(exam, (Phase.NC,))
    hu = study.hu[Phase.NC].copy()
    hu[:3] = -1024.0
    made = generator.generate(replace(study, hu={Phase.NC: hu}), Phase.PVP, time_s=70.0)
    assert np.array_equal(made.hu[:3], hu[:3]) and not made.residual_hu[:3].any()
    assert not np.array_equal(made.hu[3:], hu[3:])


def test_a_phase_that_ends_earlier_says_nothing_of_what_is_beyond_its_end() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = Generator(KineticNetwork(replace(SMALL, channels=(8, 8, 8), num_fine=4, num_condition=8)))
    exam = toy_exam(6)
    study = aligned(exam, (Phase.NC, Phase.DP))
    hu = {p: study.hu[p].copy() for p in (Phase.NC, Phase.DP)}
    hu[Phase.DP][:3] = -1024.0
    made = generator.generate(replace(study, hu=hu), Phase.PVP, time_s=70.0)
    liver = exam.labels[:3] == 1
    assert liver.any() and made.hu[:3][liver].min() > -50


def long_body(*gone: int) -> np.ndarray:
    hu = np.tile(body(), (2, 1, 1))
    hu[list(gone)] = -1024.0
    return hu


def test_every_slice_is_answered_from_the_phases_that_reach_it() -> None:
    hu = {Phase.NC: long_body(0, 1, 2, 3, 15), Phase.AP: long_body(15), Phase.PVP: long_body(0, 15)}
    found = parts(hu)
    everything, two = (Phase.NC, Phase.AP, Phase.PVP), (Phase.AP, Phase.PVP)
    assert set(found) == {everything, two, (Phase.AP,)}
    assert np.allclose(sum(found.values()), 1) and (np.array(list(found.values())) >= 0).all()
    assert found[Phase.AP,][0] == 1 and not found[everything][:4].any() and found[two][3] == 0.75
    assert found[everything][4:8].tolist() == [0.25, 0.5, 0.75, 1.0] and (found[everything][8:] == 1).all()
    assert missing_slices(hu)[Phase.NC].nonzero()[0].tolist() == [0, 1, 2, 3]


def test_phases_that_end_together_are_answered_from_together() -> None:
    hu = {Phase.NC: long_body(0, 15), Phase.PVP: long_body(0, 15)}
    assert [(subset, weight.tolist()) for subset, weight in parts(hu).items()] == [(tuple(hu), [1.0] * 16)]


def test_beyond_the_end_of_a_phase_the_answer_is_that_of_the_others() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = KineticNetwork(replace(SMALL, channels=(8, 8, 8), num_fine=4, num_condition=8))
        torch.nn.init.normal_(network.out.weight, std=0.5)
    study = aligned(toy_exam(6), (Phase.NC, Phase.DP))
    hu = {p: study.hu[p].copy() for p in study.hu}
    hu[Phase.NC][:6] = -1024.0
    ending = replace(study, hu=hu)
    made, alone = (Generator(network).generate(one, Phase.PVP) for one in (ending, only(ending, (Phase.DP,))))
    assert np.allclose(made.hu[:6], alone.hu[:6], atol=1e-3) and np.allclose(made.sd_hu[:6], alone.sd_hu[:6], atol=1e-3)
    assert np.abs(made.hu[12:] - alone.hu[12:]).mean() > 0.5
    assert only(study, study.inputs) is study
