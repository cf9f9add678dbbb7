"""Segments, LI-RADS categories and how unlike a study is, in the words of the page."""

from collections.abc import Mapping
from typing import Any

from ..study.findings import Finding
from . import words

SURE = 0.7
"""Below this confidence the segment that comes next is named too (our choice)."""


def place(finding: Finding) -> str:
    """For the terminal: `` in segment 8``; empty where it is not said."""
    return f" in segment {finding.segment.number}" if finding.segment is not None else ""


def place_text(lesion: Mapping[str, Any]) -> str:
    """Where a lesion of ``findings.json`` lies: ``segment 8 (0.93)``; empty where it is not said."""
    told = lesion.get("segment")
    if told is None or told["withheld"]:
        return ""
    likely = words.probability(told["confidence"])
    others = [number for number in told["shares"] if int(number) != told["number"]]
    if told["confidence"] < SURE and others:
        return f"segment {told['number']} or {others[0]} ({likely})"
    return f"segment {told['number']} ({likely})"


def place_note(lesion: Mapping[str, Any]) -> str:
    """What is uncertain about the place, or why it is not said; empty where nothing was asked."""
    told = lesion.get("segment")
    if told is None:
        return ""
    if told["withheld"]:
        return "Segment withheld. " + " ".join(told["because"])
    shares = words.join([f"{100 * share:.0f} % in {number}" for number, share in told["shares"].items()])
    return (
        f"Couinaud's segment, estimated: of the volume {shares}; the nearest border ({told['nearest_border']}) is "
        f"{told['to_border_mm']:.0f} mm from the middle of the lesion and known to {told['border_sd_mm']:.0f} mm (sd)."
    )


def category_text(lesion: Mapping[str, Any]) -> str:
    """The LI-RADS category of a lesion of ``findings.json`` and what it rests on; empty where there is none."""
    told = lesion.get("lirads")
    if told is None or told["withheld"]:
        return ""
    signs = [
        {"nonrim": "nonrim arterial hyperenhancement", "rim": "rim arterial hyperenhancement"}.get(
            told["aphe"], "no arterial hyperenhancement"
        ),
        "washout" if told["washout"] else "no washout",
        *(["capsule" if told["capsule"] else "no capsule"] if "capsule" in told else []),
    ]
    return (
        f"{told['category']} ({told['version']}) by measures: {', '.join(signs)}, {lesion['long_axis_mm']:.0f} mm; "
        f"not assessed: {', '.join(told['not_assessed'])}. No radiologist gave it."
    )


def unlike_text(lesion: Mapping[str, Any]) -> str:
    """How unlike a lesion of ``findings.json`` is; empty where there is no score."""
    if "ood_score" not in lesion:
        return ""
    share = f"{lesion['ood_score']:.0%}"
    return f"Measures more unlike those learned from than {share} of lesions found in simulated patients."


def scan_text(findings: Mapping[str, Any]) -> str:
    """The same of the scan of ``findings.json``."""
    if (told := findings.get("ood")) is None:
        return ""
    odd, (low, high) = told["oddest"], told["oddest"]["usual"]
    what, phase = odd["measure"].rsplit("_", 1)
    return (
        f"Organs of this scan are more unlike those learned from than in {told['scan_score']:.0%} of "
        f"{told['num_patients']} simulated patients ({what} in {phase}: {odd['value']:.0f} HU, "
        f"usual {low:.0f} to {high:.0f}). From {told['bound']:.0%} on no decision is given."
    )
