"""What a model was trained on, how good it is, and what it may be used for."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ..base.errors import BundleError

PERMITTED_USE = "Research use only. Not a medical device; not for diagnosis or treatment of patients."


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured number, never without what it was measured on.

    Raises:
        BundleError: for a figure measured on nothing, or outside its own interval.
    """

    name: str
    value: float
    num_cases: int
    cohort: str
    unit: str = ""
    interval: tuple[float, float] | None = None
    """95 % bootstrap interval by patient; None where it has not been computed."""

    def __post_init__(self) -> None:
        if self.num_cases < 1:
            raise BundleError(f"Figure '{self.name}' was measured on {self.num_cases} cases; leave it out.")
        if self.interval is not None and not self.interval[0] <= self.value <= self.interval[1]:
            raise BundleError(f"Figure '{self.name}' is {self.value}, outside its interval {self.interval}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Model card: plain data that travels inside the bundle."""

    title: str
    summary: str = ""
    training_data: str = ""
    """What the cases are and where they came from, in words."""
    cohort: str = ""
    """Name of the cohort and split."""
    num_cases: int = 0
    num_validation_cases: int = 0
    seed: int = 0
    scale: Mapping[str, Any] = field(default_factory=dict)
    """How much work it was: parameters, steps, batch size, hours, machine."""
    figures: Sequence[Figure] = ()
    permitted_use: str = PERMITTED_USE
    lineage: Sequence[str] = ()
    """Licence of every data set and every earlier model that went in, one line each."""
    scans: str = ""
    """Which scans trained it and the models it started from, by content (``training.scans``); not shown on a page."""
    limits: Sequence[str] = ()
    """Known failures, one line each."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data; the inverse of :meth:`from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Card":
        """From what :meth:`to_dict` gave; fields of a later minor version are left out."""
        known = {key: value for key, value in data.items() if key in cls.__dataclass_fields__}
        known = {key: tuple(value) if isinstance(value, list) else value for key, value in known.items()}
        figures = tuple(_figure(entry) for entry in known.pop("figures", ()))
        return cls(**{"title": "Untitled", **known, "figures": figures})

    def to_markdown(self) -> str:
        """The card as a page."""
        facts = {
            "Training data": self.training_data,
            "Cohort": self.cohort,
            "Cases": f"{self.num_cases} for training, {self.num_validation_cases} for validation",
            "Seed": self.seed,
            **{key.replace("_", " ").capitalize(): value for key, value in self.scale.items()},
            "Permitted use": self.permitted_use,
        }
        parts = [f"# {self.title}", self.summary]
        parts.append("\n".join(f"- **{key}**: {value}" for key, value in facts.items() if value != ""))
        parts.append(_figure_table(self.figures))
        parts.append(_list("Known limits", self.limits))
        parts.append(_list("Licence lineage", self.lineage))
        return "\n\n".join(part for part in parts if part) + "\n"


def _figure(entry: Mapping[str, Any]) -> Figure:
    interval = entry.get("interval")
    return Figure(**{**entry, "interval": None if interval is None else (interval[0], interval[1])})


def _figure_table(figures: Sequence[Figure]) -> str:
    if not figures:
        return ""
    rows = ["## Figures", "", "| figure | value | 95 % interval | n | cohort |", "|---|---|---|---|---|"]
    for figure in figures:
        interval = "not computed" if figure.interval is None else "{:.4g} to {:.4g}".format(*figure.interval)
        value = f"{figure.value:.4g} {figure.unit}".strip()
        rows.append(f"| {figure.name} | {value} | {interval} | {figure.num_cases} | {figure.cohort} |")
    return "\n".join(rows)


def _list(title: str, lines: Sequence[str]) -> str:
    return f"## {title}\n\n" + "\n".join(f"- {line}" for line in lines) if lines else ""
