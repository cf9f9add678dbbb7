import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.diagnosis.tiny import aligned, tiny_bundle

from hepaphase.base.errors import ConfigError
from hepaphase.bundle.bundle import Bundle, shipped
from hepaphase.diagnosis.diagnose import Reader
from hepaphase.diagnosis.origins import ORIGIN_INDEX, PREFIX, UNKNOWN, without_origins
from hepaphase.study.lesions import METASTASIS_ORIGINS
from hepaphase.training.cohort import open_cohort
from hepaphase.training.data import stack
from hepaphase.training.task import Batch, Progress, Setup
from hepaphase.training.tasks.origins import OriginsConfig, OriginsTask
from hepaphase.training.whole_cases import CasesOfKnownOrigin

from ..lesion_cohort import write_case

SETUP = Setup(device=torch.device("cpu"), amp=False, num_steps=8, batch_size=2, seed=5)
CONFIG = OriginsConfig(penalty=1e-4, lr=0.1, num_updates=40, bfloat16=False)
KINDS = (("hcc", "lung"), ("cyst", "breast"))
"""Bright and dark balls stand for metastases of two origins."""


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("origins")
    for number in range(6):
        key, origin = KINDS[number % 2]
        path = write_case(folder, number, (key, "icc"))
        with np.load(path) as file:
            fields = dict(file.items())
        np.savez(path, **(fields | {"lesion_origins": np.array((origin, "")), "lesion_classes": ["metastasis", "icc"]}))
    write_case(folder, 9, ("hcc",))
    return folder


@pytest.fixture(scope="module")
def samples(cohort: Path) -> CasesOfKnownOrigin:
    return CasesOfKnownOrigin(open_cohort(cohort), CONFIG, training=True)


def batch_of(samples: CasesOfKnownOrigin, step: int) -> Batch:
    rng = np.random.default_rng(step)
    return stack([samples.sample(index % len(samples), rng) for index in (step, step + 1)])


def task() -> OriginsTask:
    made = OriginsTask(CONFIG, SETUP)
    torch.manual_seed(1)
    made.start_from(tiny_bundle())
    return made


def test_only_metastases_of_known_origin_are_shown(samples: CasesOfKnownOrigin) -> None:
    assert len(samples) == 6
    one = samples.sample(1, np.random.default_rng(0))
    assert one["origins"][:2].tolist() == [ORIGIN_INDEX["breast"], UNKNOWN]


def test_it_learns_what_can_be_told_and_leaves_the_reader_alone(samples: CasesOfKnownOrigin) -> None:
    made, plain = task(), tiny_bundle()
    losses = [made.step(batch_of(samples, step % 5), progress=Progress(step, 8))["loss"] for step in range(8)]
    assert losses[-1] < 0.5 * losses[0]
    assert made.validate([batch_of(samples, 2)])["named"] == 1
    taught = made.bundle({"title": "x"})
    assert all(torch.equal(without_origins(taught).weights[k], v) for k, v in plain.weights.items())
    assert without_origins(taught).config == plain.config


def test_the_bundle_says_what_the_task_says(samples: CasesOfKnownOrigin) -> None:
    """The head that was learned on standardised channels reads the map itself afterwards."""
    made = task()
    for step in range(3):
        made.step(batch_of(samples, step), progress=Progress(step, 8))
    batch = batch_of(samples, 3)
    seen, _ = made._metastases(batch)
    told = made._finished()(seen).softmax(1)
    middle, spread = made._scale()
    torch.testing.assert_close(told, made._head((seen - middle) / spread).softmax(1))
    reader = Reader.from_bundle(made.bundle({}))
    study = aligned()
    lesions = np.zeros(study.geometry.shape_zyx, np.uint16)
    lesions[4:6, 5:8, 6:9] = 1
    said = reader.origins(study, lesions)
    assert said is not None and tuple(said[0]) == METASTASIS_ORIGINS and sum(said[0].values()) == pytest.approx(1)


def test_a_second_training_takes_the_place_of_the_first(samples: CasesOfKnownOrigin) -> None:
    made = task()
    made.step(batch_of(samples, 0), progress=Progress(0, 8))
    again = OriginsTask(CONFIG, SETUP)
    taught = made.bundle({})
    again.start_from(taught)
    head = f"{PREFIX}weight"
    assert taught.weights[head].any() and not again.bundle({}).weights[head].any()
    assert again.bundle({}).weights.keys() == taught.weights.keys()


def test_state_goes_out_and_in(samples: CasesOfKnownOrigin) -> None:
    one = task()
    one.step(batch_of(samples, 0), progress=Progress(0, 8))
    two = OriginsTask(CONFIG, SETUP)
    two.load_state_dict(copy.deepcopy(one.state_dict()))
    figures = [made.step(batch_of(samples, 1), progress=Progress(1, 8)) for made in (one, two)]
    assert figures[0] == figures[1]


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        OriginsConfig(num_updates=0)


def test_it_starts_from_the_reader_that_ships() -> None:
    own = without_origins(OriginsTask(CONFIG, SETUP).bundle({}))
    assert own.fingerprint() == without_origins(Bundle.load(shipped("diagnosis"))).fingerprint()
    assert own.config["namer"]
