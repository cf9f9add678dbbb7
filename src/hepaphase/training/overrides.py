"""``--set field=value`` on a run and on the configuration of its task."""

import ast
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, Literal, Union

from ..base.errors import ConfigError
from ..base.names import check_name

_WORDS = {"true": True, "false": False, "none": None}


def override(config: Any, assignments: Sequence[str]) -> Any:
    """A copy of a frozen dataclass with ``field=value`` applied, values checked against the field's type.

    ``a.b=value`` sets field ``b`` of the dataclass in field ``a``. A bare name that the run lacks and its ``task``
    has is the task's.

    Raises:
        UnknownNameError: for a field that does not exist, with the closest one.
        ConfigError: for a value of another type, or one the dataclass itself refuses.
    """
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        if not equals or not path:
            raise ConfigError(f"--set takes field=value, got '{assignment}'.")
        config = _set(config, path.strip().split("."), text.strip())
    return config


def _set(config: Any, path: Sequence[str], text: str) -> Any:
    name, *rest = path
    settable = _settable(config)
    task = getattr(config, "task", None)
    if name not in settable and _is_group(task) and name in _settable(task):
        return replace(config, task=_set(task, path, text))
    known = settable if task is None else {**settable, **dict.fromkeys(_settable(task))}
    check_name(name, known, kind="setting")
    value = getattr(config, name)
    if rest or _is_group(value):
        if not _is_group(value) or not rest:
            raise ConfigError(f"'{name}' is {'a group' if _is_group(value) else 'one value'}: {_hint(name, value)}.")
        return replace(config, **{name: _set(value, rest, text)})
    return replace(config, **{name: parse(text, settable[name], name=name)})


def _is_group(value: Any) -> bool:
    return is_dataclass(value) and not isinstance(value, type)


def _settable(config: Any) -> dict[str, Any]:
    """Fields that a text can set, with their types."""
    hints = typing.get_type_hints(type(config))
    named = {field.name: hints[field.name] for field in fields(config) if field.init}
    return {name: hint for name, hint in named.items() if _is_value(hint) or _is_group(getattr(config, name))}


def _is_value(hint: Any) -> bool:
    origin = typing.get_origin(hint)
    if origin in (Union, types.UnionType, tuple):
        return all(_is_value(part) for part in typing.get_args(hint) if part is not Ellipsis)
    return origin is Literal or hint in (bool, int, float, str, type(None))


def parse(text: str, hint: Any, *, name: str) -> Any:
    """``text`` as a value of type ``hint``: bool, int, float, str, None, Literal, tuples of these and unions.

    Raises:
        ConfigError: saying what was expected.
    """
    try:
        value = _WORDS[text.lower()] if text.lower() in _WORDS else ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = text
    for candidate in (value, text):  # '1' for a string field is the text
        matched, result = _match(candidate, hint)
        if matched:
            return result
    raise ConfigError(f"'{name}' must be {_describe(hint)}, got '{text}'.")


def _match(value: Any, hint: Any) -> tuple[bool, Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        return next((found for part in arguments if (found := _match(value, part))[0]), (False, None))
    if origin is Literal:
        return value in arguments, value
    if origin is tuple:
        return _match_tuple(value, arguments)
    if hint is float and type(value) is int:
        return True, float(value)
    return type(value) is hint, value  # exact: True is not an int here


def _match_tuple(value: Any, parts: tuple[Any, ...]) -> tuple[bool, Any]:
    if not isinstance(value, (tuple, list)):
        value = (value,)
    if parts and parts[-1] is Ellipsis:
        parts = (parts[0],) * len(value)
    found = [_match(entry, part) for entry, part in zip(value, parts, strict=False)]
    return len(value) == len(parts) and all(ok for ok, _ in found), tuple(entry for _, entry in found)


def _describe(hint: Any) -> str:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return " or ".join(f"'{a}'" if isinstance(a, str) else str(a) for a in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(_describe(part) for part in arguments)
    if origin is tuple:
        return "a list of " + " and ".join(dict.fromkeys(_describe(part) for part in arguments if part is not Ellipsis))
    names: Mapping[Any, str] = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
    return names.get(hint, "none")


def _hint(name: str, value: Any) -> str:
    if not _is_group(value):
        return f"--set {name}={value}"
    return f"set one of {', '.join(f'{name}.{field}' for field in _settable(value))}"
