"""Names without one phase each: as a reading without it gives them, in the same outlines."""

from dataclasses import replace

import numpy as np
import pytest

from hepaphase.bundle.bundle import Bundle
from hepaphase.diagnosis.build import build
from hepaphase.diagnosis.diagnose import Reader
from hepaphase.diagnosis.left_out import named_without
from hepaphase.diagnosis.postprocess import ReadConfig
from hepaphase.study.geometry import Geometry
from hepaphase.study.lesions import LESION_CLASSES
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import AlignedStudy

from .tiny import TINY

GRID = Geometry((16, 32, 32), (4.0, 4.0, 4.0), (-60.0, -50.0, 10.0))


def study(*phases: Phase) -> AlignedStudy:
    rng = np.random.default_rng(0)
    liver = np.zeros(GRID.shape_zyx, np.uint8)
    liver[3:13, 6:26, 6:26] = 1
    return AlignedStudy(
        "a", GRID, Phase.PVP, {p: rng.normal(60, 15, GRID.shape_zyx).astype(np.float32) for p in phases},
        dict.fromkeys(phases, Provenance.MEASURED), dict.fromkeys(phases, 0.0), {p: np.eye(4) for p in phases},
        masks={"liver": liver},
    )  # fmt: skip


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    config = {"network": TINY.to_dict(), "read": ReadConfig(threshold=0.01).to_dict()}
    return Bundle(kind="diagnosis", config=config, classes=tuple(LESION_CLASSES), weights=build(TINY).state_dict())


def lesions() -> np.ndarray:
    found = np.zeros(GRID.shape_zyx, np.uint16)
    found[5:8, 9:12, 9:12], found[8:10, 18:22, 18:21] = 1, 2
    return found


def test_each_phase_is_left_out_once(bundle: Bundle) -> None:
    told = named_without(study(Phase.NC, Phase.PVP), lesions(), Reader.from_bundle(bundle))
    assert list(told) == [Phase.NC, Phase.PVP]
    for rows in told.values():
        assert len(rows) == 2
        assert all(
            list(row) == list(LESION_CLASSES) and sum(row.values()) == pytest.approx(1, abs=1e-4) for row in rows
        )
    alone = study(Phase.NC, Phase.PVP)
    alone = replace(alone, hu={Phase.PVP: alone.hu[Phase.PVP]}, provenance={Phase.PVP: Provenance.MEASURED},
                    time_s={Phase.PVP: 0.0})  # fmt: skip
    assert Reader.from_bundle(bundle).name(alone, lesions()) == told[Phase.NC]
    assert told[Phase.NC] != told[Phase.PVP]


def test_the_names_of_all_phases_are_those_of_the_reading(bundle: Bundle) -> None:
    both = study(Phase.NC, Phase.PVP)
    reader = Reader.from_bundle(bundle)
    read = reader.diagnose(both)
    assert read.lesion_probabilities and reader.name(both, read.lesions) == read.lesion_probabilities


def test_nothing_is_asked_of_one_phase_of_no_lesion_or_of_generated_ones(bundle: Bundle) -> None:
    both = study(Phase.NC, Phase.PVP)
    made = replace(both, provenance={Phase.NC: Provenance.SYNTHETIC, Phase.PVP: Provenance.MEASURED})
    assert named_without(study(Phase.PVP), lesions(), Reader.from_bundle(bundle)) == {}
    assert named_without(both, np.zeros_like(lesions()), Reader.from_bundle(bundle)) == {}
    assert named_without(made, lesions(), Reader.from_bundle(bundle)) == {}
