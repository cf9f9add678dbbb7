"""The page in a real browser. Skipped by name where Chromium is not installed."""

import shutil
from pathlib import Path

import pytest
from tests.serve.service import packed, service, slow, state, until

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("needs Debian's chromium")
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def test_a_study_is_uploaded_watched_cancelled_read_and_opened(browser, tmp_path: Path) -> None:
    blocked = slow(tmp_path / "out")
    (tmp_path / "visit.zip").write_bytes(packed(10, 20))
    complaints: list[str] = []
    requests: list[str] = []
    with service(tmp_path / "out") as house:
        page = browser.new_page(viewport={"width": 700, "height": 700})
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(house.url)
        assert "Research use only" in page.locator(".banner").inner_text()
        page.set_input_files("#zip", tmp_path / "visit.zip")
        page.get_by_text("upload is in the queue.").wait_for()
        page.get_by_text("looking, ").wait_for()
        page.get_by_role("button", name="Cancel").click()
        page.get_by_text("cancelled").wait_for()
        until(lambda: not (tmp_path / "out" / "upload").exists())  # said first, then cleared
        blocked.unlink()
        until(lambda: state(house, "upload") == "cancelled")
        page.get_by_role("button", name="Read again").click()
        page.get_by_role("link", name="upload", exact=True).wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 700
        page.get_by_role("link", name="upload", exact=True).click()
        page.wait_for_function("document.title === 'it ran'")
        page.close()
        assert complaints == []
        assert [url for url in requests if not url.startswith(house.url)] == []
