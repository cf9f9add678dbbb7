"""How often a named origin of metastases is right, of the prior that ships and of a reader's own head."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .bundle import Bundle

SCHEMA = "hepaphase-origins/1"
CARD_KEY = "origins"
"""Of a bundle's card: what ``benchmark origins --reader`` found of its head, its temperature among it."""

_SHIPPED = Path(__file__).parent / "shipped" / "origins.json"


def prior_figures() -> Mapping[str, Any]:
    """What ``hepaphase benchmark origin-prior`` wrote; empty where nothing ships."""
    if not _SHIPPED.is_file():
        return {}
    held: dict[str, Any] = json.loads(_SHIPPED.read_text(encoding="utf-8"))
    return held


def head_calibration(reader: Bundle) -> Mapping[str, Any] | None:
    """Temperature and figures of the reader's head of origins; None where it was never calibrated."""
    held = reader.card.get(CARD_KEY)
    return held if isinstance(held, dict) and "temperature" in held else None
