"""Where a lesion comes from, were it a metastasis: for programs, and in words that promise no more than is known."""

from collections.abc import Mapping
from typing import Any

from ..study.findings import Findings, MetastasisOrigin
from . import words

SHOWN = 2
"""Origins that are named at once; the others are folded away."""

_NAMES = {"net": "neuroendocrine tumor", "other": "another primary"}
_FROM = {
    "prior": "Not read from the picture: how common primaries are among patients with liver metastases",
    "reader": "Read from the picture by the reader's own head, calibrated",
}


def name_of(origin: str) -> str:
    """The printed name of an origin."""
    return _NAMES.get(origin, origin)


def origin_document(origin: MetastasisOrigin | None) -> dict[str, Any]:
    """``origin`` of a lesion of ``findings.json``; empty where it is not told."""
    if origin is None:
        return {}
    return {
        "origin": {
            "source": origin.source,
            "probabilities": {key: round(float(value), 6) for key, value in origin.probabilities.items()},
            "most_probable": list(origin.ranked()[:SHOWN]),
            "weighed": dict(origin.weighed),
            **({"right_in_simulated": dict(origin.right)} if origin.right else {}),
        }
    }


def origin_of(told: Mapping[str, Any] | None) -> MetastasisOrigin | None:
    """Undo of :func:`origin_document`, from the value of ``origin``."""
    if told is None:
        return None
    return MetastasisOrigin(
        probabilities=told["probabilities"],
        source=told["source"],
        weighed=told["weighed"],
        right=told.get("right_in_simulated", {}),
    )


def origin_head(lesion: Mapping[str, Any]) -> str:
    """``Origin`` of what is called a metastasis, ``Origin, were it a metastasis`` of another; a prior is called one."""
    shares = lesion["probabilities"]
    head = "Origin" if max(shares, key=lambda key: shares[key]) == "metastasis" else "Origin, were it a metastasis"
    return f"{head} (prior)" if lesion["origin"]["source"] == "prior" else head


def origin_text(lesion: Mapping[str, Any]) -> str:
    """The most probable origins of a lesion of ``findings.json``: ``colorectal 0.57, pancreas 0.11``; empty without."""
    if (told := lesion.get("origin")) is None:
        return ""
    return ", ".join(f"{name_of(o)} {words.probability(told['probabilities'][o])}" for o in told["most_probable"])


def origin_bars(lesion: Mapping[str, Any]) -> list[words.Bar]:
    """All origins of a lesion of ``findings.json``, the most probable first."""
    told = lesion.get("origin", {"probabilities": {}})
    ranked = sorted(told["probabilities"].items(), key=lambda item: -item[1])
    return [words.Bar(o, name_of(o), True, round(100 * p, 2), words.probability(p)) for o, p in ranked]


def origin_note(lesion: Mapping[str, Any]) -> str:
    """What the origins rest on and how often the first is right; empty without."""
    if (told := lesion.get("origin")) is None:
        return ""
    facts = [_fact(key, value) for key, value in told["weighed"].items()]
    text = _FROM[told["source"]] + (f", weighed with {words.join(facts)}." if facts else ".")
    if right := told.get("right_in_simulated"):
        first = right["top_1"]
        text += (
            f" In simulated patients the first named is right in {first['value']:.2f} [{first['low']:.2f}, "
            f"{first['high']:.2f}] ({right['cohort']}, {right['num_patients']} with metastases"
            f"{', of whom no primary was known' if 'primary' in told['weighed'] else ''})."
        )
    return text


def _fact(key: str, value: Any) -> str:
    if key == "cea":
        return f"CEA {'above' if value else 'not above'} 5 ng/ml"
    return f"a known primary ({name_of(value)})"


def origins_line(findings: Findings) -> str:
    """For the terminal: the most probable origins, once for all lesions that may be metastases; empty without."""
    told = [f for f in findings.lesions if f.origin is not None]
    if not told or told[0].origin is None:
        return ""
    origin = told[0].origin
    named = " or ".join(f"{name_of(o)} ({words.probability(origin.probabilities[o])})" for o in origin.ranked()[:SHOWN])
    seen = "by the reader's head" if origin.source == "reader" else "by how common primaries are, not from the picture"
    which = words.join([str(f.lesion_id) for f in told])
    return f"Origin of lesion {which}, where a metastasis, {seen}: {named}."
