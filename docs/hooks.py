"""Builds the navigation from the folders, and one reference page per room from its modules."""

from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "hepaphase"
SECTIONS = {"Tutorials": "tutorials", "How to": "how-to", "Concepts": "concepts", "Reference": "reference"}
FIRST = {
    "tutorials": ["first-reading", "your-own-case"],
    "how-to": ["lay-out-a-cohort", "read-dicom", "serve", "simulate", "train", "galsce", "compare", "check-physics"],
    "concepts": ["architecture", "geometry", "provenance", "kinetics", "phantom"],
    "reference": ["cli", "files"],
}
"""Pages that lead their section, in this order; the others follow by name."""


def rooms() -> list[str]:
    """Folders of the package, lowest floor first, as the contract of the floors lists them."""
    text = (ROOT / ".importlinter").read_text(encoding="utf-8")
    floors = text.split("layers =", 1)[1].split("exhaustive", 1)[0].replace("|", "\n").split()
    return [name for name in reversed(floors) if (PACKAGE / name).is_dir()]


def modules(room: str) -> list[str]:
    """Dotted names of the public modules of a room."""
    paths = sorted((PACKAGE / room).rglob("*.py"))
    names = [path.relative_to(PACKAGE.parent).with_suffix("").parts for path in paths]
    return [".".join(parts) for parts in names if not parts[-1].startswith("_")]


def reference_page(room: str) -> str:
    """The text of a room's page; the library reads the docstrings when the site is built."""
    first_line = (PACKAGE / room / "__init__.py").read_text(encoding="utf-8").split('"""')[1].strip()
    blocks = "\n\n".join(f"::: {name}" for name in modules(room))
    return f"# hepaphase.{room}\n\n{first_line}\n\n{blocks}\n"


def on_files(files, config):
    for room in rooms():
        if modules(room):
            files.append(File.generated(config, f"reference/{room}.md", content=reference_page(room)))
    return files


def on_config(config):
    generated = [room for room in rooms() if modules(room)]
    config.nav = [{"Home": "index.md"}]
    for title, folder in SECTIONS.items():
        written = sorted(path.stem for path in (ROOT / "docs" / folder).glob("*.md"))
        first = [name for name in FIRST[folder] if name in written]
        names = first + [name for name in written if name not in first] + (generated if folder == "reference" else [])
        config.nav.append({title: [f"{folder}/{name}.md" for name in names]})
    return config
