"""The pages do not lag behind the code."""

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

from hepaphase.cli.main import COMMANDS, group
from hepaphase.cli.read import command as read

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
GUIDE = "\n".join(
    page.read_text(encoding="utf-8") for name in ("tutorials", "how-to") for page in (DOCS / name).glob("*")
)


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def commands() -> Iterator[tuple[str, list[str]]]:
    """Every ``hepaphase`` line in a shell block, with the page it is on."""
    for page in PAGES:
        for block in blocks(page.read_text(encoding="utf-8"), "sh"):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                if words and Path(words[0]).name == "hepaphase":
                    yield page.name, words[1:]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_guide(name):
    assert f"hepaphase {name}" in GUIDE


@pytest.mark.parametrize(("page", "words"), list(commands()), ids=str)
def test_every_command_line_on_a_page_can_be_parsed(page, words):
    """Arguments are not looked at: a page may name files that are not there."""
    context: click.Context = click.Context(group, info_name="hepaphase")
    command: click.Command = group
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        assert found is not None, f"{page}: no command '{words[0]}'"
        command, words = found, words[1:]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help", "--version"}
    if "--" in words:  # what follows goes to read
        known |= {"--"} | {option for parameter in read.params for option in parameter.opts}
    assert not [word for word in words if word.startswith("-") and word.split("=")[0] not in known], page


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_command_reference_is_fresh():
    maker = load(DOCS / "make_cli.py")
    assert maker.PAGE.read_text(encoding="utf-8") == maker.page(), "run: python docs/make_cli.py"


def test_every_room_has_a_line_on_the_page_of_floors():
    text = (DOCS / "concepts" / "architecture.md").read_text(encoding="utf-8")
    floors = (ROOT / ".importlinter").read_text(encoding="utf-8").split("layers =")[1].split("exhaustive")[0]
    listed = text.split("```")[1]
    found = [re.search(rf"(^|\| +){room} ", listed, flags=re.MULTILINE) for room in floors.replace("|", " ").split()]
    places = [match.start() for match in found if match]
    assert len(places) == len(found)
    assert places == sorted(places), "the page lists the floors in another order than the contract"


def test_tables_of_stage_i_are_those_of_the_results():
    maker = load(DOCS / "make_synthesis_tables.py")
    assert maker.PAGE.read_text(encoding="utf-8") == maker.page(), "run: python docs/make_synthesis_tables.py"
