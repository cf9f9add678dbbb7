"""What image generators share, on each of their families."""

import importlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.toy_exams import aligned, toy_exam

from hepaphase.base.errors import BundleError, ConfigError, NotTrainedError, UnknownNameError
from hepaphase.bundle.bundle import Bundle
from hepaphase.recipes import RECIPES
from hepaphase.study.phase import Phase
from hepaphase.synthesis import GENERATORS
from hepaphase.synthesis.image import Family, Wanted, nearest_hu
from hepaphase.synthesis.load import generator_of, load_generator, own_bundle
from hepaphase.synthesis.network import Scanned
from hepaphase.synthesis.trained_for import TrainedFor

FAMILIES = ["flow", "nnunet", "pix2pix", "unet"]


def family(name: str) -> Family:
    return importlib.import_module(f"hepaphase.synthesis.generators.{name}").FAMILY


def bundle_of(name: str, trained_for: TrainedFor | None = None) -> Bundle:
    made = family(name)
    weights = made.untrained().state_dict()
    return made.pack(made.config(), trained_for or TrainedFor(), weights, {})


@pytest.mark.parametrize("name", FAMILIES)
def test_a_bundle_gives_back_the_generator(name: str, tmp_path) -> None:
    again = Bundle.load(bundle_of(name).save(tmp_path / "one.hepa"))
    study = aligned(toy_exam(3, (16, 16, 16)), (Phase.NC,))
    one = generator_of(again).generate(study, Phase.PVP)
    np.testing.assert_allclose(one.hu, GENERATORS.load(name)().generate(study, Phase.PVP).hu, atol=1.0)


@pytest.mark.parametrize("name", FAMILIES)
def test_what_was_not_trained_is_refused_by_name(name: str) -> None:
    generator = generator_of(bundle_of(name, TrainedFor(inputs=("NC",), targets=("AP", "PVP"))))
    study = aligned(toy_exam(3, (16, 16, 16)), (Phase.NC, Phase.DP))
    only = aligned(toy_exam(3, (16, 16, 16)), (Phase.NC,))
    np.testing.assert_array_equal(generator.generate(study, Phase.AP).hu, generator.generate(only, Phase.AP).hu)
    with pytest.raises(NotTrainedError, match=f"DP was asked of generator '{name}', .* AP, PVP"):
        generator.generate(only, Phase.DP)
    with pytest.raises(NotTrainedError, match="trained from NC; the study lacks NC"):
        generator.generate(aligned(toy_exam(3, (16, 16, 16)), (Phase.DP,)), Phase.AP)


def test_the_nearest_phase_in_time_is_changed() -> None:
    hu = torch.arange(4.0)[None, :, None, None, None].expand(3, 4, 2, 2, 2)
    present = torch.tensor([[True, False, True, False], [True, False, True, False], [False, True, True, True]])
    times = torch.tensor([[0.0, 0, 70, 0], [0, 0, 70, 0], [0, 40, 80, 180]])
    wanted = Wanted(torch.tensor([1, 1, 0]), torch.tensor([40.0, 30.0, 60.0]))
    assert nearest_hu(Scanned(hu, present, times), wanted)[:, 0, 0, 0].tolist() == [2.0, 0.0, 2.0]


@pytest.mark.parametrize("name", GENERATORS.names())
def test_a_generator_without_weights_says_how_to_train_it(name: str) -> None:
    if name == "kinetic" or not hasattr(GENERATORS.load(name), "from_bundle"):
        load_generator(name)
        return
    recipe = GENERATORS.load(name).recipe
    assert recipe in RECIPES.names()
    with pytest.raises(BundleError, match=f"'{name}' ship.*hepaphase train {recipe} COHORT OUT"):
        load_generator(name)


def test_a_given_bundle_is_taken_and_others_are_not() -> None:
    bundle = bundle_of("unet")
    load_generator("unet", (replace(bundle, kind="organs"), bundle))
    with pytest.raises(BundleError, match="'unet', not 'nnunet'"):
        GENERATORS.load("nnunet").from_bundle(bundle)
    with pytest.raises(BundleError, match="not for a generator"):
        generator_of(replace(bundle, kind="organs"))
    with pytest.raises(UnknownNameError, match="kinetic"):
        load_generator("kinetics")


def test_rows_of_a_generator_are_told_apart_by_its_own_weights() -> None:
    bundle = bundle_of("unet")
    assert own_bundle("unet", (replace(bundle, kind="organs"), bundle)) is bundle
    assert own_bundle("kinetic", (bundle,)).fingerprint() == own_bundle("carry").fingerprint() != bundle.fingerprint()


def test_phases_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ConfigError, match="'ART' is no phase"):
        TrainedFor(inputs=("ART",))
    with pytest.raises(ConfigError, match="nothing to generate"):
        TrainedFor(inputs=("NC",), targets=("NC",))
