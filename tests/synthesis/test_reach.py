from dataclasses import replace

import numpy as np
import torch
from tests.toy_exams import aligned, toy_exam

from hepaphase.recipes.synthesis import SMALL
from hepaphase.study.phase import Phase
from hepaphase.synthesis.generators.kinetic import Generator
from hepaphase.synthesis.network import KineticNetwork
from hepaphase.synthesis.reach import continued, scanned_part, unscanned_slices


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
