from dataclasses import dataclass, field
from typing import Literal

import pytest

from hepaphase.base.errors import ConfigError, UnknownNameError
from hepaphase.training.overrides import override


@dataclass(frozen=True, slots=True, kw_only=True)
class Net:
    channels: int = 8
    shape_zyx: tuple[int, int, int] = (16, 16, 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    learning_rate: float = 1e-3
    net: Net = field(default_factory=Net)
    names: tuple[str, ...] = ()
    limit: int | None = 4

    def __post_init__(self) -> None:
        if self.learning_rate <= 0:
            raise ConfigError("learning_rate must be positive.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    task: Config = field(default_factory=Config)
    num_steps: int = 10
    amp: bool = False
    kind: Literal["thread", "process"] = "thread"
    title: str = ""
    build: type = Config


def test_values_get_the_type_of_their_field() -> None:
    changed = override(
        Outer(),
        ["num_steps=20", "amp=true", "kind=process", "title=12", "learning_rate=1", "task.net.channels=4"],
    )
    assert (changed.num_steps, changed.amp, changed.kind, changed.title) == (20, True, "process", "12")
    assert isinstance(changed.task.learning_rate, float)
    assert changed.task.net.channels == 4


def test_lists_and_none() -> None:
    changed = override(Outer(), ["net.shape_zyx=8,12,16", "names=a", "limit=none"])
    assert changed.task.net.shape_zyx == (8, 12, 16)
    assert (changed.task.names, changed.task.limit) == (("a",), None)


def test_the_original_is_left_alone() -> None:
    outer = Outer()
    override(outer, ["num_steps=20"])
    assert outer == Outer()


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("num_steps=many", "'num_steps' must be a whole number, got 'many'"),
        ("num_steps=1.5", "a whole number"),
        ("num_steps=true", "a whole number"),
        ("amp=1", "'amp' must be true or false"),
        ("kind=fork", "'thread' or 'process'"),
        ("net.shape_zyx=8,8", "'shape_zyx' must be a list of a whole number"),
        ("limit=x", "a whole number or none"),
        ("net=3", "'net' is a group: set one of net.channels, net.shape_zyx"),
        ("num_steps.x=3", "'num_steps' is one value: --set num_steps=10"),
        ("num_steps", "--set takes field=value, got 'num_steps'"),
        ("learning_rate=-1", "must be positive"),
    ],
)
def test_wrong_values_are_refused(assignment: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        override(Outer(), [assignment])


@pytest.mark.parametrize(
    ("assignment", "closest"),
    [("num_step=3", "num_steps"), ("learning_rat=3", "learning_rate"), ("task.net.chanels=3", "channels")],
)
def test_a_wrong_name_is_met_with_the_closest(assignment: str, closest: str) -> None:
    with pytest.raises(UnknownNameError, match=f"Did you mean '{closest}'"):
        override(Outer(), [assignment])


def test_what_is_not_a_value_cannot_be_set() -> None:
    with pytest.raises(UnknownNameError, match="No setting is called 'build'"):
        override(Outer(), ["build=int"])
