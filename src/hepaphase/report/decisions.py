"""Decisions, sets and signs in the words of the page."""

from collections.abc import Mapping
from typing import Any

from ..study.findings import Decision, Finding, Findings
from . import words

_SIGNS = {
    "absolute_washout_percent": "Absolute washout",
    "relative_washout_percent": "Relative washout",
    "pvp_liver_to_lesion_percent": "Liver to lesion, PVP",
    "dp_liver_to_lesion_percent": "Liver to lesion, DP",
    "course": "Course from PVP to DP, against the liver",
}
"""Those that the table of attenuation does not show already."""


def screening_context(findings: Findings) -> dict[str, Any] | None:
    """The table of screening, or why there is none; None where the question was not asked."""
    if findings.abstained:
        return {"abstained": list(findings.abstained), "rows": [], "note": "", "headline": ""}
    if findings.screening is None:
        return None
    asked = findings.screening
    has_test = any("test" in one.basis for one in asked.decisions)
    tested = f"; sensitivity and specificity measured on {_cohort(asked.test)}" if has_test else ""
    return {
        "abstained": [],
        "rows": [_row(one) for one in asked.decisions],
        "headline": headline(findings),
        "note": f"Thresholds chosen on {_cohort(asked.validation)}, for these phases and this reader{tested}. "
        f"They were not checked on real patients.{_although(findings)}",
    }


def headline(findings: Findings) -> str:
    """One line: what the screening says at the lower of its specificities, or that it says nothing."""
    if findings.abstained:
        return f"no decision: {findings.abstained[0]}"
    if findings.screening is None:
        return ""
    least = min(one.specificity for one in findings.screening.decisions)
    told = [f"{one.task} {_word(one)}" for one in findings.screening.decisions if one.specificity == least]
    return f"{', '.join(told)} (at the threshold for specificity {least:g})"


def set_text(finding: Finding) -> str:
    """Names of the classes in the set; empty where there is none."""
    return (
        words.join([words.class_name(key).lower() for key in finding.prediction_set]) if finding.prediction_set else ""
    )


def set_note(basis: Mapping[str, Any]) -> str:
    """What the sets promise and what was measured; empty where there are none."""
    if not basis:
        return ""
    text = (
        f"A set is made to hold the true class of {100 * basis['level']:.0f} % of lesions "
        f"(calibrated on {basis['num_lesions']} simulated ones that were found)"
    )
    if test := basis.get("test"):
        low, high = test["interval"]
        text += (
            f"; measured on {test['num_lesions']} others: {test['coverage']:.2f} [{low:.2f}, {high:.2f}], "
            f"{test['mean_size']:.1f} classes on average"
        )
    return (
        f"{text}. It comes from the images alone, and supposes that it is a lesion, and images like the simulated ones."
    )


def signs(finding: Finding) -> list[tuple[str, str]]:
    """Label and value of the signs of enhancement that are known."""
    return [(label, _sign(finding.features[key])) for key, label in _SIGNS.items() if key in finding.features]


def _although(findings: Findings) -> str:
    """Why lesions stand in the list of a patient who is called negative; empty where that is not so."""
    called = findings.screening is not None and any(
        d.positive for d in findings.screening.decisions if d.task == "any lesion"
    )
    if called or not findings.lesions:
        return ""
    return " Lesions are listed all the same: the cut-off of the list is lower than that of screening."


def _row(one: Decision) -> dict[str, Any]:
    test = one.basis.get("test", {})
    return {
        "task": one.task[0].upper() + one.task[1:],
        "specificity": f"{one.specificity:g}",
        "word": _word(one),
        "score": words.probability(one.score),
        "threshold": f"{one.threshold:.3f}",
        "negatives": f"{one.basis.get('num_negative', '')}",
        "sensitivity": f"{test['sensitivity']:.2f} of {test['num_positive']}" if test else "not measured",
        "measured": f"{test['specificity']:.2f} of {test['num_negative']}" if test else "not measured",
    }


def _word(one: Decision) -> str:
    return "positive" if one.positive else "negative"


def _sign(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.0f} %".replace("-", "−")


def _cohort(name: str) -> str:
    simulated = all(part.strip().startswith(("main-", "sim-")) for part in name.split(","))
    return f"{name} (simulated patients)" if simulated else name
