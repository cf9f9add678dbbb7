"""Rules and doubts of a lesion follow from what is known of it."""

from dataclasses import replace

import numpy as np
from tests.report.cases import GRIDS, aligned, report_input
from tests.tiny_models import tiny_models

from hepaphase.inference.evidence import gather_evidence
from hepaphase.study.findings import Finding, Findings, LiRads, Unlike
from hepaphase.study.phase import Phase

READ = (Phase.NC, Phase.PVP)


def gathered(findings: Findings, **how) -> tuple[Finding, ...]:
    study = aligned(GRIDS["axial thin"])
    return gather_evidence(findings, study, READ, how.get("without", {}), tiny_models().diagnosis).lesions


def findings() -> Findings:
    return report_input(aligned(GRIDS["axial thin"])).findings


def rules(finding: Finding) -> dict[str, tuple[str, str]]:
    assert finding.evidence is not None
    return {rule.name: (rule.kind, rule.text) for rule in finding.evidence.rules}


def test_a_plain_lesion_is_named_as_the_most_probable_and_generated_phases_set_nothing() -> None:
    first, second = gathered(findings())
    assert list(rules(first)) == ["most_probable", "generated"]
    assert "AP and DP was not read" in rules(first)["generated"][1]
    signs = {sign.name: sign for sign in first.evidence.signs}
    assert signs["nonrim_arterial_hyperenhancement"].state == "not assessable"  # AP was generated
    assert first.evidence.read_from == READ and second.evidence.without == {}


def test_a_name_that_hangs_on_a_phase_is_a_doubt() -> None:
    stays, falls = {"hcc": 0.7, "cyst": 0.3}, {"hcc": 0.4, "cyst": 0.6}
    without = {Phase.NC: [stays, falls], Phase.PVP: [falls, falls]}
    first, _ = gathered(findings(), without=without)
    assert first.evidence.without == {Phase.NC: stays, Phase.PVP: falls}
    kind, text = rules(first)["hangs_on_phase"]
    assert kind == "doubt" and "hangs on PVP: without it" in text


def test_what_was_weighed_graded_and_withheld_is_said() -> None:
    known = findings()
    first, second = known.lesions
    graded = LiRads(category="LR-5", aphe="nonrim", washout=True, capsule=None, measured={}, not_assessed=())
    images = dict.fromkeys(first.probabilities, 0.0) | {"cyst": 0.9, "hcc": 0.1}
    changed = replace(first, image_probabilities=images, lirads=graded, prediction_set=("hcc", "cyst"))
    silent = replace(second, lirads_withheld=("The patient is no adult.",))
    first, second = gathered(replace(known, lesions=(changed, silent), set_basis={"level": 0.9}))
    assert "images alone it is Cyst, 0.90" in rules(first)["clinical"][1]
    assert "LR-5" in rules(first)["lirads"][1] and "90 %" in rules(first)["prediction_set"][1]
    assert "no adult" in rules(second)["lirads_withheld"][1]


def test_an_unlike_scan_is_a_doubt_of_every_lesion() -> None:
    scan = Unlike(score=0.995, bound=0.99, held_out="", num_patients=1, num_lesions=1, oddest="liver_PVP", value=0.0,
                  usual=(1.0, 2.0))  # fmt: skip
    told = [rules(one) for one in gathered(replace(findings(), unlike=scan))]
    assert all(one["unlike_scan"][0] == "doubt" for one in told)
    assert np.all([("unlike_lesion" in one) is False for one in told])
