from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from tests.toy_exams import aligned, toy_exam

from hepaphase.base.errors import BundleError
from hepaphase.bundle.bundle import Bundle
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase
from hepaphase.synthesis.generators.kinetic import Generator, pack_bundle
from hepaphase.synthesis.network import KineticNetwork, NetworkConfig


@pytest.fixture
def bundle() -> Bundle:
    return pack_bundle(NetworkConfig(), KineticNetwork(NetworkConfig()).state_dict(), {})


def test_a_bundle_gives_back_what_was_saved(bundle: Bundle, tmp_path) -> None:
    again = Bundle.load(bundle.save(tmp_path / "one.hepa"), kind="synthesis")
    study = aligned(toy_exam(3), (Phase.NC,))
    made = [Generator.from_bundle(b).generate(study, Phase.PVP).hu for b in (bundle, again)]
    np.testing.assert_allclose(*made, atol=1.0)  # weights are stored in half precision


def test_a_bundle_of_another_kind_of_generator_is_refused(bundle: Bundle) -> None:
    other = replace(bundle, config={"generator": "diffusion"})
    with pytest.raises(BundleError, match="'diffusion', not 'kinetic'"):
        Generator.from_bundle(other)


def test_weights_of_another_size_are_refused(bundle: Bundle) -> None:
    other = replace(bundle, config={**bundle.config, "network": asdict(NetworkConfig(num_fine=8))})
    with pytest.raises(BundleError, match="does not fit"):
        Generator.from_bundle(other)


def test_making_one_leaves_the_random_state_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    Generator()
    assert torch.rand(1) == expected


def test_a_finer_grid_keeps_the_texture_of_its_own_scan() -> None:
    exam = replace(toy_exam(2, (30, 40, 36)), geometry=Geometry((30, 40, 36), (1.5, 1.2, 2.0), (9.0, -40.5, 3.0)))
    study = aligned(exam, (Phase.PVP,))
    made = Generator().generate(study, Phase.DP)
    rough = np.diff(study.hu[Phase.PVP], axis=2), np.diff(made.hu, axis=2)
    assert np.corrcoef(rough[0].ravel(), rough[1].ravel())[0, 1] > 0.95
    assert np.abs(made.hu - study.hu[Phase.PVP]).mean() > 1


def test_how_the_patient_is_stored_does_not_matter() -> None:
    """The same voxels, their axes stored the other way round."""
    exam = toy_exam(4, (16, 24, 32))
    study = aligned(exam, (Phase.NC, Phase.PVP))
    z, y, x = exam.geometry.shape_zyx
    corner = exam.geometry.to_lps_mm((0, y - 1, x - 1))
    turned = Geometry((z, y, x), (4.0,) * 3, tuple(corner.tolist()), ((-1.0, 0, 0), (0, -1.0, 0), (0, 0, 1.0)))
    other = replace(study, geometry=turned, hu={p: hu[:, ::-1, ::-1].copy() for p, hu in study.hu.items()}, masks={})
    made = [Generator().generate(s, Phase.AP).hu for s in (study, other)]
    np.testing.assert_allclose(made[1][:, ::-1, ::-1], made[0], atol=1e-3)
