"""Flags are a promise: each one is written down in ``options.txt``, and changing the list is a decision."""

from pathlib import Path

import click
import pytest

from hepaphase.cli.main import COMMANDS, group

LISTED = Path(__file__).with_name("options.txt")


def parameters(command: click.Command, name: str) -> list[str]:
    """``COMMAND ARGUMENT`` and ``COMMAND --flag`` for all of one command and what is below it, sorted."""
    words = [
        word
        for parameter in command.params
        for word in ([str(parameter.name).upper()] if isinstance(parameter, click.Argument) else parameter.opts)
    ]
    below = command.commands.items() if isinstance(command, click.Group) else ()
    lines = [f"{name} {word}" for word in words] + [line for n, c in below for line in parameters(c, f"{name} {n}")]
    return sorted(lines)


def top(name: str) -> click.Command:
    command = group.get_command(click.Context(group), name)
    assert command is not None
    return command


@pytest.mark.parametrize("name", COMMANDS)
def test_options_are_those_written_down(name: str) -> None:
    listed = [line for line in LISTED.read_text().splitlines() if line.startswith(name + " ")]
    found = parameters(top(name), name)
    assert found == listed, f"if this is meant, put into {LISTED.name}:\n" + "\n".join(found)


def test_no_command_is_written_down_that_is_gone() -> None:
    assert {line.split()[0] for line in LISTED.read_text().splitlines()} == set(COMMANDS)
