"""LI-RADS categories by CT/MRI LI-RADS v2018, from scanned phases of patients at risk; else why there is none."""

from collections.abc import Mapping
from typing import Any

from ..study.findings import Finding, LiRads, Measured
from ..study.phase import Phase
from ..study.study import AlignedStudy
from .major_features import Major, major_features

VERSION = "CT/MRI LI-RADS v2018"
NOT_ASSESSED = ("tumor in vein", "threshold growth", "ancillary features")
"""What a category here does not know of; a feature that is not known counts as absent."""
BENIGN = ("cyst", "hemangioma", "calcification")
"""Classes that are benign when they are certain (our choice)."""
DEFINITE, PROBABLE = 0.95, 0.80
"""From which probability of these on a lesion is LR-1, or LR-2 (our choice)."""

_ADULT_YEARS = 18
_NEEDED = (Phase.AP, Phase.PVP, Phase.DP)
_SMALL_MM, _LARGE_MM = 10.0, 20.0


def table(*, aphe: bool, size_mm: float, washout: bool, capsule: bool, growth: bool = False) -> str:
    """The category in the diagnostic table (American College of Radiology, CT/MRI LI-RADS v2018, core).

    Args:
        aphe: nonrim arterial phase hyperenhancement.
        size_mm: the longest diameter, from outer edge to outer edge.
        washout: not of the periphery.
        capsule: an enhancing one.
        growth: at least by half in six months or less.
    """
    number = washout + capsule + growth
    if not aphe:
        fewest = 2 if size_mm < _LARGE_MM else 1
        return "LR-4" if number >= fewest else "LR-3"
    if size_mm < _SMALL_MM:
        return "LR-4" if number else "LR-3"
    if size_mm < _LARGE_MM:
        if number == 0:
            return "LR-3"
        return "LR-4" if number == 1 and capsule else "LR-5"
    return "LR-5" if number else "LR-4"


def category(study: AlignedStudy, finding: Finding, liver: Mapping[Phase, Measured]) -> LiRads:
    """The category of one lesion, in the order of LI-RADS: benign, targetoid, table.

    Only where ``why_withheld`` has nothing to say.
    """
    major = major_features(study, finding.lesion_id, finding.hu, liver)
    return LiRads(
        category=_category(major, finding),
        aphe=major.aphe,
        washout=major.washout,
        capsule=major.capsule,
        measured=major.measured,
        not_assessed=(*NOT_ASSESSED, *(("capsule",) if major.capsule is None else ())),
    )


def _category(major: Major, finding: Finding) -> str:
    benign = sum(finding.probabilities.get(name, 0.0) for name in BENIGN)
    if benign >= PROBABLE:
        return "LR-1" if benign >= DEFINITE else "LR-2"
    if major.aphe == "rim" or major.peripheral_washout or major.central_delay:
        return "LR-M"
    return table(
        aphe=major.aphe == "nonrim",
        size_mm=finding.long_axis_mm,
        washout=major.washout,
        capsule=bool(major.capsule),
    )


def why_withheld(study: AlignedStudy) -> tuple[str, ...]:
    """Every reason that holds for this study (LI-RADS v2018: population and technique); empty where none does."""
    return (*_population(study.clinical), *_technique(study))


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
    if clinical.get("treated") is True:
        reasons.append("The liver was treated; LI-RADS has categories of its own for that.")
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
