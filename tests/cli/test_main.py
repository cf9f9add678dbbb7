"""The command answers at once and never with a traceback."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from hepaphase.cli.main import COMMANDS, group

HEAVY = ("torch", "monai", "matplotlib", "nibabel", "pydicom", "scipy")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "hepaphase", *words], capture_output=True, text=True, check=False)


def test_help_lists_every_command_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from hepaphase.cli.main import group; group.main(['--help'], standalone_mode=False);"
        f"sys.exit(1 if set(sys.modules) & set({HEAVY}) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert all(name in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself(name: str) -> None:
    result = CliRunner().invoke(group, [name, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


@pytest.mark.parametrize("words", [("reed",), ("read",), ("read", "nowhere", "out", "--phases", "XX")])
def test_a_mistake_is_one_clear_line_and_code_2(words: tuple[str, ...]) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
