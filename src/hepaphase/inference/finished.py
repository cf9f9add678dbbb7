"""What a finished reading says of itself, for lists of many."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LAST = "run.json"
"""Written last: where it is, the reading is whole."""


def is_finished(folder: Path) -> bool:
    """Whether ``folder`` holds a whole reading."""
    return (folder / LAST).is_file()


def finished(folder: Path) -> dict[str, Any]:
    """Case, phases read, lesions, the largest, probabilities, screening, seconds and peak memory of a reading.

    Raises:
        OSError, ValueError, KeyError, TypeError: when it is not what ``read`` writes.
    """
    found, run = (json.loads((folder / n).read_text(encoding="utf-8")) for n in ("findings.json", LAST))
    peaks = [step["peak_mib"] for step in run["steps"] if step["peak_mib"] is not None]
    return {
        "seconds": f"{sum(step['seconds'] for step in run['steps']):.1f}",
        "peak_mib": max(peaks, default=""),
        **_facts(found),
    }


def _facts(found: Mapping[str, Any]) -> dict[str, Any]:
    patient, lesions = found["patient"], found["lesions"]
    facts: dict[str, Any] = {
        "case": found["case"],
        "read_from": " ".join(patient["read_from"]),
        "num_lesions": len(lesions),
        "malignant": patient["malignant"],
    }
    if lesions:
        largest = max(lesions, key=lambda lesion: lesion["long_axis_mm"])
        facts["largest"] = max(largest["probabilities"], key=largest["probabilities"].__getitem__)
        facts["largest_mm"] = largest["long_axis_mm"]
    decisions = patient.get("screening", {}).get("decisions", [])
    facts["screening"] = "; ".join(f"{d['task']} at {d['specificity']:g}: {d['decision']}" for d in decisions)
    return facts
