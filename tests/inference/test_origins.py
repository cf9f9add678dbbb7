"""Origins: of what may be a metastasis alone, by a head that was calibrated, else by a prior that says so."""

import dataclasses
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.diagnosis.tiny import TINY

from hepaphase.bundle.bundle import Bundle
from hepaphase.bundle.origins import CARD_KEY
from hepaphase.diagnosis.build import build
from hepaphase.diagnosis.diagnose import Reader
from hepaphase.diagnosis.origins import ORIGIN_INDEX
from hepaphase.diagnosis.postprocess import ReadConfig
from hepaphase.diagnosis.primaries import mixture, weigh_origins
from hepaphase.inference.origins import Found, tell_origins
from hepaphase.study.findings import Finding, Findings, PatientScores
from hepaphase.study.geometry import Geometry
from hepaphase.study.lesions import LESION_CLASSES, METASTASIS_ORIGINS
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import AlignedStudy

GRID = Geometry((8, 12, 16), (4.0, 4.0, 4.0), (5.0, 6.0, 7.0))
RIGHT = {"cohort": "sim", "num_patients": 9, "top_1": {"value": 0.5, "low": 0.2, "high": 0.8}}


def lesion(number: int, **shares: float) -> Finding:
    return Finding(number, (0.0, 0.0, 0.0), 1.0, 9.0, 8.0, shares, {})


FINDINGS = Findings(
    PatientScores({}, 0.5),
    (
        lesion(1, cyst=0.9, metastasis=0.1),
        lesion(2, metastasis=0.4, hcc=0.3, icc=0.3),
        lesion(3, hcc=0.75, metastasis=0.25),
    ),
    {},
    1400.0,
)


def found() -> Found:
    rng = np.random.default_rng(0)
    ids = np.zeros(GRID.shape_zyx, np.uint16)
    ids[1:3, 2:5, 2:6], ids[5:7, 6:9, 3:9], ids[4:6, 2:4, 10:14], ids[0, 0, 0] = 1, 2, 4, 3
    liver = np.ones(GRID.shape_zyx, np.uint8)
    hu = {p: rng.normal(80, 9, GRID.shape_zyx).astype(np.float32) for p in (Phase.NC, Phase.PVP)}
    study = AlignedStudy(
        "c", GRID, Phase.PVP, hu, dict.fromkeys(hu, Provenance.MEASURED), dict.fromkeys(hu, 0.0),
        {p: np.eye(4) for p in hu}, masks={"liver": liver},
    )  # fmt: skip
    return Found(seen=study, lesions=ids, kept=(1, 2, 4))


def bundle(card: dict[str, object]) -> Bundle:
    """A reader whose head leans to lung, by what it sees."""
    torch.manual_seed(0)
    config = dataclasses.replace(TINY, num_origins=len(METASTASIS_ORIGINS))
    network = build(config)
    head = network.voxel_heads.origins
    assert head is not None and head.bias is not None
    head.bias.data[ORIGIN_INDEX["lung"]] += 3.0
    settings = {"network": config.to_dict(), "read": ReadConfig().to_dict()}
    return Bundle(
        kind="diagnosis", config=settings, classes=tuple(LESION_CLASSES), weights=network.state_dict(), card=card
    )


def told(card: dict[str, object] | None, clinical: dict[str, object]) -> tuple[Findings, tuple[str, ...], Reader]:
    if card is None:
        settings = {"network": TINY.to_dict(), "read": ReadConfig().to_dict()}
        held = Bundle(
            kind="diagnosis", config=settings, classes=tuple(LESION_CLASSES), weights=build(TINY).state_dict()
        )
    else:
        held = bundle(card)
    reader = Reader.from_bundle(held)
    return *tell_origins(FINDINGS, found(), clinical, held, reader), reader


def test_without_a_head_it_is_the_prior_and_says_so() -> None:
    findings, warnings, _ = told(None, {"cea": True, "cancer": True})
    first, second, third = findings.lesions
    assert first.origin is None and second.origin == third.origin and warnings == ()
    assert second.origin is not None and second.origin.source == "prior"
    assert second.origin.probabilities == weigh_origins(mixture(), {"cea": True})
    assert second.origin.weighed == {"cea": True}
    assert second.origin.right["num_patients"] > 100  # what ships says how often that is right


def test_a_head_that_was_never_calibrated_is_not_believed() -> None:
    findings, warnings, _ = told({}, {})
    assert findings.lesions[1].origin is not None and findings.lesions[1].origin.source == "prior"
    assert len(warnings) == 1 and "never calibrated" in warnings[0]


def test_a_calibrated_head_speaks_for_all_metastases_together() -> None:
    findings, warnings, reader = told({CARD_KEY: {"temperature": 2.0, **RIGHT}}, {"primary": "breast"})
    origin = findings.lesions[1].origin
    assert origin is not None and origin == findings.lesions[2].origin and warnings == ()
    assert origin.source == "reader" and origin.right == RIGHT
    rows = reader.origins(found().seen, found().lesions, temperature=2.0)
    assert rows is not None
    logs = np.log([[rows[k - 1][o] for o in METASTASIS_ORIGINS] for k in (2, 4)]).mean(axis=0)
    mean = dict(zip(METASTASIS_ORIGINS, np.exp(logs) / np.exp(logs).sum(), strict=True))
    assert origin.probabilities == pytest.approx(weigh_origins(mean, {"primary": "breast"}), rel=1e-5)
    assert max(mean, key=lambda name: mean[name]) == "lung" and origin.ranked()[0] == "breast"


def test_nothing_is_asked_where_nothing_may_be_a_metastasis() -> None:
    only = replace(FINDINGS, lesions=FINDINGS.lesions[:1])
    assert tell_origins(only, found(), {"primary": "prostate"}, bundle({}), None) == (only, ())  # type: ignore[arg-type]


def test_a_primary_of_no_known_name_is_a_warning_that_does_not_quote_it() -> None:
    _, warnings, _ = told(None, {"primary": "prostate"})
    assert len(warnings) == 1 and "not weighed" in warnings[0] and "prostate" not in warnings[0]
