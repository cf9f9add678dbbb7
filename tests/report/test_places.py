"""Where a lesion lies and what category it has, in words."""

from dataclasses import replace

from hepaphase.report.findings_json import lesion_document
from hepaphase.report.html import render
from hepaphase.report.page import page_context
from hepaphase.report.places import category_text, place, place_note, place_text, scan_text, unlike_text
from hepaphase.report.view import liver_view
from hepaphase.study.findings import LiRads, Segment

from .cases import GRIDS, aligned, report_input


def told(**changes):
    report = report_input(aligned(GRIDS["axial thin"]))
    return report, replace(report.findings.lesions[0], **changes)


def segment(confidence: float) -> Segment:
    return Segment(number=5, confidence=confidence, shares={5: 0.62, 6: 0.33}, border="right hepatic vein",
                   to_border_mm=3.2, border_sd_mm=8.4)  # fmt: skip


def test_a_sure_segment_is_named_alone_and_an_unsure_one_with_the_next():
    report, sure = told(segment=segment(0.83))
    assert place_text(lesion_document(report, sure)) == "segment 5 (0.83)" and place(sure) == " in segment 5"
    unsure = lesion_document(report, replace(sure, segment=segment(0.55)))
    assert place_text(unsure) == "segment 5 or 6 (0.55)"
    assert "62 % in 5 and 33 % in 6" in place_note(unsure) and "right hepatic vein) is 3 mm" in place_note(unsure)


def test_what_is_withheld_says_why_and_what_was_not_asked_is_silent():
    report, withheld = told(segment_withheld=("No vena cava.",), lirads_withheld=("No adult.",))
    document = lesion_document(report, withheld)
    assert place_text(document) == "" and place_note(document) == "Segment withheld. No vena cava."
    assert category_text(document) == "" and place(withheld) == ""
    _, silent = told()
    assert place_note(lesion_document(report, silent)) == "" == category_text(lesion_document(report, silent))


def test_a_category_says_what_it_rests_on():
    graded = LiRads(category="LR-5", aphe="nonrim", washout=True, capsule=False, measured={}, not_assessed=("growth",))
    report, lesion = told(lirads=graded)
    said = category_text(lesion_document(report, lesion))
    assert said.startswith(
        "LR-5 (CT/MRI LI-RADS v2018) by measures: nonrim arterial hyperenhancement, washout, no caps"
    )
    assert "not assessed: growth. No radiologist gave it." in said


def test_both_stand_on_the_page():
    report, lesion = told(
        segment=segment(0.55),
        lirads=LiRads(category="LR-M", aphe="rim", washout=False, capsule=None, measured={}, not_assessed=("growth",)),
    )
    report = replace(report, findings=replace(report.findings, lesions=(lesion, *report.findings.lesions[1:])))
    page = render(page_context(report, liver_view(report.study, withheld={})))
    assert "segment 5 or 6 (0.55)" in page and "LR-M (CT/MRI LI-RADS v2018)" in page and '">Segment</th>' in page


def test_how_unlike_a_study_is_stands_beside_it():
    assert scan_text({}) == "" == unlike_text({})
    assert "than 88 % of lesions" in unlike_text({"ood_score": 0.8765}).replace("88%", "88 %")
    told = {"scan_score": 0.957, "bound": 0.99, "held_out": "v", "num_patients": 120, "num_lesions": 9,
            "oddest": {"measure": "spleen_PVP", "value": 61.5, "usual": [99.6, 219.0]}}  # fmt: skip
    assert "of 120 simulated patients (spleen in PVP: 62 HU, usual 100 to 219)" in scan_text({"ood": told})
