"""What is known of the patient, weighed into the findings, with a word on it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..diagnosis.clinical import known_facts, weigh
from ..study.findings import Findings

NAMES = {
    "sex": "sex",
    "cirrhosis": "cirrhosis",
    "hbv": "hepatitis B",
    "afp": "AFP > 20 ng/ml",
    "ca19_9": "CA 19-9 > 37 U/ml",
    "cea": "CEA > 5 ng/ml",
    "cancer": "known cancer outside the liver",
}


def weigh_findings(findings: Findings, clinical: Mapping[str, Any]) -> tuple[Findings, tuple[str, ...]]:
    """The findings with the classes of their lesions weighed, and a warning that says so; as they were without facts.

    Scores of the patient stay those of the images.
    """
    facts = known_facts(clinical)
    if not facts or not findings.lesions:
        return findings, ()
    lesions = tuple(
        replace(f, probabilities=weigh(f.probabilities, facts), image_probabilities=dict(f.probabilities))
        for f in findings.lesions
    )
    told = ", ".join(f"{NAMES[k]} {v if k == 'sex' else 'yes' if v else 'no'}" for k, v in facts.items())
    text = f"Classes of lesions are weighed with what is known of the patient ({told})"
    changed = [
        f"lesion {new.lesion_id} is {old.lesion_class} ({old.probabilities[old.lesion_class]:.2f})"
        for new, old in zip(lesions, findings.lesions, strict=True)
        if new.lesion_class != old.lesion_class
    ]
    text += f"; from the images alone {', '.join(changed)}." if changed else "; none is named otherwise for it."
    return replace(findings, lesions=lesions), (text,)
