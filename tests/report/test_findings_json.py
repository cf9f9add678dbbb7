"""findings.json against its published schema."""

import json
from dataclasses import replace

import jsonschema
import pytest

from hepaphase.report.again import findings_of
from hepaphase.report.evidence import evidence_lines
from hepaphase.report.findings_json import findings_document, schema, write_findings
from hepaphase.study.findings import (
    Decision,
    Evidence,
    LiRads,
    MetastasisOrigin,
    Rule,
    Screening,
    Segment,
    Sign,
    Unlike,
)
from hepaphase.study.lesions import METASTASIS_ORIGINS
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


def decided(report):
    """The report with everything that version 0.2 added."""
    test = {"sensitivity": 0.9, "specificity": 0.8, "num_positive": 9, "num_negative": 10}
    point = Decision("any lesion", 0.95, 0.5, 0.6, {"num_positive": 3, "num_negative": 4, "test": test})
    lesions = tuple(
        replace(f, prediction_set=("hcc", "cyst"), features={"course": "plateau", "ap_enhancement_hu": 60.12345},
                lirads_withheld=("No adult.",)) for f in report.findings.lesions)  # fmt: skip
    basis = {"level": 0.9, "at_least": 0.2, "num_lesions": 96}
    screening = Screening("main-validation", "main-test-2", (point,))
    return replace(report, findings=replace(report.findings, lesions=lesions, screening=screening, set_basis=basis))


def test_decisions_sets_signs_and_reasons_satisfy_the_schema(report):
    document = findings_document(decided(report))
    check(document)
    said = document["patient"]["screening"]["decisions"][0]
    assert (said["decision"], said["threshold"], said["test"]["num_negative"]) == ("positive", 0.5, 10)
    assert document["patient"]["abstained"] is False and document["prediction_sets"]["level"] == 0.9
    lesion = document["lesions"][0]
    assert lesion["prediction_set"] == ["hcc", "cyst"] and lesion["features"]["ap_enhancement_hu"] == 60.123
    assert lesion["lirads"] == {"withheld": True, "because": ["No adult."]}


def placed(report):
    """The report with everything that version 0.3 added."""
    first, second = report.findings.lesions
    place = Segment(number=8, confidence=0.61234, shares={8: 0.7, 5: 0.3}, border="middle hepatic vein",
                    to_border_mm=4.25, border_sd_mm=6.0)  # fmt: skip
    graded = LiRads(category="LR-4", aphe="nonrim", washout=False, capsule=None, measured={"x_hu": 31.23456},
                    not_assessed=("tumor in vein", "capsule"))  # fmt: skip
    lesions = (
        replace(first, segment=place, lirads=graded, ood_score=0.87654),
        replace(second, segment_withheld=("No vena cava.",), lirads_withheld=("No adult.",)),
    )
    scan = Unlike(score=0.95678, bound=0.99, held_out="sim-1k-validation", num_patients=120, num_lesions=160,
                  oddest="spleen_PVP", value=61.54, usual=(99.55, 219.0))  # fmt: skip
    return replace(report, findings=replace(report.findings, lesions=lesions, unlike=scan))


def test_segments_and_categories_satisfy_the_schema(report):
    document = findings_document(placed(report))
    check(document)
    first, second = document["lesions"]
    assert first["segment"]["number"] == 8 and first["segment"]["shares"] == {"8": 0.7, "5": 0.3}
    assert second["segment"] == {"withheld": True, "because": ["No vena cava."]}
    assert first["ood_score"] == 0.8765 and "ood_score" not in second
    assert document["ood"]["oddest"] == {"measure": "spleen_PVP", "value": 61.5, "usual": [99.5, 219.0]}
    assert first["lirads"]["category"] == "LR-4" and "capsule" not in first["lirads"]
    assert first["lirads"]["measured"] == {"x_hu": 31.235} and second["lirads"]["withheld"] is True


