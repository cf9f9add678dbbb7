"""What is usual of lesions and organs that a reader was made with; made by ``hepaphase benchmark ood``."""

import json
from pathlib import Path
from typing import Any

from .bundle import Bundle

_SHIPPED = Path(__file__).parent / "shipped" / "ood.json"


def familiar_facts(reader: Bundle) -> dict[str, Any] | None:
    """What ships for exactly this reader; None for any other, which was made with other lesions."""
    if not _SHIPPED.is_file():
        return None
    held: dict[str, Any] = json.loads(_SHIPPED.read_text(encoding="utf-8"))
    return held if held["reader"] == reader.fingerprint() else None
