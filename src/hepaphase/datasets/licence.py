"""Under which licence a cohort comes, as one line that follows every model trained on it."""

import re
from pathlib import Path

from .protocol import Adapter

NOT_STATED = "licence not stated"
FILES = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "LICENCE.txt", "LICENCE.md")
"""Looked for beside the cases; the first that is there counts more than what is known of the source."""
_NOT_FOR_SALE = re.compile(r"\bNC\b|non-?\s?commercial", re.IGNORECASE)
_LENGTH = 4000
"""Characters of a licence that are looked at."""


def licence_line(adapter: Adapter, root: Path) -> str:
    """``NAME: LICENCE``, from a licence file in ``root``, else from the adapter: what the source declares."""
    source = getattr(adapter, "source", root.resolve().name)
    for name in FILES:
        if (root / name).is_file():
            text = (root / name).read_text(encoding="utf-8", errors="replace")[:_LENGTH].strip()
            title = next(iter(text.splitlines()), "") or NOT_STATED
            return f"{source}: {title}" + (", non-commercial" if forbids_sale(text) and not forbids_sale(title) else "")
    return f"{source}: {getattr(adapter, 'licence', '') or NOT_STATED}"


def forbids_sale(line: str) -> bool:
    """Whether a licence allows no commercial use, by its words."""
    return _NOT_FOR_SALE.search(line) is not None


def is_open(line: str) -> bool:
    """Whether a line states a licence that does not forbid commercial use."""
    return NOT_STATED not in line and not forbids_sale(line)
