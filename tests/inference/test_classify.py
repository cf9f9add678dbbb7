"""A study is classified from any phases, with masks given or found, by a classifier trained in quick mode."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from tests.tiny_models import tiny_models
from tests.training.lesion_cohort import write_lesion_cohort

from hepaphase.base.errors import ConfigError
from hepaphase.bundle.bundle import Bundle
from hepaphase.cli.main import group, main
from hepaphase.diagnosis.galsce.classify import Classifier
from hepaphase.inference.classify import classify, document, load_classifier
from hepaphase.inference.options import ReadOptions
from hepaphase.io.case import write_case
from hepaphase.recipes.galsce import TINY
from hepaphase.study.phase import Phase
from hepaphase.training.cohort import open_cohort
from hepaphase.training.data import Batches
from hepaphase.training.liver_boxes import LiverBoxes
from hepaphase.training.task import Progress, Setup
from hepaphase.training.tasks.galsce import GalsceTask

from .test_pipeline import GRID, study

MODELS = tiny_models()
NO_REGISTER = ReadOptions(complete=(), register=False)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A bundle of each recipe, trained for three steps, one of each stage."""
    cohort = open_cohort(write_lesion_cohort(tmp_path_factory.mktemp("cohort")))
    folder = tmp_path_factory.mktemp("bundles")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    found = {}
    for name, config in (
        ("galsce", TINY),
        ("galsce_8", replace(TINY, network=replace(TINY.network, scheme="classes"))),
    ):
        task = GalsceTask(config, Setup(device=torch.device("cpu"), amp=False, num_steps=3, batch_size=2, seed=0))
        batches = Batches(samples=LiverBoxes(cohort, config, training=True), batch_size=2, seed=0)
        for step in range(3):
            task.step(batches[step], progress=Progress(step, 3))
        found[name] = task.bundle({"title": name}).save(folder / f"{name}.hepa")
    torch.set_num_threads(threads)
    return found


def with_lesion(*phases: Phase):
    """The study with a lesion mask of its own."""
    bare = study(*phases)
    lesions = np.zeros(GRID.shape_zyx, np.uint16)
    lesions[8:14, 20:30, 16:26] = 3
    return replace(bare, masks={**bare.masks, "lesions": (lesions, GRID)})


@pytest.mark.parametrize("phases", [(Phase.NC,), (Phase.PVP, Phase.AP), tuple(Phase)])
def test_any_phases_with_a_given_mask(trained: dict[str, Path], phases: tuple[Phase, ...]) -> None:
    classifier, rest = load_classifier([trained["galsce"]])
    assert rest == ()
    said = classify(with_lesion(*phases), classifier, MODELS, NO_REGISTER)
    facts = document(said)
    assert list(facts["probabilities"]) == list(classifier.names)
    assert sum(facts["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    assert facts["class"] == said.best and facts["abstained"] is None
    assert facts["masks"] == {"liver": "given", "lesions": "given"}
    assert facts["num_lesions"] == 1
    assert facts["lesion_volume_ml"] == pytest.approx(6 * 10 * 10 * GRID.voxel_ml, rel=0.15)
    assert {p["name"] for p in facts["phases"]} == set(phases) and not any(p["generated"] for p in facts["phases"])


def test_generated_phases_are_read_and_marked(trained: dict[str, Path]) -> None:
    classifier, _ = load_classifier([trained["galsce_8"]])
    own = with_lesion(Phase.NC)
    alone = classify(own, classifier, MODELS, NO_REGISTER)
    both = classify(own, classifier, MODELS, replace(NO_REGISTER, complete=(Phase.AP, Phase.DP)))
    marks = {p["name"]: (p["provenance"], p["generated"]) for p in document(both)["phases"]}
    assert marks == {"NC": ("measured", False), "AP": ("synthetic", True), "DP": ("synthetic", True)}
    assert both.probabilities != alone.probabilities


def test_lesions_of_our_own_come_from_the_scanned_phases(trained: dict[str, Path]) -> None:
    classifier, _ = load_classifier([trained["galsce_8"]])
    alone = classify(study(Phase.NC), classifier, MODELS, NO_REGISTER)
    both = classify(study(Phase.NC), classifier, MODELS, replace(NO_REGISTER, complete=(Phase.AP,)))
    assert document(alone)["masks"] == {"liver": "given", "lesions": "own"}
    assert np.array_equal(alone.study.masks["lesions"], both.study.masks["lesions"])


def test_without_a_lesion_only_a_classifier_that_knows_none_answers(trained: dict[str, Path]) -> None:
    free = study(Phase.PVP)
    empty = replace(free, masks={**free.masks, "lesions": (np.zeros(GRID.shape_zyx, np.uint16), GRID)})
    six, eight = (load_classifier([trained[name]])[0] for name in ("galsce", "galsce_8"))
    refused = classify(empty, six, MODELS, NO_REGISTER)
    assert refused.best is None and "No lesion" in refused.abstained and document(refused)["probabilities"] == {}
    assert classify(empty, eight, MODELS, NO_REGISTER).best in eight.names


def test_one_classifier_is_wanted_and_the_other_bundles_are_handed_on(trained: dict[str, Path], tmp_path: Path) -> None:
    other = MODELS.diagnosis.save(tmp_path / "reader.hepa")
    found, rest = load_classifier([other, trained["galsce"]])
    assert isinstance(found, Classifier) and rest == (other,)
    for paths in ([], [other], list(trained.values())):
        with pytest.raises(ConfigError, match="galsce"):
            load_classifier(paths)
    assert Bundle.load(trained["galsce"]).kind == "galsce"


def test_the_command_writes_what_it_says_and_refuses_in_one_line(
    trained: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    write_case(with_lesion(Phase.PVP), tmp_path / "case")
    words = ["classify", str(tmp_path / "case"), str(tmp_path / "out"), "--bundle", str(trained["galsce"])]
    done = CliRunner().invoke(group, words, catch_exceptions=False)
    assert done.exit_code == 0 and "Research use only." in done.output
    facts = json.loads((tmp_path / "out" / "classification.json").read_text())
    assert facts["schema"] == "hepaphase-classification/1" and facts["research_use_only"] is True
    new = str(tmp_path / "new")
    for bad, why in (
        (words[:3], "not empty"),
        ([*words[:2], new], "galsce"),
        (["classify", str(tmp_path / "nowhere"), new, *words[3:]], "nowhere"),
        ([*words[:2], new, *words[3:], "--complete", "XX"], "XX"),
    ):
        monkeypatch.setattr(sys, "argv", ["hepaphase", *bad])
        with pytest.raises(SystemExit) as exit_:
            main()
        said = capfd.readouterr().err
        assert exit_.value.code == 2 and said.count("\n") == 1 and why in said, said
    assert not Path(new).exists()
