"""All twelve measures of one exam, beside what true simulated patients show."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from ...study.phase import Phase
from . import fits, organs, places, signs, texture, vessels
from .exam import LIVER_VESSELS, PhysicsExam
from .item import Item, Measure

MEASURES: Mapping[str, Measure] = {
    "M1": signs.non_negative,
    "M2": vessels.aorta,
    "M3": vessels.portal_vein,
    "M4": organs.liver,
    "M5": organs.spleen_and_kidneys,
    "M6": signs.in_order,
    "M7": organs.mass,
    "M8": fits.explained,
    "M9": fits.one_circulation,
    "M10": places.hallucinations,
    "M11": texture.noise,
    "M12": fits.reversible,
}
"""In the order of the notes."""
SCORED = tuple(name for name in MEASURES if name != "M12")
"""Measures that the score counts."""
BESIDE = ("M10", "M11")
"""Measures that hold a phase against those that were scanned."""
QUANTILES = (0.01, 0.025, 0.5, 0.975, 0.99)
STATES = ("pass", "flag", "fail", "not measured")


@dataclass(frozen=True, slots=True)
class Band:
    """What true simulated patients show of one item."""

    quantiles: tuple[float, float, float, float, float]
    """At ``QUANTILES``."""
    num_patients: int

    def holds(self, value: float) -> bool:
        """Whether a value lies between 1 and 99 %."""
        return self.quantiles[0] <= value <= self.quantiles[-1]


@dataclass(frozen=True, slots=True)
class Card:
    """The measures of one exam."""

    case: str
    items: tuple[Item, ...]
    bands: Mapping[str, Band]
    """By the key of the item."""
    generated: tuple[str, ...] = ()
    """Phases that a model made."""
    compared: str = ""
    """What of true patients the bands are, where it is not all phases scanned and all vessels known."""

    def state(self, item: Item) -> str:
        """``pass`` inside the range of the notes; else ``fail`` where true patients are not either (their 1 to 99 %).

        What lies outside the range and inside the band is a ``flag``: so do true phases.
        """
        if math.isnan(item.value):
            return "not measured"
        if item.inside:
            return "pass"
        band = self.bands.get(item.key)
        return "fail" if band is not None and not _within(item, band) else "flag"

    def score(self) -> float:
        """Share of the measures M1 to M11 that could be taken with no item failed; NaN when none could be."""
        taken = [self._states(name) for name in SCORED]
        told = [states for states in taken if states]
        return float(np.mean(["fail" not in states for states in told])) if told else math.nan

    def outside_band(self) -> tuple[Item, ...]:
        """Items that true patients do not show: outside their 1 to 99 %, a deviation only where it is above."""
        return tuple(i for i in self.items if (band := self.bands.get(i.key)) is not None and not _within(i, band))

    def worst(self) -> Item | None:
        """The failed item farthest outside the band, in widths of the band; None when none failed."""
        failed = [item for item in self.items if self.state(item) == "fail"]
        return max(failed, key=self._distance, default=None)

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data; what was not measured is null."""
        worst = self.worst()
        return {
            "schema": "hepaphase-physics/1",
            "case": self.case,
            "generated": list(self.generated),
            "compared": self.compared,
            "score": None if math.isnan(self.score()) else self.score(),
            "worst": None if worst is None else worst.key,
            "outside_band": [item.key for item in self.outside_band()],
            "items": [self._row(item) for item in self.items],
        }

    def to_markdown(self) -> str:
        """A table: a line per item."""
        lines = ["| measure | item | value | range | true patients, 1 to 99 % | verdict |", "|---|---|---|---|---|---|"]
        for item in self.items:
            band = self.bands.get(item.key)
            shown = "" if band is None else _shown(item, band)
            value = item.missing if math.isnan(item.value) else f"{item.value:.3g} {item.unit}".strip()
            state = self.state(item)
            lines.append(f"| {item.measure} | {item.name} | {value} | {_range(item)} | {shown} | {state} |")
        worst = self.worst()
        told = "none failed" if worst is None else f"worst: {worst.key}"
        number = sum(bool(self._states(name)) for name in SCORED)
        score = "could not be taken" if math.isnan(self.score()) else f"{self.score():.2f}"
        made = f"\n\nGenerated, not scanned: {', '.join(self.generated)}." if self.generated else ""
        beside = f"True patients: {self.compared}.\n" if self.compared else ""
        outside = ", ".join(item.key for item in self.outside_band()) or "none"
        return (
            "\n".join(lines)
            + f"{made}\n\nShare of measures passed (of {number} taken, M1 to M11): {score}; {told}.\n"
            + f"Outside the 1 to 99 % of true patients: {outside}.\n{beside}"
        )

    def _states(self, measure: str) -> set[str]:
        states = {self.state(item) for item in self.items if item.measure == measure}
        return states - {"not measured"}

    def _distance(self, item: Item) -> float:
        q = self.bands[item.key].quantiles
        return max(q[0] - item.value, item.value - q[-1]) / max(q[-1] - q[0], 1e-6)

    def _row(self, item: Item) -> dict[str, Any]:
        band = self.bands.get(item.key)
        limits = [None if math.isinf(v) else v for v in (item.low, item.high)]
        return {
            "measure": item.measure,
            "name": item.name,
            "value": None if math.isnan(item.value) else item.value,
            "unit": item.unit,
            "range": limits,
            "band": None if band is None else dict(zip(map(str, QUANTILES), band.quantiles, strict=True)),
            "state": self.state(item),
            "missing": item.missing,
        }