def test_what_was_written_of_segments_is_read_again(report):
    told = findings_of(findings_document(placed(report))).lesions
    assert told[0].segment == replace(placed(report).findings.lesions[0].segment, confidence=0.612, to_border_mm=4.2)
    assert told[1].segment is None


def test_whoever_reads_0_2_finds_all_of_it(report):
    """Without what 0.3 added, the document is one of 0.2."""
    document = findings_document(placed(decided(report)))
    document["schema"] = "hepaphase-findings/0.2"
    del document["lesions"][0]["lirads"]  # a category, where 0.2 knows reasons alone
    del document["ood"], document["lesions"][0]["ood_score"]
    for lesion in document["lesions"]:
        del lesion["segment"]
    jsonschema.Draft202012Validator(schema("0.2")).validate(document)


def rested(report):
    """The report with everything that version 0.4 added."""
    signs = (
        Sign(name="washout", state="present", phases=(Phase.PVP,), measured={"pvp_liver_to_lesion_percent": 119.56789}),
        Sign(name="capsule", state="not assessable", phases=(), why="It is seen in PVP or DP."),
    )
    other = {"hcc": 0.2, "cyst": 0.8}
    rules = (
        Rule(kind="rule", name="most_probable", text="Named as the most probable."),
        Rule(kind="doubt", name="hangs_on_phase", text="The name hangs on NC."),
    )
    first, second = report.findings.lesions
    evidence = Evidence(read_from=(Phase.NC, Phase.PVP), signs=signs, not_looked_for=("central scar",),
                        without={Phase.NC: other}, rules=rules)  # fmt: skip
    lesions = (replace(first, evidence=evidence), second)
    return replace(report, findings=replace(report.findings, lesions=lesions))


def test_what_a_class_rests_on_satisfies_the_schema(report):
    document = findings_document(rested(report))
    check(document)
    first, second = document["lesions"]
    assert "evidence" not in second
    told = first["evidence"]
    assert told["read_from"] == ["NC", "PVP"] and set(told["contrast"]) == set(Phase)
    assert {p: (c["provenance"], c["read"]) for p, c in told["contrast"].items()} == {
        "NC": ("measured", True),
        "AP": ("synthetic", False),
        "PVP": ("measured", True),
        "DP": ("synthetic", False),
    }
    hu, liver = first["hu"]["PVP"], document["liver"]["hu"]["PVP"]
    assert told["contrast"]["PVP"]["lesion_minus_liver_hu"] == pytest.approx(hu["mean"] - liver["mean"], abs=2e-3)
    assert told["contrast"]["PVP"]["sd_hu"] == pytest.approx((hu["sd"] ** 2 + liver["sd"] ** 2) ** 0.5, abs=2e-3)
    assert told["signs"] == [
        {
            "name": "washout",
            "state": "present",
            "phases": ["PVP"],
            "measured": {"pvp_liver_to_lesion_percent": 119.568},
        },
        {"name": "capsule", "state": "not assessable", "because": "It is seen in PVP or DP."},
    ]
    assert told["without"] == {"NC": {"class": "cyst", "probabilities": {"hcc": 0.2, "cyst": 0.8}}}
    del told["signs"][1]["because"]
    with pytest.raises(jsonschema.ValidationError):
        check(document)


def test_what_a_class_rests_on_is_read_again(report):
    document = findings_document(rested(report))
    first, second = findings_of(document).lesions
    again = replace(report, findings=replace(report.findings, lesions=(first, second)))
    assert second.evidence is None
    told, before = (d["lesions"][0]["evidence"] for d in (findings_document(again), document))
    contrast, known = (one.pop("contrast") for one in (told, before))
    assert told == before
    for phase, one in known.items():
        assert contrast[phase] == {k: pytest.approx(v, abs=2e-3) if "hu" in k else v for k, v in one.items()}


