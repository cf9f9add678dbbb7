"""Writes docs/reference/cli.md from the help of every command: python docs/make_cli.py."""

import copy
import importlib
import sys
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))  # this tree, whatever is installed

from hepaphase.cli.main import COMMANDS, group

PAGE = Path(__file__).resolve().parent / "reference" / "cli.md"
HEAD = "# Command line\n\nMade from the help of each command by `docs/make_cli.py`.\n\n"


def help_text(command: click.Command, name: str) -> str:
    command = copy.copy(command)
    command._help_option = None  # click keeps the first that it made, whose names depend on who asked
    context = click.Context(command, info_name=name, terminal_width=110, max_content_width=110)
    lines = command.get_help(context).splitlines()
    return "\n".join(line.rstrip() for line in lines)


def section(command: click.Command, name: str, level: int) -> str:
    text = f"{'#' * level} {name}\n\n```text\n{help_text(command, name)}\n```\n"
    if isinstance(command, click.Group) and level > 1:
        children = (section(child, f"{name} {key}", level + 1) for key, child in sorted(command.commands.items()))
        text += "\n" + "\n".join(children)
    return text


def page() -> str:
    commands = {name: importlib.import_module(f"hepaphase.cli.{name.replace('-', '_')}").command for name in COMMANDS}
    top = f"```text\n{help_text(group, 'hepaphase')}\n```\n"
    return HEAD + "\n".join([top, *(section(command, f"hepaphase {name}", 2) for name, command in commands.items())])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
