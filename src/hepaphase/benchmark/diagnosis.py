"""The reader on held-out patients, with the phases it is given varied: rows per patient and the table."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ..base.errors import InputError
from ..base.log import track
from ..bundle.bundle import Bundle
from ..diagnosis.diagnose import Reader
from ..evaluation.bootstrap import Bootstrap
from ..evaluation.lesion_rows import LesionRow, compare_lesions, read_lesions, write_lesions
from ..evaluation.patient import Statistic, differences, summarize
from ..evaluation.reading import Answer, compare
from ..evaluation.rows import PatientRow, read_rows, write_rows
from ..evaluation.table import markdown
from ..study.phase import Provenance
from ..study.study import AlignedStudy
from ..synthesis.load import generator_of
from ..training.cohort import open_cohort
from ..training.scans import require_unseen
from .cases import BenchmarkCase, load_case
from .inputs import Inputs, apply_inputs

Read = tuple[PatientRow, tuple[LesionRow, ...]]
"""A patient and the lesions, true and found."""

CHUNK = 5
"""Cases per unit of work."""


@dataclass(frozen=True, slots=True)
class Result:
    """Rows of all patients for one setting."""

    inputs: Inputs
    rows: tuple[PatientRow, ...]
    lesions: tuple[LesionRow, ...] = ()
    """True and found lesions of all patients."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the cases are read with."""

    settings: tuple[Inputs, ...]
    diagnosis: Bundle
    synthesis: Bundle
    device: str = "cpu"
    flips: bool = False
    """Average over eight mirrorings, at eight times the cost."""
    at_most: int = 0
    """Only the first so many cases; 0 for all."""
    ensemble: tuple[Bundle, ...] = ()
    """Networks averaged with ``diagnosis``, such as those of other folds; each costs a reading more."""

    @property
    def cards(self) -> dict[str, Mapping[str, Any]]:
        """Cards of all models that read."""
        others = {f"ensemble's {n}.": bundle.card for n, bundle in enumerate(self.ensemble, 1)}
        return {"diagnosis": self.diagnosis.card, "synthesis": self.synthesis.card, **others}


def run(prepared: Path, reading: Reading, *, workers: int = 1, quiet: bool = False) -> list[Result]:
    """Read every prepared case once per setting. The liver mask is the true one; phases lie as the scanner left them.

    Rows do not depend on ``workers``, the number of processes (one thread each when there are several).

    Raises:
        InputError: when ``prepared`` holds no case, a case without truth, or one that trained a model.
    """
    files = open_cohort(prepared).files[: reading.at_most or None]
    require_unseen(files, reading.cards)
    chunks = [files[start : start + CHUNK] for start in range(0, len(files), CHUNK)]
    done = _in_order(chunks, reading, workers)
    read: dict[str, list[Read]] = {s.name: [] for s in reading.settings}
    for chunk in track(done, title="Reading", total=len(chunks), quiet=quiet):
        for name, found in chunk.items():
            read[name] += found
    return [_result(s, read[s.name]) for s in reading.settings]


def stored(folder: Path, settings: Sequence[Inputs]) -> list[Result]:
    """What an earlier run wrote to ``folder`` (see ``write``), in place of reading again.

    Raises:
        InputError: when it holds none of ``settings``.
    """
    found = [s for s in settings if (folder / f"{s.name}.csv").is_file()]
    if not found:
        wanted = ", ".join(f"{s.name}.csv" for s in settings)
        raise InputError(f"'{folder}' holds no rows of an earlier run (none of {wanted}).")
    return [
        Result(s, tuple(read_rows(folder / f"{s.name}.csv")), tuple(read_lesions(folder / "lesions" / f"{s.name}.csv")))
        for s in found
    ]


def _result(setting: Inputs, read: Sequence[Read]) -> Result:
    return Result(setting, tuple(row for row, _ in read), tuple(lesion for _, lesions in read for lesion in lesions))


def _in_order(chunks: list[tuple[Path, ...]], reading: Reading, workers: int) -> Iterator[dict[str, list[Read]]]:
    if workers == 1:
        yield from (read_chunk(chunk, reading) for chunk in chunks)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=one_thread) as pool:
        yield from pool.map(read_chunk, chunks, [reading] * len(chunks))


def one_thread() -> None:
    """Keep several processes from fighting over the cores."""
    import torch

    torch.set_num_threads(1)


def read_chunk(files: tuple[Path, ...], reading: Reading) -> dict[str, list[Read]]:
    """Rows of some cases by setting; the unit of work of a process."""
    reader = Reader.from_bundle(reading.diagnosis, device=reading.device)
    reader.flips = reading.flips
    reader.others = tuple(Reader.from_bundle(bundle, device=reading.device) for bundle in reading.ensemble)
    generator = generator_of(reading.synthesis, device=reading.device)
    rows: dict[str, list[Read]] = {s.name: [] for s in reading.settings}
    for path in files:
        case = load_case(path)
        for setting in reading.settings:
            if all(p in case.study.hu for p in setting.scanned):
                rows[setting.name].append(_row(case, apply_inputs(case.study, setting, generator), reader))
    return rows


def _row(case: BenchmarkCase, study: AlignedStudy, reader: Reader) -> Read:
    said = reader.diagnose(study)
    best = {k + 1: max(p, key=lambda key: p[key]) for k, p in enumerate(said.lesion_probabilities)}
    answer = Answer(
        lesions=said.lesions,
        lesion_classes=best,
        scores=said.patient.probabilities,
        malignant=said.patient.malignant,
        lesion_scores=said.lesion_confidence(),
        lesion_probabilities=dict(enumerate(said.lesion_probabilities, start=1)),
        generated_hu={str(p): hu for p, hu in study.hu.items() if study.provenance[p] is Provenance.SYNTHETIC},
    )
    return compare(case.truth, answer), tuple(compare_lesions(case.truth, answer))


def write(results: Sequence[Result], out: Path, facts: dict[str, str], config: Bootstrap | None = None) -> str:
    """Write one CSV of patients, and one of lesions, per setting below ``out``; return the tables in Markdown.

    Differences are those from the first setting, paired by patient.
    """
    for result in results:
        write_rows(out / f"{result.inputs.name}.csv", result.rows, {"inputs": result.inputs.label, **facts})
        lesions = out / "lesions" / f"{result.inputs.name}.csv"
        write_lesions(lesions, result.lesions, {"inputs": result.inputs.label, **facts})
    kept = [r for r in results if r.rows]
    table = markdown({r.inputs.label: summarize(r.rows, config) for r in kept})
    compared = {r.inputs.label: _compared(r.rows, kept[0].rows, config) for r in kept[1:]}
    if not any(compared.values()):
        return table
    return f"{table}\nDifferences from {kept[0].inputs.label}, paired by patient:\n\n{markdown(compared)}"


def _compared(rows: Sequence[PatientRow], baseline: Sequence[PatientRow], config: Bootstrap | None) -> list[Statistic]:
    """Differences over the patients whom both settings could read."""
    cases = {r.case for r in rows} & {r.case for r in baseline}
    ours, theirs = ([r for r in part if r.case in cases] for part in (rows, baseline))
    return differences(ours, theirs, config) if cases else []
