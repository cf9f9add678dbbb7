"""The picture of the served page for the docs: python docs/serve_picture.py FOLDER, with readings in it."""

import io
import shutil
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from hepaphase.serve.house import Settings, serving
from hepaphase.serve.node import Node
from hepaphase.serve.worker import How

TARGET = Path(__file__).parent / "assets" / "serve.webp"
WIDTH, HEIGHT = 1000, 800
READER = """
import pathlib, sys, time
if pathlib.Path(sys.argv[1]).is_dir():
    print("hepaphase: Which phase a volume is cannot be told surely: 3 looks like DP 0.55 or PVP 0.45, 120 s "
          "(80 to 200). Name it: --phases DP, if that is right.")
    sys.exit(2)
print("step: take in, after 0.0 s\nstep: liver, after 9.1 s\nstep: register, after 11.2 s", flush=True)
time.sleep(60)
"""
"""Stands where ``hepaphase read`` does: one study in doubt, one that is being read."""


def main(readings: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "out"
        shutil.copytree(readings, root, ignore=shutil.ignore_patterns(".serve", "synthetic"))
        node, how = Node(port=11112), How(program=(sys.executable, "-c", READER))
        with serving(Settings(root=root, port=0, node=node, how=how)) as house, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
            page.goto(house.url)
            for content in (b"not a zip: the files of a folder", zipped()):
                page.set_input_files("#zip", {"name": "study", "mimeType": "application/zip", "buffer": content})
                page.get_by_text("is in the queue.").wait_for()
                time.sleep(3)
            time.sleep(3)
            shot = page.screenshot()
            browser.close()
    Image.open(io.BytesIO(shot)).convert("RGB").save(TARGET, quality=70, method=6)
    print(f"{TARGET}: {TARGET.stat().st_size / 1000:.0f} kB")


def zipped() -> bytes:
    """A small zip."""
    import zipfile

    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("1.dcm", b"image")
    return held.getvalue()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
