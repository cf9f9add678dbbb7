"""Named runs, one file each: its first line says what it is for, its function ``recipe`` returns the whole run."""

import ast
import importlib.util
from pathlib import Path

from ..base.family import Family

RECIPES = Family("hepaphase.recipes", "recipe", "recipe")


def describe(name: str) -> str:
    """The first line of a recipe, read without importing it."""
    spec = importlib.util.find_spec(f"{__name__}.{name}")
    assert spec is not None and spec.origin is not None, f"recipe {name} has no file"
    text = ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8")))
    return (text or name).splitlines()[0]
