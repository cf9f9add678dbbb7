from pathlib import Path

import numpy as np
import pytest
import torch

from hepaphase.base.errors import BundleError, ConfigError
from hepaphase.bundle.bundle import Bundle
from hepaphase.diagnosis.checking import WIDTH, Checker, check_inputs, checker_of, faded, network_of, with_checker
from hepaphase.diagnosis.diagnose import Reader
from hepaphase.diagnosis.members import MembersConfig
from hepaphase.diagnosis.naming import WIDTH as NAMER_WIDTH
from hepaphase.diagnosis.postprocess import ReadConfig

from .tiny import aligned, tiny_bundle

SMALL = MembersConfig(hidden=8, num_members=2)


def always(logit: float) -> Checker:
    """A checker that says the same of everything."""
    checker = Checker(SMALL)
    for member in checker.members:
        torch.nn.init.zeros_(member[3].weight)
        torch.nn.init.constant_(member[3].bias, logit)
    return checker


def reading(logit: float, **read: float) -> Reader:
    torch.manual_seed(1)
    return Reader.from_bundle(with_checker(tiny_bundle(), always(logit), read=read))


def plain() -> Reader:
    torch.manual_seed(1)
    return Reader.from_bundle(tiny_bundle())


def test_a_reader_keeps_its_checker_through_a_file(tmp_path: Path) -> None:
    torch.manual_seed(0)
    alone = tiny_bundle()
    whole = with_checker(alone, Checker(SMALL), read={"candidate_drop": 2.0})
    whole.save(tmp_path / "checked.hepa")
    loaded = Bundle.load(tmp_path / "checked.hepa", kind="diagnosis")
    checker = checker_of(loaded)
    assert checker is not None and checker.config == SMALL
    assert Reader.from_bundle(loaded).read.candidate_drop == 2.0
    assert set(network_of(loaded).weights) == set(alone.weights)
    assert "checker" not in network_of(loaded).config
    assert checker_of(alone) is None


def test_finds_that_are_held_for_real_stay_as_they_are() -> None:
    study = aligned(shape=(16, 16, 16))
    before, after = plain().diagnose(study), reading(9.0).diagnose(study)
    assert before.lesions.any(), "the example must mark something"
    assert np.array_equal(before.lesions, after.lesions)
    np.testing.assert_array_equal(before.semantic, after.semantic)
    assert before.sure is None and after.sure is not None and after.num_doubted == 0
    assert after.lesion_confidence()[1] == pytest.approx(1 / (1 + np.exp(-9)), rel=1e-4)


def test_false_finds_are_left_out_and_speak_less_for_the_patient() -> None:
    study = aligned(shape=(16, 16, 16))
    before, after = plain().diagnose(study), reading(-3.0).diagnose(study)
    assert not after.lesions.any() and after.lesion_probabilities == [] and after.sure == ()
    assert after.num_doubted == before.lesions.max()
    marked = before.lesions > 0
    share = 1 / (1 + np.exp(3))
    np.testing.assert_allclose(after.semantic[:-1, marked], share * before.semantic[:-1, marked], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(after.semantic[:, ~marked], before.semantic[:, ~marked], atol=1e-6)
    np.testing.assert_allclose(after.semantic.sum(0), 1, atol=1e-5)
    assert after.patient.malignant < before.patient.malignant


def test_candidates_are_looked_for_with_less_background() -> None:
    study = aligned(shape=(16, 16, 16))
    background = plain().semantic(study)[1][-1]
    raised = {"background_logit": -float(np.median(np.log(background / (1 - background)))), "voxel_share": 1.0}
    few, many = (reading(9.0, **raised, candidate_drop=drop).diagnose(study) for drop in (0.0, 3.0))
    assert (many.lesions > 0).sum() > (few.lesions > 0).sum()
    assert not ((few.lesions > 0) & (many.lesions == 0)).any()
    np.testing.assert_array_equal(many.semantic[-1], few.semantic[-1])


def test_readers_that_are_averaged_need_no_checker_of_their_own() -> None:
    study = aligned(shape=(16, 16, 16))
    first, alone = reading(9.0, candidate_drop=1.0), reading(9.0, candidate_drop=1.0)
    first.others = (plain(),)
    assert np.array_equal(first.diagnose(study).lesions, alone.diagnose(study).lesions)


def test_no_find_is_nothing_to_check() -> None:
    empty = np.zeros((2, 2, 2), np.uint16)
    inputs = check_inputs(np.zeros((0, NAMER_WIDTH), np.float32), np.zeros((2, 2, 2), np.float32), empty)
    assert inputs.shape == (0, WIDTH)
    assert Checker(SMALL).eval().probabilities(inputs).shape == (0,)
    whole = np.full((3, 2, 2, 2), 1 / 3, np.float32)
    assert faded(whole, empty, np.zeros(0, np.float32)) is whole


def test_what_the_voxels_are_sure_of_stays_finite() -> None:
    labels = np.zeros((1, 2, 2), np.uint16)
    labels[0, 0, 0], labels[0, 1, 1] = 1, 2
    lesion = np.where(labels == 1, 1.0, 0.0).astype(np.float32)
    inputs = check_inputs(np.zeros((2, NAMER_WIDTH), np.float32), lesion, labels)
    assert np.isfinite(inputs).all() and (inputs[0, -2:] > inputs[1, -2:]).all()


def test_weights_that_do_not_fit_are_refused_by_name() -> None:
    whole = with_checker(tiny_bundle(), Checker(SMALL), read={})
    broken = {name: value for name, value in whole.weights.items() if name != "checker.members.1.3.bias"}
    with pytest.raises(BundleError, match=r"members\.1\.3\.bias"):
        checker_of(Bundle(kind="diagnosis", config=whole.config, classes=whole.classes, weights=broken))


@pytest.mark.parametrize("wrong", [{"min_sure": 1.5}, {"candidate_drop": -1.0}])
def test_settings_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="min_sure"):
        ReadConfig(**wrong)  # type: ignore[arg-type]
