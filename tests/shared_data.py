"""Real data for tests: beside the repository, never in it. A test is skipped by name where its data are absent."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[1].parent / "shared"
"""The folder beside the repository."""


def shared_data(relative: str) -> Path:
    """The path of ``relative`` in the data folder; skips the test, naming it, when it is not there."""
    path = SHARED / "data" / relative
    if not path.exists():
        pytest.skip(f"needs ../shared/data/{relative}")
    return path
