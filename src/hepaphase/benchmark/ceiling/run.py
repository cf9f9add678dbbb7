"""Everything about one cohort: measured, drawn, observed, written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np

from ...base.atomic import atomic_path, write_text
from ...base.extras import need
from ...evaluation.bootstrap import Bootstrap
from ...evaluation.rows import write_rows
from ...phantom.population import Population
from ...study.lesions import LESION_CLASSES
from .bracket import Observed, auc_figures, observe_all
from .draws import FIRST_SEED, WITH_LESION, Draws, draw_many
from .erased import erased_figures, erased_table, seen_in
from .error import error_figures
from .figures import Figure, Key, bracket_text, brackets, write_figures
from .measure import measured

_SUMMARY = (("patient", "AUC-8"), ("patient", "malignant AUC"), ("lesion", "AUC-8"), ("lesion", "malignant AUC"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """What the observers learn from and how intervals are made."""

    train: Path
    """Prepared training patients."""
    num_draws: int = 8000
    """Patients drawn besides, for the upper end of the AUC and the lower end of the error."""
    population: Population = WITH_LESION
    """Of those drawn."""
    bootstrap: Bootstrap = field(default_factory=Bootstrap)
    only_erased: bool = False
    """Only ``erased.csv``, in a minute."""


def run(prepared: Path, out: Path, ceiling: Ceiling, *, cohort: str = "", quiet: bool = False) -> str:
    """Write ``ceiling.csv``, ``erased.csv``, ``table.md`` and what the observers said (``rows``); return the table.

    What was measured and drawn is kept in ``out/cache`` and taken from there next time.

    Raises:
        InputError: for a cohort without noise-free phases and masks.
        MissingExtraError: without scikit-learn.
    """
    need("sklearn", extra="benchmark")
    test = measured(prepared, out / "cache" / "test.npz", quiet=quiet)
    train = measured(ceiling.train, out / "cache" / "train.npz", quiet=quiet)
    facts = {
        "cohort": cohort or prepared.resolve().name,
        "train": f"{ceiling.train.resolve().name}, {len(train.case)} patients",
        "draws": str(ceiling.num_draws),
    }
    seen = seen_in(ceiling.train, quiet=quiet), seen_in(prepared, quiet=quiet)
    erased = erased_figures(train, test, seen, ceiling.bootstrap, quiet=quiet)
    write_figures(out / "erased.csv", erased, {**facts, "draws": "0"})
    if ceiling.only_erased:
        return erased_table(erased)
    draws = drawn(ceiling.num_draws, out / "cache" / "draws.npz", population=ceiling.population, quiet=quiet)
    observed = observe_all(train, test, draws, quiet=quiet)
    figures = auc_figures(observed, ceiling.bootstrap)
    figures += error_figures(train, test, draws, ceiling.bootstrap, quiet=quiet)
    write_figures(out / "ceiling.csv", figures, facts)
    write_observers(out / "rows", observed, facts)
    text = f"{table(figures)}\n{erased_table(erased)}"
    write_text(out / "table.md", text)
    return text


def write_observers(folder: Path, observed: Sequence[Observed], facts: Mapping[str, str]) -> None:
    """``END-PHASES.csv`` for each observer, patient by patient, to be paired with a reader's rows."""
    for one in observed:
        write_rows(folder / f"{one.name}.csv", one.rows, {"row": one.name, **facts})


def drawn(num: int, cache: Path, *, population: Population = WITH_LESION, quiet: bool = False) -> Draws:
    """Drawn patients, from ``cache`` when it holds as many of the same population."""
    key = f"1 {num} {FIRST_SEED}" + ("" if population == WITH_LESION else f" {population}")
    if cache.is_file():
        with np.load(cache, allow_pickle=False) as file:
            if str(file["key"]) == key:
                return Draws(**{f.name: file[f.name] for f in fields(Draws)})
    found = draw_many(num, population=population, quiet=quiet)
    with atomic_path(cache) as partial, partial.open("wb") as file:
        np.savez_compressed(file, key=np.array(key), **{f.name: getattr(found, f.name) for f in fields(Draws)})
    return found


def table(figures: Sequence[Figure]) -> str:
    """Markdown: AUC over all, by class, and errors."""
    parts = [_summary(figures), _by_class(figures), _errors(figures)]
    return "\n".join(parts)


def _summary(figures: Sequence[Figure]) -> str:
    title = " | ".join(f"{level}s, {name}" for level, name in _SUMMARY)
    lines = [f"| given | clinical data | {title} |", "|---" * (len(_SUMMARY) + 2) + "|"]
    ends = {(*_key(f), f.end): f for f in figures if f.quantity == "AUC"}
    for inputs, clinical in dict.fromkeys((f.inputs, f.clinical) for f in figures if f.quantity == "AUC"):
        cells = []
        for level, name in _SUMMARY:
            low, high = (ends["AUC", level, inputs, clinical, name, end] for end in ("lower", "upper"))
            cells.append(f"{_with_interval(low)} to {_with_interval(high)}")
        lines.append(f"| {inputs} | {'yes' if clinical else 'no'} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _by_class(figures: Sequence[Figure]) -> str:
    found = brackets([f for f in figures if f.quantity == "AUC" and f.level == "patient"])
    positive = {f.name: f.positive for f in figures if f.level == "patient"}
    heads = [f"{key} ({positive[f'AUC {key}']})" for key in LESION_CLASSES]
    lines = [
        "Patients, by class (number with it in brackets):\n",
        "| given | clinical data | " + " | ".join(heads) + " |",
        "|---" * (len(heads) + 2) + "|",
    ]
    for inputs, clinical in dict.fromkeys((key[2], key[3]) for key in found):
        cells = [bracket_text(found["AUC", "patient", inputs, clinical, f"AUC {key}"]) for key in LESION_CLASSES]
        lines.append(f"| {inputs} | {'yes' if clinical else 'no'} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _errors(figures: Sequence[Figure]) -> str:
    chosen = [f for f in figures if f.quantity == "MAE"]
    ends = {(*_key(f), f.end): f for f in chosen}
    lines = [
        "Mean absolute error of a guessed phase, HU:\n",
        "| given | guessed | mean of a lesion | mean of the liver |",
        "|---|---|---|---|",
    ]
    for inputs, name in dict.fromkeys((f.inputs, f.name) for f in chosen):
        cells = []
        for level in ("lesion mean", "liver mean"):
            low, high = (ends["MAE", level, inputs, False, name, end] for end in ("lower", "upper"))
            cells.append(f"{_with_interval(low, 1)} to {_with_interval(high, 1)}")
        lines.append(f"| {inputs} | {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _key(f: Figure) -> Key:
    return (f.quantity, f.level, f.inputs, f.clinical, f.name)


def _with_interval(f: Figure, digits: int = 2) -> str:
    return f"{f.value:.{digits}f} [{f.low:.{digits}f}, {f.high:.{digits}f}]"
