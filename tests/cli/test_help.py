"""Help is instant because it imports nothing heavy; a test of modules, since a test of seconds would be a lottery."""

import json
import subprocess
import sys

import pytest

from hepaphase.cli.main import COMMANDS

HEAVY = {"torch", "monai", "matplotlib", "scipy", "nibabel", "pydicom", "safetensors", "jinja2"}
SCRIPT = """
import json, sys
from click.testing import CliRunner
from hepaphase.cli.main import COMMANDS, group
imported = {}
for name in COMMANDS:
    result = CliRunner().invoke(group, [name, "--help"])
    assert result.exit_code == 0, (name, result.output, result.exception)
    imported[name] = sorted(sys.modules)
json.dump(imported, sys.stdout)
"""


@pytest.fixture(scope="module")
def imported() -> dict[str, list[str]]:
    """Modules there are after the help of each command, one after the other in one fresh interpreter."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_imports_nothing_heavy(imported: dict[str, list[str]], name: str) -> None:
    assert not HEAVY & set(imported[name])
