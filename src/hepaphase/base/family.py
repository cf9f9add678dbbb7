"""Plug-ins: one folder, one file each, the file name is the name."""

import ast
import importlib
import importlib.util
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .names import check_name


@dataclass(frozen=True, slots=True)
class Family:
    """The members of a package folder, each a module that defines one agreed attribute.

    Nothing is registered: adding a file adds a member. Only the member asked for is imported.
    """

    package: str
    """Dotted name of the folder, such as ``hepaphase.synthesis.generators``."""
    attribute: str
    """What each member's module must define, such as ``Generator``."""
    kind: str
    """What to call a member in messages, such as ``generator``."""

    def names(self) -> list[str]:
        """Names of all members, sorted; imports only the folder."""
        folder = importlib.import_module(self.package)
        return sorted(m.name for m in pkgutil.iter_modules(folder.__path__) if not m.name.startswith("_"))

    def load(self, name: str) -> Any:
        """The agreed attribute of the member called ``name``.

        Raises:
            UnknownNameError: with the closest known name.
        """
        check_name(name, self.names(), kind=self.kind)
        return getattr(importlib.import_module(f"{self.package}.{name}"), self.attribute)

    def describe(self, name: str) -> str:
        """The first line of a member's docstring, read without importing it.

        Raises:
            UnknownNameError: with the closest known name.
        """
        check_name(name, self.names(), kind=self.kind)
        spec = importlib.util.find_spec(f"{self.package}.{name}")
        assert spec is not None and spec.origin is not None, f"{self.kind} {name} has no file"
        text = ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8")))
        return (text or name).splitlines()[0]
