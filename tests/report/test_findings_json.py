"""findings.json against its published schema."""

import json
from dataclasses import replace

import jsonschema
import pytest

from hepaphase.report.findings_json import findings_document, schema, write_findings
from hepaphase.study.phase import Phase

from .cases import GRIDS, aligned, report_input


@pytest.fixture
def report():
    return report_input(aligned(GRIDS["oblique"]))


def check(document) -> None:
    jsonschema.Draft202012Validator(schema()).validate(document)


def test_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(schema())


def test_written_file_satisfies_the_schema(report, tmp_path):
    write_findings(tmp_path / "findings.json", report)
    document = json.loads((tmp_path / "findings.json").read_text())
    check(document)
    assert [lesion["id"] for lesion in document["lesions"]] == [1, 2]
    assert document["patient"]["malignant"] == 0.98
    assert document["phases"][1] == {
        "name": "AP",
        "provenance": "synthetic",
        "time_s": 36.0,
        "time_source": "requested",
        "recognised_by": "generated",
    }
    assert document["lesions"][0]["hu"]["AP"]["provenance"] == "synthetic"
    assert document["lesions"][0]["hu"]["PVP"]["provenance"] == "measured"


def test_how_sure_a_lesion_is_one_is_said_where_it_is_known(report):
    assert not any("confidence" in lesion for lesion in findings_document(report)["lesions"])
    first, second = report.findings.lesions
    sure = replace(report.findings, lesions=(replace(first, confidence=0.8125), second))
    document = findings_document(replace(report, findings=sure))
    check(document)
    assert document["lesions"][0]["confidence"] == 0.8125
    assert "confidence" not in document["lesions"][1]


def test_a_lesion_free_study_satisfies_the_schema():
    document = findings_document(report_input(aligned(GRIDS["axial thin"], lesions=())))
    check(document)
    assert document["lesions"] == []


def test_phases_read_from_are_named(report):
    assert findings_document(report)["patient"]["read_from"] == ["NC", "AP", "PVP", "DP"]
    some = replace(report, read_from=(Phase.NC, Phase.PVP))
    assert findings_document(some)["patient"]["read_from"] == ["NC", "PVP"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d.update(schema="hepaphase-findings/0.2"),
        lambda d: d.update(research_use_only=False),
        lambda d: d["patient"].update(malignant=None),
        lambda d: d["lesions"][0].update(segment=None),
        lambda d: d["lesions"][0]["hu"]["AP"].pop("provenance"),
        lambda d: d["lesions"][0].update(confidence=1.5),
        lambda d: d["phases"][0].update(provenance="real"),
    ],
)
def test_schema_refuses_what_is_wrong(report, spoil):
    document = findings_document(report)
    spoil(document)
    with pytest.raises(jsonschema.ValidationError):
        check(document)
