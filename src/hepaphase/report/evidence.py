"""What the class of each lesion rests on: for programs, and in words."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ..study.findings import Evidence, Finding, Measured, Rule, Sign
from ..study.phase import Phase, Provenance
from . import words
from .signs import ABSENT, PRESENT, SIGNS, UNKNOWN

_ELSEWHERE = ("prediction_set", "lirads", "lirads_withheld")
"""Rules that a page says beside the lesion anyway."""
_DEPENDS = 0.005
"""Changes of a probability below this are not worth a word: it is printed with two decimals."""


def evidence_document(
    lesion: Finding, liver_hu: Mapping[Phase, Measured], provenance: Mapping[Phase, Provenance]
) -> dict[str, Any]:
    """``evidence`` of a lesion of ``findings.json``; empty where none was gathered.

    Args:
        lesion: what was found.
        liver_hu: of the liver outside lesions, per phase.
        provenance: of each phase.
    """
    if (rests := lesion.evidence) is None:
        return {}
    phases = [p for p in Phase if p in provenance and p in liver_hu and p in lesion.hu]
    return {
        "evidence": {
            "read_from": [str(p) for p in rests.read_from],
            "contrast": {
                str(p): {
                    **_contrast(lesion.hu[p], liver_hu[p]),
                    "provenance": str(provenance[p]),
                    "read": p in rests.read_from,
                }
                for p in phases
            },
            "signs": [_sign(sign) for sign in rests.signs],
            "not_looked_for": list(rests.not_looked_for),
            "without": {
                str(p): {"class": max(told, key=lambda key: told[key]), "probabilities": _rounded(told)}
                for p, told in rests.without.items()
            },
            "rules": [{"kind": rule.kind, "name": rule.name, "text": rule.text} for rule in rests.rules],
        }
    }


def _contrast(own: Measured, liver: Measured) -> dict[str, float]:
    """Mean of the lesion less that of the liver; sd of one voxel's HU less another's."""
    return {
        "lesion_minus_liver_hu": round(own.mean_hu - liver.mean_hu, 3),
        "sd_hu": round(float(np.hypot(own.sd_hu, liver.sd_hu)), 3),
    }


def evidence_of(told: Mapping[str, Any] | None) -> Evidence | None:
    """Undo of :func:`evidence_document`, from the value of ``evidence``; HU stand elsewhere."""
    if told is None:
        return None
    return Evidence(
        read_from=_phases(told["read_from"]),
        signs=tuple(
            Sign(
                name=one["name"],
                state=one["state"],
                phases=_phases(one.get("phases", ())),
                measured=one.get("measured", {}),
                why=one.get("because", ""),
            )
            for one in told["signs"]
        ),
        not_looked_for=tuple(told["not_looked_for"]),
        without={Phase(name): one["probabilities"] for name, one in told["without"].items()},
        rules=tuple(Rule(**one) for one in told["rules"]),
    )


def _phases(names: Iterable[str]) -> tuple[Phase, ...]:
    return tuple(Phase(name) for name in names)


def _sign(sign: Sign) -> dict[str, Any]:
    if sign.state == UNKNOWN:
        return {"name": sign.name, "state": sign.state, "because": sign.why}
    return {
        "name": sign.name,
        "state": sign.state,
        "phases": [str(p) for p in sign.phases],
        "measured": {key: round(float(value), 3) for key, value in sign.measured.items()},
    }


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {key: round(float(value), 6) for key, value in values.items()}


def evidence_lines(lesion: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Head and text of each line that a page says of a lesion of ``findings.json``; none where nothing was gathered."""
    told = lesion.get("evidence")
    return [] if told is None else list(_lines(lesion, told))


def _lines(lesion: Mapping[str, Any], told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Read from", _read_from(told)
    for state in (PRESENT, ABSENT):
        signs = [_sign_text(one) for one in told["signs"] if one["state"] == state]
        yield state.capitalize(), words.join(signs) if signs else "none of the signs looked for"
    reasons: dict[str, list[str]] = {}
    for one in told["signs"]:
        if one["state"] == UNKNOWN:
            reasons.setdefault(one["because"], []).append(SIGNS[one["name"]])
    if reasons:
        parts = (f"{words.join(names)}. {why}" for why, names in reasons.items())
        yield "Not assessable", " ".join(part[0].upper() + part[1:] for part in parts)
    yield "Not looked for", words.join(told["not_looked_for"])
    if told["without"]:
        yield "Each phase left out", "; ".join(_without(lesion, phase, one) for phase, one in told["without"].items())
    for kind, head in (("rule", "Rules"), ("doubt", "Doubts")):
        if texts := [rule["text"] for rule in told["rules"] if rule["kind"] == kind and rule["name"] not in _ELSEWHERE]:
            yield head, " ".join(texts)


def _read_from(told: Mapping[str, Any]) -> str:
    contrast = told["contrast"]
    parts = []
    for phase in told["read_from"]:
        if (one := contrast.get(phase)) is None:
            parts.append(phase)
            continue
        kind = words.PROVENANCE_WORDS[Provenance(one["provenance"])]
        beside = f"{one['lesion_minus_liver_hu']:+.0f} ± {one['sd_hu']:.0f}".replace("-", "−")
        parts.append(f"{phase} ({kind}, {beside} HU to the liver)")
    return words.join(parts)


def _sign_text(sign: Mapping[str, Any]) -> str:
    return f"{SIGNS[sign['name']]} ({', '.join(sign['phases'])})"


def _without(lesion: Mapping[str, Any], phase: str, told: Mapping[str, Any]) -> str:
    """How probable the class would be, and which would be more so."""
    name = max(lesion["probabilities"], key=lambda key: lesion["probabilities"][key])
    share, before = told["probabilities"][name], lesion["probabilities"][name]
    text = f"without {phase} {words.class_name(name)} {words.probability(share)}"
    if abs(share - before) < _DEPENDS:
        text += " (the same)"
    if told["class"] != name:
        other = told["probabilities"][told["class"]]
        text += f", behind {words.class_name(told['class'])} {words.probability(other)}"
    return text
