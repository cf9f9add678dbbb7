"""The page in a real browser, from a file, without a network. Skipped by name where Chromium is not installed."""

import shutil

import pytest

from hepaphase.report.build import write_report

from .cases import GRIDS, aligned, report_input

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
CANVAS = """() => new Promise((done) => requestAnimationFrame(() => {
  hepaphaseViewer.nv.drawScene();
  const canvas = document.getElementById('viewer-canvas');
  const copy = document.createElement('canvas');
  copy.width = canvas.width; copy.height = canvas.height;
  const context = copy.getContext('2d');
  context.drawImage(canvas, 0, 0);
  const red = context.getImageData(0, 0, copy.width, copy.height).data.filter((_, i) => i % 4 === 0);
  const bright = red.filter((value) => value > 60).sort();
  done({pixels: red.length, bright: bright.length / red.length, median: bright[bright.length >> 1] || 0});
}))"""
"""Draws, and says how many pixels there are, the share that is not dark, and the median of those."""


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("needs Debian's chromium")
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def opened(browser, tmp_path_factory):
    """The loaded page, what it complained about, and what it asked a network for."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(path, report_input(aligned(GRIDS["oblique"])))
    page = browser.new_context(viewport={"width": 1400, "height": 900}, offline=True).new_page()
    complaints: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_selector("#viewer-stage[data-ready=true]", state="attached", timeout=60_000)
    return page, complaints, requests


def test_page_loads_quietly_and_offline(opened):
    _, complaints, requests = opened
    assert complaints == []
    assert [url for url in requests if not url.startswith(("file:", "data:", "blob:"))] == []


def test_viewer_draws_the_volume(opened):
    page, _, _ = opened
    shown = page.evaluate(CANVAS)
    assert shown["pixels"] > 100_000
    assert shown["bright"] > 0.1


def test_phases_are_switched_and_generated_ones_are_marked(opened):
    page, complaints, _ = opened
    page.get_by_role("radio", name="NC", exact=True).click()
    assert not page.locator("#viewer-burn").is_visible()
    plain = page.evaluate(CANVAS)["median"]
    page.get_by_role("radio", name="DP generated").click()
    assert page.locator("#viewer-burn").inner_text() == "DP GENERATED"
    assert "synthetic" in page.locator("#viewer-stage").get_attribute("class")
    assert "generated" in page.locator("#viewer-readout").inner_text()
    assert page.evaluate(CANVAS)["median"] > plain + 15  # liver 55 HU against 94
    assert complaints == []


def test_a_lesion_is_found_by_its_button(opened):
    page, _, _ = opened
    page.locator("#lesion-2 .goto").click()
    assert "lesion 2" in page.locator("#viewer-readout").inner_text()


def test_viewer_is_reachable_by_keyboard(opened):
    page, complaints, _ = opened
    chosen = page.get_by_role("radio", name="PVP", exact=True)
    chosen.focus()
    chosen.press("ArrowRight")
    assert page.get_by_role("radio", name="DP generated").get_attribute("aria-checked") == "true"
    assert complaints == []


def test_arrow_keys_change_the_slice(opened):
    page, _, _ = opened
    page.locator("#lesion-1 .goto").click()
    before = page.locator("#viewer-readout").inner_text()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    after = page.locator("#viewer-readout").inner_text()
    heights = [float(text.split(" S ")[1].split(" mm")[0]) for text in (before, after)]
    assert heights[1] - heights[0] == pytest.approx(2 * 2.7, abs=3.1)


def test_canvas_keeps_to_its_box(opened):
    page, _, _ = opened
    stage = page.locator("#viewer-stage").bounding_box()
    canvas = page.locator("#viewer-canvas").bounding_box()
    assert canvas["height"] <= stage["height"] <= 660


def test_outlines_can_be_hidden(opened):
    page, _, _ = opened
    page.locator("#outlines").uncheck()
    assert not page.locator(".drawing").first.is_visible()
    page.locator("#outlines").check()


@pytest.mark.parametrize("width", [600, 1400])
def test_page_never_scrolls_sideways(opened, width):
    page, _, _ = opened
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
