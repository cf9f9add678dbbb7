"""Rows of the benchmark of generators, kept on disk as they are made: a run that was stopped goes on."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..base.atomic import write_json
from ..study.phase import Phase
from .synthesis_row import SynthesisRow

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """Where rows are kept, and what they must have been made with to be taken for these."""

    folder: Path
    made_with: Mapping[str, str]
    """By generator: of its own weights and the release; its rows of others are made anew."""

    def read(self, name: str, generator: str, how: Sequence[Any]) -> list[SynthesisRow] | None:
        """What was kept as ``name`` and made in the same way; None where nothing was, or what cannot be read."""
        try:
            content = json.loads(self._file(name).read_text(encoding="utf-8"))
            if content["key"] != self._key(generator, how):
                return None
            return [_row(one) for one in content["rows"]]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def write(self, name: str, generator: str, how: Sequence[Any], rows: Sequence[SynthesisRow]) -> None:
        """Keep rows, whole or not at all; pictures are left out."""
        write_json(self._file(name), {"key": self._key(generator, how), "rows": [_content(row) for row in rows]})

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _key(self, generator: str, how: Sequence[Any]) -> str:
        content = json.dumps([SCHEMA, self.made_with[generator], *how], default=asdict)
        return hashlib.sha256(content.encode()).hexdigest()


def _content(row: SynthesisRow) -> dict[str, Any]:
    return {
        "case": row.case,
        "generator": row.generator,
        "inputs": row.inputs,
        "target": str(row.target),
        "figures": {name: float(value) for name, value in row.figures.items()},
        "seconds": row.seconds,
        "spread": {name: [float(f"{v:.5g}") for v in np.asarray(values)] for name, values in row.spread.items()},
    }


def _row(content: dict[str, Any]) -> SynthesisRow:
    return SynthesisRow(
        case=content["case"],
        generator=content["generator"],
        inputs=content["inputs"],
        target=Phase(content["target"]),
        figures=content["figures"],
        seconds=content["seconds"],
        spread={name: np.asarray(values) for name, values in content["spread"].items()},
    )
