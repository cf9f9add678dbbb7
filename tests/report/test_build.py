"""The page: whole, honest about what was generated, within its size."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from hepaphase.report.build import render_report, write_report
from hepaphase.report.figures import MAX_PICTURED
from hepaphase.study.phase import Phase, Provenance

from .cases import GRIDS, LESIONS, Ellipsoid, aligned, report_input, volume

MAX_BYTES = 25_000_000


class Outline(HTMLParser):
    """Elements with their attributes, and whether each one was closed."""

    void = frozenset({"meta", "img", "input", "link", "br", "hr"})
    drawing = frozenset({"path", "line", "circle", "rect", "polyline"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict]] = []
        self.feed(re.sub(r"<script>.*?</script>", "", page, flags=re.S))

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, tag) -> list[dict]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def withheld_page() -> str:
    study = aligned(GRIDS["axial thin"])
    scans = {
        p: volume(p, study.masks["liver"] > 0, study.masks["lesions"], noise_hu=12.0, seed=8)
        for p in (Phase.AP, Phase.DP)
    }
    return render_report(report_input(study, withheld=scans, warnings=("Beware <of> this.",), run={"Total": "41 s"}))


@pytest.mark.parametrize("name", GRIDS)
def test_page_is_written_for_any_grid(name, tmp_path):
    write_report(tmp_path / "report.html", report_input(aligned(GRIDS[name])))
    page = (tmp_path / "report.html").read_text()
    assert Outline(page).open == []
    assert "2 focal liver lesions found" in page
    assert bool(re.search(r"\(slice \d+ of \d+ of the PVP grid\)", page)) == (name != "coronal")


def test_slices_are_counted_on_the_whole_grid():
    study = aligned(GRIDS["axial thick, flipped"])
    report = report_input(study)
    index = re.search(r"slice (\d+) of 28 of the PVP grid", render_report(report))
    whole = study.geometry.crop((-10, 0, 0), (40, 96, 110))
    moved = re.search(r"slice (\d+) of 50 of the PVP grid", render_report(replace(report, reference_grid=whole)))
    assert int(moved[1]) == int(index[1]) + 10
    middle = np.flatnonzero((study.masks["lesions"] == 1).any(axis=(1, 2)))
    assert middle.min() + 1 <= int(index[1]) <= middle.max() + 1


def test_names_are_escaped(withheld_page):
    assert "phantom &lt;1&gt; &amp; co" in withheld_page and "phantom <1>" not in withheld_page
    assert "Beware &lt;of&gt; this." in withheld_page


def test_first_screen_says_what_was_found_and_what_was_generated(withheld_page):
    lead = re.sub(r"<[^>]+>", "", withheld_page.split('class="lead"')[1].split("</p>")[0])
    assert "0.98" in lead and "measured NC and PVP, and generated AP and DP" in lead
    assert "The scans of AP and DP were withheld from the reading." in lead


def test_every_picture_has_a_text_and_generated_ones_say_so(withheld_page):
    images = Outline(withheld_page).all("img")
    assert len(images) == 4 + 2 * 4 + 2 * 3
    assert all(len(image["alt"]) > 15 and image["src"].startswith("data:image/png;base64,") for image in images)
    assert sum("generated" in image["alt"].lower() for image in images) == 2 + 2 * 2 + 2 * 2


def test_generated_values_are_hatched_and_points_are_hollow(withheld_page):
    assert withheld_page.count('class="point of-lesion synthetic"') == 2 * 2
    assert withheld_page.count('class="point of-lesion measured"') == 2 * 2
    assert len(re.findall(r'<td class="num made-cell">', withheld_page)) == 2 * 2 + 2 * 2 * 2


def test_nothing_is_loaded_from_elsewhere(withheld_page):
    page = Outline(withheld_page)
    for attributes in (attributes for _, attributes in page.elements):
        for key in ("src", "href"):
            assert attributes.get(key, "#").startswith(("#", "data:"))
    assert "default-src 'none'" in withheld_page


def test_unseen_scans_are_said_not_to_exist():
    page = render_report(report_input(aligned(GRIDS["oblique"])))
    assert "No scan exists of AP and DP." in page and "Generated against scanned" not in page


def test_all_scanned():
    page = render_report(report_input(aligned(GRIDS["oblique"], synthetic=())))
    assert "read from measured NC, AP, PVP and DP." in page
    assert 'class="tile synthetic"' not in page and "No scan exists" not in page


def test_simulated_studies_say_so():
    study = aligned(GRIDS["oblique"])
    kinds = {p: Provenance.SYNTHETIC if p is Phase.DP else Provenance.SIMULATED for p in Phase}
    page = render_report(report_input(replace(study, provenance=kinds)))
    assert "no patient" in page and "simulated NC, AP and PVP, and generated DP" in page


def test_no_lesion_at_all():
    page = render_report(report_input(aligned(GRIDS["coronal"], lesions=())))
    assert "No focal liver lesion found" in page and 'id="lesions"' not in page


def test_one_phase_without_liver():
    study = aligned(GRIDS["axial thin"], lesions=(), synthetic=())
    study.masks["liver"][:] = 0
    only = replace(
        study,
        hu={Phase.PVP: study.hu[Phase.PVP]},
        provenance={Phase.PVP: Provenance.MEASURED},
        time_s={Phase.PVP: 70.0},
    )
    assert Outline(render_report(report_input(only))).open == []


def test_a_liver_full_of_lesions_in_pure_noise_stays_under_its_size():
    many = tuple(Ellipsoid((-90.0 + 7 * k, -12.0, 230.0), (3.2, 3.2, 3.2)) for k in range(15))
    study = aligned(GRIDS["axial thin"], lesions=(*LESIONS, *many), noise_hu=150.0)
    count = int(study.masks["lesions"].max())
    page = render_report(report_input(study))
    assert f"Pictures of the {MAX_PICTURED} longest lesions; the other {count - MAX_PICTURED}" in page
    assert len(page) < MAX_BYTES


@pytest.mark.slow
def test_a_full_study_in_pure_noise_stays_under_its_size():
    geometry = replace(GRIDS["axial thin"], shape_zyx=(120, 330, 400), spacing_xyz_mm=(0.75, 0.75, 1.5))
    study = aligned(replace(geometry, origin_lps_mm=(-190.0, -136.0, 141.0)), lesions=(), noise_hu=150.0)
    study.masks["lesions"][60:64, 150:156, 100:340] = np.arange(240)[None, None] // 16 + 1
    assert len(render_report(report_input(study))) < MAX_BYTES


def test_same_input_same_page():
    report = report_input(aligned(GRIDS["oblique"]))
    assert render_report(report) == render_report(report)


def test_the_input_is_left_alone():
    study = aligned(GRIDS["oblique"])
    before = {phase: hu.copy() for phase, hu in study.hu.items()}
    render_report(report_input(study))
    assert all(np.array_equal(before[phase], study.hu[phase]) for phase in Phase)


def test_every_printed_page_says_research_use_only(withheld_page):
    page = re.search(r"@page \{.*?@bottom-center \{ content: \"([^\"]*)\"", withheld_page, flags=re.S)
    assert page is not None and page[1].startswith("Research use only, not a medical device.")


def test_the_page_says_where_facts_were_weighed_and_where_not():
    report = report_input(aligned(GRIDS["axial thin"]))
    assert "come from the images alone" not in render_report(report)
    lesions = tuple(replace(f, image_probabilities=f.probabilities) for f in report.findings.lesions)
    weighed = replace(report, findings=replace(report.findings, lesions=lesions))
    assert "come from the images alone" in render_report(weighed)


def test_a_liver_without_lesions_has_no_key_for_them():
    report = report_input(aligned(GRIDS["axial thin"]))
    study = replace(report.study, masks={**report.study.masks, "lesions": 0 * report.study.masks["lesions"]})
    page = render_report(replace(report, study=study, findings=replace(report.findings, lesions=())))
    assert "No focal liver lesion found" in page and "Color: lesions." not in page
