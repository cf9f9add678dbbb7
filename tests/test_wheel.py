"""What a user installs: small enough, with the weights in it and nothing that belongs to development."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
WHEEL_MB = 20
BUNDLES_MB = {"organs": 3, "synthesis": 4.2, "diagnosis": 7}
"""Cards included, which hold 0.1 MB of fingerprints of the scans that trained."""


@pytest.mark.slow
def test_the_wheel_holds_the_weights_and_stays_small(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.stat().st_size < WHEEL_MB * 1e6
    with zipfile.ZipFile(wheel) as pack:
        sizes = {info.filename: info.file_size for info in pack.infolist()}
    for kind, most in BUNDLES_MB.items():
        assert 0 < sizes[f"hepaphase/bundle/shipped/{kind}.hepa"] < most * 1e6
    assert not [name for name in sizes if name.startswith(("tests/", "docs/")) or name.endswith(".pyc")]
    assert any(name.endswith("licenses/LICENSE") for name in sizes)
