"""The house keeps its own rules: sizes, the public surface, one file per addition."""

import ast
import importlib
from pathlib import Path

import pytest

import hepaphase as hp

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "src").rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT / "src")))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 600
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < 80, f"{node.name} is too long"


def test_public_names_are_sorted_and_there() -> None:
    assert hp.__all__ == sorted(hp.__all__)
    assert all(hasattr(hp, name) for name in hp.__all__)


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'reed'"):
        hp.reed  # noqa: B018


def test_every_test_folder_is_a_room() -> None:
    rooms = {p.name for p in (ROOT / "src/hepaphase").iterdir() if p.is_dir()}
    folders = {p.name for p in (ROOT / "tests").iterdir() if p.is_dir() and not p.name.startswith("__")}
    assert folders - rooms <= {"docs", "fixtures"}


def test_the_readme_names_both_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in text
    assert "make test" in text


@pytest.mark.parametrize("room", [p.parent.name for p in FILES if p.name == "__init__.py"])
def test_rooms_compute_nothing_on_import(room: str) -> None:
    for path in FILES:
        if path.name == "__init__.py" and path.parent.name == room and room != "hepaphase":
            kinds = {type(node) for node in ast.parse(path.read_text(encoding="utf-8")).body}
            assert kinds <= {ast.Expr, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign}


def test_modules_import() -> None:
    for path in FILES:
        if "__main__" not in path.name:
            name = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")
            importlib.import_module(name)
