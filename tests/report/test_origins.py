"""Origins in words: two at once, the rest folded away, and what they rest on always beside them."""

from dataclasses import replace

from hepaphase.report.findings_json import lesion_document
from hepaphase.report.html import render
from hepaphase.report.origins import origin_bars, origin_head, origin_note, origin_of, origin_text, origins_line
from hepaphase.report.page import page_context
from hepaphase.report.view import liver_view
from hepaphase.study.findings import MetastasisOrigin
from hepaphase.study.lesions import METASTASIS_ORIGINS

from .cases import GRIDS, aligned, report_input

RIGHT = {
    "cohort": "sim-some",
    "num_patients": 120,
    "top_1": {"value": 0.4417, "low": 0.356, "high": 0.531},
    "top_2": {"value": 0.5667, "low": 0.4773, "high": 0.6519},
}
SHARES = dict(zip(METASTASIS_ORIGINS, (0.5, 0.1, 0.15, 0.1, 0.08, 0.005, 0.065), strict=True))


def prior(**changes) -> MetastasisOrigin:
    return MetastasisOrigin(**{"probabilities": SHARES, "source": "prior", "right": RIGHT, **changes})


def told(origin: MetastasisOrigin):
    report = report_input(aligned(GRIDS["axial thin"]))
    first, second = report.findings.lesions
    findings = replace(report.findings, lesions=(replace(first, origin=origin), second))
    return replace(report, findings=findings)


def document(origin: MetastasisOrigin):
    report = told(origin)
    return lesion_document(report, report.findings.lesions[0])


def test_two_are_named_and_a_prior_is_called_one():
    said = document(prior(weighed={"cea": True}))
    assert (
        origin_text(said) == "colorectal 0.50, pancreas 0.15"
        and origin_head(said) == "Origin, were it a metastasis (prior)"
    )
    assert origin_note(said) == (
        "Not read from the picture: how common primaries are among patients with liver metastases, weighed with CEA "
        "above 5 ng/ml. In simulated patients the first named is right in 0.44 [0.36, 0.53] (sim-some, 120 with "
        "metastases)."
    )
    assert [bar.name for bar in origin_bars(said)][-2:] == ["another primary", "neuroendocrine tumor"]
    assert origin_bars(said)[-1].text == "< 0.01"


def test_a_head_is_called_one_and_a_figure_that_is_not_known_is_not_made_up():
    said = document(prior(source="reader", right={}, weighed={"primary": "net", "cea": False}))
    assert origin_note(said) == (
        "Read from the picture by the reader's own head, calibrated, weighed with a known primary (neuroendocrine "
        "tumor) and CEA not above 5 ng/ml."
    )
    assert origin_head({**said, "probabilities": {"metastasis": 0.6, "hcc": 0.4}}) == "Origin"
    assert "of whom no primary was known" in origin_note(document(prior(weighed={"primary": "lung"})))


def test_what_is_not_told_is_silent():
    report = report_input(aligned(GRIDS["axial thin"]))
    silent = lesion_document(report, report.findings.lesions[0])
    assert "origin" not in silent and origin_text(silent) == "" == origin_note(silent)
    assert origins_line(report.findings) == ""


def test_the_file_gives_it_back():
    origin = prior(weighed={"cea": False})
    assert origin_of(document(origin)["origin"]) == origin and origin_of(None) is None


def test_the_page_shows_two_and_folds_the_rest_and_the_terminal_has_a_line():
    report = told(prior())
    html = render(page_context(report, liver_view(report.study, withheld={})))
    assert html.count('<details class="fold">') == 1 and "All 7 origins" in html
    assert html.count("Not read from the picture") == 1
    assert origins_line(report.findings) == (
        "Origin of lesion 1, where a metastasis, by how common primaries are, not from the picture: colorectal (0.50) "
        "or pancreas (0.15)."
    )
