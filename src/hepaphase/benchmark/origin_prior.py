"""How often the origin that is named without a picture is right, in simulated patients drawn and not scanned."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from ..base.atomic import write_json, write_text
from ..base.errors import InputError
from ..bundle.origins import SCHEMA
from ..diagnosis.primaries import mixture, weigh_origins
from ..evaluation.agreement import top_accuracy
from ..evaluation.bootstrap import Bootstrap, interval
from ..phantom.cohorts import named_cohort
from ..phantom.kinds import draw_kind
from ..phantom.population import draw_person
from ..study.lesions import METASTASIS_ORIGINS

Values = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
COLUMNS = ("how common primaries are", "and CEA")


@dataclass(frozen=True, slots=True)
class PriorShares:
    """What is said of the patients with metastases, and the truth."""

    truth: Integers
    """(N,) index in ``METASTASIS_ORIGINS``."""
    columns: dict[str, Values]
    """Of ``COLUMNS``, probabilities (N, R)."""


def run(cohort: str) -> PriorShares:
    """The patients of a named cohort who have metastases.

    Raises:
        UnknownNameError: for a cohort that does not exist.
        ConfigError: for one without a fixed number of patients.
        InputError: when nobody has metastases.
    """
    named = named_cohort(cohort)
    people = ((seed, draw_person(seed, named.population)) for seed in named.seeds())
    own = [(seed, person) for seed, person in people if "metastasis" in person.classes]
    if not own:
        raise InputError(f"No patient of {cohort} has metastases.")
    names = [draw_kind(seed, "metastasis", cirrhosis=person.cirrhosis).name for seed, person in own]
    told = [dict(person.clinical) for _, person in own]
    shares = {COLUMNS[0]: [mixture()] * len(own), COLUMNS[1]: [weigh_origins(mixture(), facts) for facts in told]}
    return PriorShares(
        np.array([METASTASIS_ORIGINS.index(name) for name in names], np.int64),
        {key: np.array([[row[o] for o in METASTASIS_ORIGINS] for row in rows]) for key, rows in shares.items()},
    )


def right_of(truth: Integers, shares: Values) -> dict[str, Any]:
    """``num_patients``, and how often the first and one of the first two are right, each with Wilson's interval."""
    found: dict[str, Any] = {"num_patients": len(truth)}
    for count in (1, 2):
        right = round(top_accuracy(truth, shares, count=count) * len(truth))
        about = binomtest(right, len(truth)).proportion_ci(method="wilson")
        values = {"value": right / len(truth), "low": about.low, "high": about.high}
        found[f"top_{count}"] = {key: round(float(value), 4) for key, value in values.items()}
    return found


def write(found: PriorShares, cohort: str, out: Path, config: Bootstrap | None = None) -> str:
    """Write ``origins.json`` and ``table.md`` below ``out``; return the table."""
    facts = {"schema": SCHEMA, "research_use_only": True, "cohort": cohort}
    write_json(out / "origins.json", {**facts, **right_of(found.truth, found.columns[COLUMNS[1]])})
    text = table(found, cohort, config)
    write_text(out / "table.md", text)
    return text


def table(found: PriorShares, cohort: str, config: Bootstrap | None = None) -> str:
    """Top-1, top-2 (Wilson) and negative log-probability (patients resampled), in Markdown."""
    rows: dict[str, list[str]] = {"top-1": [], "top-2": [], "negative log-probability": []}
    for shares in found.columns.values():
        right = right_of(found.truth, shares)
        for count in (1, 2):
            one = right[f"top_{count}"]
            rows[f"top-{count}"].append(_cell(one["value"], one["low"], one["high"]))
        own = -np.log(shares[np.arange(len(found.truth)), found.truth])
        loss = interval(lambda i, own=own: float(own[i].mean()), np.zeros(len(own)), config)  # type: ignore[misc]
        rows["negative log-probability"].append(_cell(loss.value, loss.low, loss.high))
    head = [f"{cohort}, patients with metastases, not scanned: {len(found.truth)}", ""]
    head += [f"| | {' | '.join(found.columns)} |", "|---|" + "---|" * len(found.columns)]
    return "\n".join([*head, *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items())]) + "\n"


def _cell(value: float, low: float, high: float) -> str:
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"