def check(exam: PhysicsExam, *, bands: Mapping[str, Band] | None = None) -> Card:
    """Take all twelve measures; ``bands`` are those that ship for such an exam (:func:`bands_for`) unless given."""
    items = tuple(item for measure in MEASURES.values() for item in measure(exam))
    if bands is not None:
        return Card(exam.case, items, bands)
    found, compared = bands_for(exam)
    return Card(exam.case, items, found, compared=compared)


def bands_for(exam: PhysicsExam) -> tuple[Mapping[str, Band], str]:
    """The bands that ship for such an exam, and what they are of.

    In an exam completed from one scanned phase M10 and M11 hold everything against that one phase, and where vessels of
    the liver are not known they count as regions and as noise. So do those of true phases, measured in the same way.
    """
    scanned = [p for p in exam.hu if p not in exam.synthetic]
    known = exam.regions.keys() & set(LIVER_VESSELS)
    if len(scanned) == 1 and exam.synthetic and not known and scanned[0] in (like := _shipped().completed):
        told = f"{' and '.join(BESIDE)} without vessels of the liver, held against {scanned[0]} as if made from it"
        return {**shipped_bands(), **like[scanned[0]]}, told
    return shipped_bands(), ""


def make_bands(cards: Sequence[Card]) -> dict[str, Band]:
    """Quantiles over exams of every item."""
    values: dict[str, list[float]] = {}
    for item in (item for card in cards for item in card.items if not math.isnan(item.value)):
        values.setdefault(item.key, []).append(item.value)
    return {key: Band(_five(np.quantile(found, QUANTILES).tolist()), len(found)) for key, found in values.items()}


@dataclass(frozen=True, slots=True)
class _Shipped:
    scanned: Mapping[str, Band]
    completed: Mapping[Phase, Mapping[str, Band]]
    """By the one phase that counts as scanned; vessels of the liver not known."""


def shipped_bands() -> Mapping[str, Band]:
    """Of patients with every phase scanned and every vessel known, named in ``bands.json`` beside this file."""
    return _shipped().scanned


@lru_cache(maxsize=1)
def _shipped() -> _Shipped:
    content = json.loads((files(__package__) / "bands.json").read_text(encoding="utf-8"))
    return _Shipped(
        _read(content["bands"]), {Phase(name): _read(rows) for name, rows in content.get("completed", {}).items()}
    )


def _read(rows: Mapping[str, Any]) -> dict[str, Band]:
    return {key: Band(_five(row["quantiles"]), row["n"]) for key, row in rows.items()}


def _five(values: Sequence[float]) -> tuple[float, float, float, float, float]:
    a, b, c, d, e = (float(v) for v in values)
    return a, b, c, d, e


def _within(item: Item, band: Band) -> bool:
    return math.isnan(item.value) or band.holds(max(item.value, band.quantiles[0]) if item.is_deviation else item.value)


def _shown(item: Item, band: Band) -> str:
    low, high = band.quantiles[0], band.quantiles[-1]
    return f"up to {high:.3g}" if item.is_deviation else f"{low:.3g} to {high:.3g}"


def _range(item: Item) -> str:
    if math.isinf(item.low) and math.isinf(item.high):
        return ""
    if math.isinf(item.high):
        return f"{item.low:g} or more"
    return f"{item.low:g} to {item.high:g}"
