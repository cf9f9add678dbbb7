"""Why a lesion gets no LI-RADS category."""

from collections.abc import Mapping
from typing import Any

from ..study.phase import Phase
from ..study.study import AlignedStudy

_ADULT_YEARS = 18
_NEEDED = (Phase.AP, Phase.PVP, Phase.DP)


def why_withheld(study: AlignedStudy) -> tuple[str, ...]:
    """Every reason that holds for this study (LI-RADS v2018: population and technique), and at last our own.

    A category is never computed: capsule, washout and rim as a radiologist sees them were not validated here.
    """
    return (
        *_population(study.clinical),
        *_technique(study),
        "hepaphase has no validated measure of the major features.",
    )


def _population(clinical: Mapping[str, Any]) -> list[str]:
    reasons = []
    age = clinical.get("age")
    if not isinstance(age, (int, float)):
        reasons.append("The age is not known; LI-RADS is for adults.")
    elif age < _ADULT_YEARS:
        reasons.append("The patient is no adult.")
    risks = [clinical.get(name) for name in ("cirrhosis", "hbv", "hcc")]
    if not any(risk is True for risk in risks):
        known = all(risk is False for risk in risks)
        reasons.append(
            "The patient is not at risk (no cirrhosis, chronic hepatitis B or known HCC)."
            if known
            else "It is not known that the patient is at risk (cirrhosis, chronic hepatitis B or known HCC)."
        )
    return reasons


def _technique(study: AlignedStudy) -> list[str]:
    made = [str(p) for p in _NEEDED if p in study.hu and p not in study.inputs]
    missing = [str(p) for p in _NEEDED if p not in study.hu]
    reasons = []
    if missing:
        reasons.append(f"Phases are missing: {', '.join(missing)}.")
    if made:
        reasons.append(f"Generated phases never set a category: {', '.join(made)}.")
    return reasons
