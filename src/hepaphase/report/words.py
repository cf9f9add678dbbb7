"""Numbers and names in the words of the report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..study.lesions import LESION_CLASSES
from ..study.phase import Phase, Provenance

PROVENANCE_WORDS = {
    Provenance.MEASURED: "measured",
    Provenance.SIMULATED: "simulated",
    Provenance.SYNTHETIC: "generated",
}
"""What a reader is told; a synthetic phase is called generated throughout."""

PROVENANCE_NOTES = {
    Provenance.MEASURED: "a scanner made it",
    Provenance.SIMULATED: "a simulated scan, counts as input",
    Provenance.SYNTHETIC: "no scan exists",
}


RECOGNISED_WORDS = {"name": "name of the file", "flag": "said by the user", "measured": "its HU", "generated": "–"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One probability as a bar."""

    key: str
    name: str
    malignant: bool
    percent: float
    text: str


def probability(value: float) -> str:
    """Two decimals; never a bare 0 or 1."""
    if value < 0.01:
        return "< 0.01"
    return "> 0.99" if value > 0.99 else f"{value:.2f}"


def class_name(key: str) -> str:
    """The printed name of a lesion class; its key where the table does not have it."""
    return LESION_CLASSES[key].name if key in LESION_CLASSES else key


def is_malignant(key: str) -> bool:
    """Whether the table calls a class malignant."""
    return key in LESION_CLASSES and LESION_CLASSES[key].malignant


def bars(probabilities: Mapping[str, float]) -> list[Bar]:
    """Highest first; ties in the order given."""
    ranked = sorted(probabilities.items(), key=lambda item: -item[1])
    return [
        Bar(key, class_name(key), is_malignant(key), round(100 * min(max(value, 0.0), 1.0), 2), probability(value))
        for key, value in ranked
    ]


def count_lesions(number: int) -> str:
    """``No focal liver lesion``, ``1 focal liver lesion``, ``2 focal liver lesions``."""
    return {0: "No focal liver lesion", 1: "1 focal liver lesion"}.get(number, f"{number} focal liver lesions")


def join(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def read_from(phases: Sequence[Phase], provenance: Mapping[Phase, Provenance]) -> str:
    """Which phases the reading used and what they are: ``measured NC and PVP, and generated AP and DP``."""
    groups = []
    for kind, word in PROVENANCE_WORDS.items():
        if of_kind := [str(p) for p in phases if provenance[p] is kind]:
            groups.append(f"{word} {join(of_kind)}")
    return groups[0] if len(groups) == 1 else ", ".join(groups[:-1]) + ", and " + groups[-1]
