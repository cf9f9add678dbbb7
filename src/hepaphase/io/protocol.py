"""How a study was scanned and injected, as far as its DICOM headers tell."""

from collections.abc import Sequence

from ..study.exam_facts import LIMITS
from .headers import BAD_VALUE, Header

_ELEMENTS = {
    "height_cm": ("PatientSize", 100.0),
    "weight_kg": ("PatientWeight", 1.0),
    "kvp": ("KVP", 1.0),
    "iodine_mg_per_ml": ("ContrastBolusIngredientConcentration", 1.0),
    "contrast_ml": ("ContrastBolusVolume", 1.0),
    "contrast_ml_per_s": ("ContrastFlowRate", 1.0),
}
"""Fact to element, and factor to our unit."""


def protocol(headers: Sequence[Header]) -> dict[str, float]:
    """Size of the patient, tube voltage and injection.

    A fact is left out where no header has it, where its value cannot be (headers hold zeros and other units), or where
    headers disagree (phases at two tube voltages, an injection split in two).
    """
    facts = {}
    for name, (key, factor) in _ELEMENTS.items():
        low, high = LIMITS[name]
        found = {round(value * factor, 3) for header in headers if (value := _first(header, key)) is not None}
        possible = [value for value in found if low <= value <= high]
        if len(possible) == 1:
            facts[name] = possible[0]
    return facts


def _first(header: Header, key: str) -> float | None:
    """The only value of an element; None where there is none, several, or one that is no number."""
    try:
        value = header.data.get(key)
        return None if value is None or value == "" else float(value)
    except BAD_VALUE:
        return None