def test_what_a_class_rests_on_is_said_in_words(report):
    first, second = findings_document(rested(report))["lesions"]
    assert evidence_lines(second) == []
    said = dict(evidence_lines(first))
    assert list(said) == [
        "Read from", "Present", "Absent", "Not assessable", "Not looked for", "Each phase left out", "Rules", "Doubts",
    ]  # fmt: skip
    assert said["Read from"].startswith("NC (measured, −9 ± ") and "AP" not in said["Read from"]
    assert said["Present"] == "washout (PVP)" and said["Absent"] == "none of the signs looked for"
    assert said["Not assessable"] == "Enhancing capsule. It is seen in PVP or DP."
    assert said["Each phase left out"].startswith("without NC Hepatocellular carcinoma 0.20, behind ")
    assert said["Doubts"] == "The name hangs on NC."


def test_whoever_reads_0_3_finds_all_of_it(report):
    """Without what 0.4 added, the document is one of 0.3."""
    document = findings_document(rested(placed(decided(report))))
    document["schema"] = "hepaphase-findings/0.3"
    del document["lesions"][0]["evidence"]
    jsonschema.Draft202012Validator(schema("0.3")).validate(document)


def told_origin(report):
    """The report with everything that version 0.5 added."""
    shares = dict.fromkeys(METASTASIS_ORIGINS, 0.1) | {"lung": 0.4}
    half = {"value": 0.5, "low": 0.4, "high": 0.6}
    right = {"cohort": "sim", "num_patients": 9, "top_1": half, "top_2": half}
    origin = MetastasisOrigin(
        probabilities=shares, source="prior", weighed={"cea": True, "primary": "net"}, right=right
    )
    first, second = report.findings.lesions
    return replace(report, findings=replace(report.findings, lesions=(replace(first, origin=origin), second)))


def test_origins_satisfy_the_schema_and_are_read_again(report):
    document = findings_document(told_origin(report))
    check(document)
    first, second = document["lesions"]
    assert first["origin"]["most_probable"] == ["lung", "colorectal"] and "origin" not in second
    assert findings_of(document).lesions[0].origin == told_origin(report).findings.lesions[0].origin
    assert findings_of(document).lesions[1].origin is None


def test_whoever_reads_0_4_finds_all_of_it(report):
    """Without what 0.5 added, the document is one of 0.4."""
    document = findings_document(told_origin(rested(placed(decided(report)))))
    document["schema"] = "hepaphase-findings/0.4"
    del document["lesions"][0]["origin"]
    jsonschema.Draft202012Validator(schema("0.4")).validate(document)


def test_no_decision_says_why(report):
    document = findings_document(replace(report, findings=replace(report.findings, abstained=("No points.",))))
    check(document)
    assert document["patient"]["abstained_because"] == ["No points."] and "screening" not in document["patient"]


def test_whoever_reads_0_1_finds_all_of_it(report):
    """Without what 0.2 added, the document is one of 0.1."""
    document = findings_document(decided(report))
    document["schema"] = "hepaphase-findings/0.1"
    del document["prediction_sets"]
    for key in ("screening", "abstained"):
        del document["patient"][key]
    for lesion in document["lesions"]:
        for key in ("prediction_set", "features", "lirads"):
            del lesion[key]
    jsonschema.Draft202012Validator(schema("0.1")).validate(document)


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
        lambda d: d.update(schema="hepaphase-findings/0.6"),
        lambda d: d["lesions"][0].update(origin={"source": "picture"}),
        lambda d: d["patient"].update(abstained="no"),
        lambda d: d["lesions"][0].update(lirads={"withheld": False, "because": ["it is"]}),
        lambda d: d.update(research_use_only=False),
        lambda d: d["patient"].update(malignant=None),
        lambda d: d["lesions"][0].update(segment=None),
        lambda d: d["lesions"][0].update(segment={"withheld": True, "because": []}),
        lambda d: d["lesions"][0].update(segment={"withheld": False, "number": 9}),
        lambda d: d["lesions"][0].update(lirads={"withheld": False, "category": "LR-5"}),
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
