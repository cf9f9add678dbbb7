"""A study like those learned from keeps what was said of it; one that is not loses what supposes that it is."""

from dataclasses import replace

import numpy as np
import pytest

from hepaphase.benchmark.ood import fit
from hepaphase.bundle.bundle import Bundle
from hepaphase.bundle.familiar import familiar_facts
from hepaphase.diagnosis.diagnose import measures_of
from hepaphase.diagnosis.levels import LEVEL_NAMES
from hepaphase.diagnosis.measures import NAMES
from hepaphase.inference.unlike import judge_unlike
from hepaphase.study.findings import Decision, Finding, Findings, LiRads, PatientScores, Screening
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import AlignedStudy

SHAPE = (16, 20, 24)
GRID = Geometry(SHAPE, (4.0, 4.0, 4.0), (0.0, 0.0, 0.0))
READER = Bundle(kind="diagnosis", config={}, card={"title": "ours"})


def lesions() -> np.ndarray:
    out = np.zeros(SHAPE, np.uint16)
    out[6:10, 8:12, 8:12], out[11:13, 12:15, 14:17] = 1, 2
    return out


def seen(offset: float = 0.0, second: float = 0.0) -> AlignedStudy:
    rng, liver = np.random.default_rng(0), np.zeros(SHAPE, np.uint8)
    liver[2:15, 3:18, 3:21] = 1
    hu = np.where(liver > 0, 105.0 + offset, -40.0) + rng.normal(0, 6, SHAPE)
    hu[lesions() > 0] -= 35
    hu[lesions() == 2] += second
    return AlignedStudy("c", GRID, Phase.PVP, {Phase.PVP: hu.astype(np.float32)}, {Phase.PVP: Provenance.MEASURED},
                        {Phase.PVP: 70.0}, {Phase.PVP: np.eye(4)}, masks={"liver": liver})  # fmt: skip


def found() -> Findings:
    graded = LiRads(category="LR-5", aphe="nonrim", washout=True, capsule=None, measured={}, not_assessed=())
    two = tuple(
        Finding(k, (0.0, 0.0, 0.0), 1.0, 9.0, 8.0, {"hcc": 1.0}, {}, prediction_set=("hcc",), lirads=graded)
        for k in (1, 2)
    )
    screening = Screening("v", "t", (Decision("malignant", 0.95, 0.5, 0.9),))
    return Findings(PatientScores({"hcc": 1.0}, 0.9), two, {}, 1400.0, screening=screening, set_basis={"level": 0.9})


@pytest.fixture(autouse=True)
def reference(monkeypatch):
    rng = np.random.default_rng(1)
    typical = measures_of(seen(), lesions())
    rows = np.concatenate([typical + rng.normal(0, 0.3, typical.shape) for _ in range(150)])
    levels = np.tile([[100.0] * len(LEVEL_NAMES)], (200, 1)) + rng.normal(0, 8, (200, len(LEVEL_NAMES)))
    levels[:, [k for k, n in enumerate(LEVEL_NAMES) if n.startswith("noise")]] -= 94.0
    facts = {"bound": 0.99, "held_out": "others", "num_patients": [100, 100], "num_lesions": [150, 150],
             "lesions": fit(rows[:150], rows[150:], NAMES).to_dict(),
             "scan": fit(levels[:100], levels[100:], LEVEL_NAMES).to_dict()}  # fmt: skip
    monkeypatch.setattr("hepaphase.inference.unlike.familiar_facts", lambda b: facts if b is READER else None)


def test_a_study_like_the_others_has_scores_and_nothing_else_changes():
    told, warnings = judge_unlike(found(), seen(), lesions(), (1, 2), READER)
    assert warnings == () and told.screening is not None and told.abstained == ()
    assert all(0 <= f.ood_score < 0.99 and f.lirads and f.prediction_set for f in told.lesions)
    assert told.unlike.score < 0.99 and told.unlike.held_out == "others"


def test_a_scan_with_other_hu_gets_no_decision():
    told, warnings = judge_unlike(found(), seen(offset=120), lesions(), (1, 2), READER)
    assert told.unlike.is_beyond and told.unlike.oddest == "liver_PVP"
    assert told.screening is None and told.set_basis == {} and "unlike those" in told.abstained[0]
    assert told.abstained[0] in warnings and "liver in PVP 22" in warnings[0]
    assert all(f.lirads is None and "The scan is unlike" in f.lirads_withheld[-1] for f in told.lesions)


def test_a_lesion_unlike_the_others_is_marked_alone():
    told, warnings = judge_unlike(found(), seen(second=250), lesions(), (2, 1), READER)
    odd, plain = told.lesions  # the first of the findings is the second of the mask
    assert odd.ood_score >= 0.99 > plain.ood_score and told.screening is not None
    assert odd.prediction_set == () and odd.lirads is None and plain.lirads is not None
    assert "Lesion(s) 1 measure unlike" in warnings[0]


def test_without_a_reference_nothing_is_said():
    other = replace(READER, card={})
    told = judge_unlike(found(), seen(), lesions(), (1, 2), other)
    assert told == (found(), ()) and familiar_facts(other) is None
    study = seen()
    made = replace(study, provenance={Phase.PVP: Provenance.SYNTHETIC})
    assert judge_unlike(found(), made, lesions(), (1, 2), READER)[1] == ()
