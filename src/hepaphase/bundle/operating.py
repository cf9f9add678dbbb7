"""Thresholds and prediction sets that were chosen for a reader; made by ``hepaphase benchmark operating``."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .bundle import Bundle

_SHIPPED = Path(__file__).parent / "shipped" / "operating.json"


def operating_points(reader: Bundle) -> Mapping[str, Any] | None:
    """What ships for exactly this reader; None for any other, since thresholds of one mean nothing for another."""
    if not _SHIPPED.is_file():
        return None
    held: dict[str, Any] = json.loads(_SHIPPED.read_text(encoding="utf-8"))
    return held if held["reader"] == reader.fingerprint() else None
