"""A cohort folder becomes prepared cases: one file per case with every phase on the liver grid."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..base.atomic import write_json, write_text
from ..base.errors import ConfigError, InputError, PhaseDoubtError
from ..base.log import logger, track
from ..datasets.licence import licence_line
from ..datasets.protocol import open_cohort
from ..datasets.unnamed import Namer
from ..study.study import Study
from .cache import Cache, case_key
from .case import Segmenter, prepare_case, write_prepared
from .crop import LiverGrid

Check = Callable[[Study], Sequence[str]]
"""What contradicts itself in a study: a sentence each."""

_log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What preparation may use that lies above it or outside of it.

    Raises:
        ConfigError: for ``register`` without ``segment``.
    """

    segment: Segmenter | None = None
    """For cases without a liver mask; without it they are refused."""
    register: bool = False
    """Whether phases are lined up with the reference and judged, by the livers that ``segment`` finds."""
    namer: Namer | None = None
    """For sources that do not tell phases; without it their adapters do what they can, with a warning."""
    check: Check | None = None
    """Looked at for each case that is made; what it says becomes warnings, and changes nothing."""
    fingerprint: str = ""
    """Of the weights behind these; part of the key of every case."""

    def __post_init__(self) -> None:
        if self.register and self.segment is None:
            raise ConfigError("Phases are lined up by their livers: give what finds the liver, or do not register.")

    @property
    def key(self) -> str:
        """What goes into the key of every case."""
        return self.fingerprint + (" lined up" if self.register else "")


@dataclass(frozen=True, slots=True)
class Prepared:
    """What ``prepare_cohort`` made or kept."""

    paths: tuple[Path, ...]
    warnings: tuple[tuple[str, str], ...]
    """Case and sentence; of kept cases too."""
    left_out: tuple[str, ...]
    """Cases whose phases cannot be told surely."""
    not_lined_up: tuple[tuple[str, str], ...] = ()
    """Case and phase that the judge of the registration left out; of kept cases too."""


def prepare_cohort(
    cohort: Path, out: Path, *, grid: LiverGrid | None = None, tools: Tools | None = None, quiet: bool = False
) -> Prepared:
    """Write ``out/CASE.npz`` for every case of ``cohort``, ``warnings.csv`` and ``registration.csv``.

    A case that is there already is kept as long as its files, its row of the table, the grid and the tools are what it
    was made from. Cases are read one at a time, so memory is that of the largest case. A case whose phases cannot be
    told surely is left out, with the question in the log.

    Raises:
        InputError: when the cohort holds no case, or none could be prepared.
        StudyError: for a case without a liver mask when there is no tool that draws one.
    """
    tools = tools or Tools()
    adapter = open_cohort(cohort, namer=tools.namer)
    cases = adapter.cases()
    if not cases:
        raise InputError(f"{cohort.name} holds no case. Expected one folder per case; see the how-to on data.")
    paths: dict[str, Path] = {}
    odd: list[tuple[str, str]] = []
    cache = Cache(out)
    for case in track(cases, title="Preparing", total=len(cases), quiet=quiet):
        path = out / f"{case}.npz"
        key = case_key(adapter.paths(case), adapter.clinical(case), grid, tools=tools.key)
        if not cache.holds(case, path, key):
            try:
                study = adapter.load(case)
            except PhaseDoubtError as error:
                _log.warning("%s left out. %s", case, error)
                odd.append((case, "Left out: its phases cannot be told surely; the log says what was seen."))
                path.unlink(missing_ok=True)
                continue
            found = tools.check(study) if tools.check is not None else ()
            for text in found:
                _log.warning("%s: %s", case, text)
            made = prepare_case(study, grid=grid, segment=tools.segment, register=tools.register)
            for text in made.warnings:
                _log.warning("%s: %s", case, text)
            write_prepared(path, made.study)
            cache.put(case, path, key, (*study.warnings, *found, *made.warnings), made.judgments())
            del study, made
        paths[case] = path
        odd += [(case, text) for text in cache.warnings(case)]
    if not paths:
        raise InputError(f"No case of {cohort.name} has phases that can be told surely. Name them: see the how-to.")
    patients = {case: adapter.patient(case) for case in paths}  # so that a split never parts a patient
    record = {"schema": "hepaphase-prepared/1", "patients": patients, "licence": licence_line(adapter, cohort)}
    write_json(out / "prepared.json", record)
    write_text(out / "warnings.csv", _table([("case", "warning"), *odd]))
    judged = [(case, row) for case in paths for row in cache.judgments(case)]
    write_text(out / "registration.csv", _table(_judgment_rows(judged)))
    return Prepared(
        tuple(paths.values()),
        tuple(odd),
        tuple(case for case in cases if case not in paths),
        tuple((case, row["phase"]) for case, row in judged if row["verdict"] == "left out"),
    )


def _judgment_rows(judged: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Sequence[Any]]:
    """What the judge of the registration found, a row per phase; only the heading where nothing was lined up."""
    names = list(judged[0][1]) if judged else ["phase", "reference", "verdict"]
    return [["case", *names], *([case, *(row.get(name, "") for name in names)] for case, row in judged)]


def _table(rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
