"""What every test needs."""

import os
import signal
import threading

import hypothesis
import pytest

os.environ["MPLBACKEND"] = "Agg"  # before matplotlib is imported anywhere

# A shell lets what it runs in the background ignore Ctrl-C, and children inherit that: tests of stopping would wait.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Times differ between machines and a slow draw is not a failure; the same examples are drawn on every run.
hypothesis.settings.register_profile("house", deadline=None, derandomize=True, database=None, max_examples=40)
hypothesis.settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--geometries", type=int, default=300, help="How many geometries go through every format.")


@pytest.fixture
def num_geometries(request: pytest.FixtureRequest) -> int:
    """How many geometries a test of geometry tries; the full number is 10 000."""
    return int(request.config.getoption("--geometries"))
