"""What is known of patient, injection and tube as numbers that the kinetic network reads."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.errors import InputError
from ..kinetics.tube import kappa_hu_per_mg_ml
from ..study.exam_facts import LIMITS

KNOWN = ("sex", "age", "cirrhosis", *LIMITS)
"""Entries of ``Study.clinical`` that are read; any may be missing."""

_SCALES = {
    "male": (0.0, 1.0),
    "age": (58.0, 14.0),
    "cirrhosis": (0.0, 1.0),
    "height": (math.log(166.0), 0.055),
    "weight": (math.log(69.0), 0.18),
    "voltage": (math.log(115.0), 0.12),
    "tube": (math.log(26.0), 0.17),
    "iodine": (math.log(36.6), 0.24),
    "iodine_per_kg": (math.log(530.0), 0.15),
    "duration": (math.log(30.0), 0.14),
    "iodine_per_s": (math.log(1.22), 0.28),
}
"""Middle and spread of each feature in the simulated exams, so that the network sees numbers near one."""
NUM_FACTS = 1 + 2 * len(_SCALES)
"""Logarithm of the scale, then value and known-flag of each feature."""
_LARGEST = 4.0
_STANDARD_DOSE_MG_PER_KG, _STANDARD_KAPPA = 530.0, 25.3
"""Of the library of circulations, whose scale is 1 (``synthesis.circulations``)."""
_DIAMETER_CM = 30.0


def known_of(clinical: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of ``clinical`` that are read: ``KNOWN``, as far as they are there.

    A sex other than M and F, an age that is no number and a cirrhosis that is not true or false count as unknown.

    Raises:
        InputError: for one of ``LIMITS`` that is no number or cannot be.
    """
    found: dict[str, Any] = {}
    if clinical.get("sex") in ("M", "F"):
        found["sex"] = clinical["sex"]
    age = _number(clinical.get("age"))
    if age is not None and 0 < age < 130:
        found["age"] = age
    if isinstance(clinical.get("cirrhosis"), bool):
        found["cirrhosis"] = clinical["cirrhosis"]
    for name, (low, high) in LIMITS.items():
        value = clinical.get(name)
        if value is None or value == "":
            continue
        number = _number(value)
        if number is None or not low <= number <= high:
            raise InputError(
                f"{name} is '{value}'; it must be a number from {low:g} to {high:g}. Correct it or leave it out."
            )
        found[name] = number
    return found


def parse_known(assignments: Sequence[str]) -> dict[str, Any]:
    """Entries of ``Study.clinical`` from ``NAME=VALUE``.

    Raises:
        InputError: for a name that is not read, or a value that it cannot have.
    """
    found: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, value = (part.strip() for part in assignment.partition("="))
        if name not in KNOWN or not equals:
            raise InputError(f"'{assignment}' was given as known. Give NAME=VALUE, NAME one of {', '.join(KNOWN)}.")
        one = known_of({name: {"yes": True, "no": False}.get(value.lower()) if name == "cirrhosis" else value})
        if not one:
            raise InputError(f"{name} was given as '{value}'. sex is M or F, age in years, cirrhosis yes or no.")
        found |= one
    return found


def fact_numbers(clinical: Mapping[str, Any]) -> npt.NDArray[np.float32]:
    """What the network reads, (NUM_FACTS,).

    First the logarithm of the scale that dose per weight and tube voltage give the library's circulations, a part that
    is not known counting as the library's own; then a value and a flag per feature, both zero where unknown.

    Raises:
        InputError: as :func:`known_of`.
    """
    features = _features(known_of(clinical))
    scale = 0.0
    for name, standard in (("iodine_per_kg", _STANDARD_DOSE_MG_PER_KG), ("tube", _STANDARD_KAPPA)):
        scale += features[name] - math.log(standard) if name in features else 0.0
    values = [
        min(max((features[name] - middle) / spread, -_LARGEST), _LARGEST) if name in features else 0.0
        for name, (middle, spread) in _SCALES.items()
    ]
    return np.array([scale, *values, *(float(name in features) for name in _SCALES)], np.float32)


def recorded_facts(exam: Mapping[str, Any]) -> dict[str, float]:
    """What a scanner room would write down of the record of a simulated exam; nothing for a record of another kind."""
    found: dict[str, float] = {}
    patient, injection = exam.get("patient"), exam.get("injection")
    if isinstance(patient, Mapping):
        found |= {name: float(patient[name]) for name in ("height_cm", "weight_kg") if name in patient}
    if isinstance(injection, Mapping):
        names = {
            "iodine_mg_per_ml": "concentration_mg_per_ml",
            "contrast_ml": "volume_ml",
            "contrast_ml_per_s": "rate_ml_per_s",
        }
        found |= {name: float(injection[own]) for name, own in names.items() if own in injection}
    return found | ({"kvp": float(exam["kvp"])} if "kvp" in exam else {})


def _features(known: Mapping[str, Any]) -> dict[str, float]:
    """Features by name, as far as they can be told."""
    found: dict[str, float] = {}
    if "sex" in known:
        found["male"] = 1.0 if known["sex"] == "M" else -1.0
    if "age" in known:
        found["age"] = known["age"]
    if "cirrhosis" in known:
        found["cirrhosis"] = 1.0 if known["cirrhosis"] else -1.0
    if "height_cm" in known:
        found["height"] = math.log(known["height_cm"])
    if "weight_kg" in known:
        found["weight"] = math.log(known["weight_kg"])
    if "kvp" in known:
        wide = 22 + 0.11 * known["weight_kg"] if "weight_kg" in known else _DIAMETER_CM
        found["voltage"] = math.log(known["kvp"])
        found["tube"] = math.log(kappa_hu_per_mg_ml(known["kvp"], diameter_cm=wide))
    return found | _injected(known)


def _injected(known: Mapping[str, Any]) -> dict[str, float]:
    """Features of the injection."""
    found: dict[str, float] = {}
    if "contrast_ml" in known and "contrast_ml_per_s" in known:
        found["duration"] = math.log(known["contrast_ml"] / known["contrast_ml_per_s"])
    if "iodine_mg_per_ml" in known and "contrast_ml" in known:
        iodine_mg = known["iodine_mg_per_ml"] * known["contrast_ml"]
        found["iodine"] = math.log(iodine_mg / 1000)
        if "weight_kg" in known:
            found["iodine_per_kg"] = math.log(iodine_mg / known["weight_kg"])
    if "iodine_mg_per_ml" in known and "contrast_ml_per_s" in known:
        found["iodine_per_s"] = math.log(known["iodine_mg_per_ml"] * known["contrast_ml_per_s"] / 1000)
    return found


def _number(value: object) -> float | None:
    """A finite number, also when written as text."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
