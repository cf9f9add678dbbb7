"""The reader on held-out patients, with the phases it is given varied: rows per patient and the table."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..base.log import track
from ..diagnosis.diagnose import Reader
from ..evaluation.bootstrap import Bootstrap
from ..evaluation.patient import PatientRow, summarize, write_rows
from ..evaluation.reading import Answer, compare
from ..evaluation.table import markdown
from ..study.phase import Provenance
from ..study.study import AlignedStudy
from ..synthesis.protocol import Generator
from ..training.cohort import open_cohort
from .cases import BenchmarkCase, load_case
from .inputs import Inputs, apply_inputs


@dataclass(frozen=True, slots=True)
class Result:
    """Rows of all patients for one setting."""

    inputs: Inputs
    rows: tuple[PatientRow, ...]


def run(
    prepared: Path, settings: Sequence[Inputs], reader: Reader, generator: Generator, *, quiet: bool = False
) -> list[Result]:
    """Read every prepared case once per setting. The liver mask is the true one; phases lie as the scanner left them.

    Raises:
        InputError: when ``prepared`` holds no case, or a case without truth.
    """
    files = open_cohort(prepared).files
    rows: dict[str, list[PatientRow]] = {s.name: [] for s in settings}
    for path in track(files, title="Reading", total=len(files), quiet=quiet):
        case = load_case(path)
        for setting in settings:
            if all(p in case.study.hu for p in setting.scanned):
                rows[setting.name].append(_row(case, apply_inputs(case.study, setting, generator), reader))
    return [Result(s, tuple(rows[s.name])) for s in settings]


def _row(case: BenchmarkCase, study: AlignedStudy, reader: Reader) -> PatientRow:
    said = reader.diagnose(study)
    best = {k + 1: max(p, key=lambda key: p[key]) for k, p in enumerate(said.lesion_probabilities)}
    answer = Answer(
        lesions=said.lesions,
        lesion_classes=best,
        scores=said.patient.probabilities,
        malignant=said.patient.malignant,
        generated_hu={str(p): hu for p, hu in study.hu.items() if study.provenance[p] is Provenance.SYNTHETIC},
    )
    return compare(case.truth, answer)


def write(results: Sequence[Result], out: Path, facts: dict[str, str], config: Bootstrap | None = None) -> str:
    """Write one CSV of patients per setting below ``out`` and return the table in Markdown."""
    for result in results:
        write_rows(out / f"{result.inputs.name}.csv", result.rows, {"inputs": result.inputs.label, **facts})
    return markdown({r.inputs.label: summarize(r.rows, config) for r in results if r.rows})
