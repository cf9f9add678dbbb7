"""Train one row of LIDIA's tables with one seed, read the test cohort, and write its patients."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ...base.log import track
from ...base.seeds import stream
from ...bundle.bundle import Bundle
from ...diagnosis.diagnose import Reader, scan_of
from ...diagnosis.liver_max import patient_scores
from ...diagnosis.patient_score import ScoreKind, score_by_branch, score_by_size
from ...diagnosis.postprocess import ReadConfig, lesion_labels
from ...diagnosis.semantic import semantic
from ...evaluation.reading import Answer, compare
from ...evaluation.rows import PatientRow, write_rows
from ...recipes.table import DELAYED_SHARE, SCALE
from ...study.findings import PatientScores
from ...study.lesions import LESION_CLASSES
from ...study.phase import Phase
from ...study.study import AlignedStudy
from ...training.cohort import Cohort, Split, open_cohort
from ...training.loop import Options, fit
from ..cases import BenchmarkCase, load_case
from ..inputs import only
from .settings import TABLES, Training, training

BACKGROUND_LOGITS = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0)
"""Among which the background's is chosen on validation, see ``ReadConfig``."""
NUM_TUNING = 40
"""Validation cases that choose it."""
CLASSES = tuple(LESION_CLASSES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to train and to read."""

    training: str
    """Name of the training."""
    seed: int = 0
    quick: bool = False
    cohort: str = ""
    """Name of the test cohort, written beside every figure."""
    threads: int = 2
    at_most: int = 0
    """Test cases; 0 for all."""


def drive(order: Order, data: Split, test: Path, out: Path, *, quiet: bool = False) -> list[Path]:
    """Train (or go on) below ``out/runs`` and write ``out/ROW-seedN.csv`` for each row that reads the training.

    The background's logit is chosen on validation by the F1 of lesions; LiverMax, size and the patient branch are read
    from one pass over the test cohort. The delayed phase is given in two of three test patients, drawn by their names.

    Raises:
        UnknownNameError: for a training that does not exist.
        InputError: when a cohort holds no case, or a case without truth.
    """
    kind = training(order.training)
    run = replace(kind.run(seed=order.seed, quick=order.quick), threads=order.threads)
    folder = out / "runs" / f"{order.training}-seed{order.seed}"
    options = Options(resume=(folder / "run.json").exists(), quiet=quiet, tensorboard=False)
    fitted = fit(run, data, folder, options=options)
    bundle = _tuned(Bundle.load(fitted.bundle, kind="diagnosis"), data.validation, kind)
    bundle.save(folder / "model.hepa")
    reader = Reader.from_bundle(bundle)
    files = open_cohort(test).files[: order.at_most or None]
    wanted = _wanted(order.training)
    read: dict[ScoreKind, list[PatientRow]] = {score: [] for score in wanted.values()}
    torch.set_num_threads(order.threads)
    for path in track(files, title="Reading", total=len(files), quiet=quiet):
        for score, row in read_case(load_case(path), reader, kind, tuple(read)).items():
            read[score].append(row)
    facts = {
        "training": order.training,
        "seed": str(order.seed),
        "recipe": "table",
        "scale": f"{SCALE}, quick" if order.quick else SCALE,
        "steps": str(run.num_steps),
        "cohort": order.cohort or test.resolve().name,
        "background_logit": f"{reader.read.background_logit:g}",
    }
    return [_write(out, row, order.seed, read[score], facts) for row, score in wanted.items()]


def _write(out: Path, row: str, seed: int, rows: Sequence[PatientRow], facts: Mapping[str, str]) -> Path:
    path = out / f"{row}-seed{seed}.csv"
    write_rows(path, rows, {"row": row, **facts})
    return path


def _wanted(name: str) -> dict[str, ScoreKind]:
    """Rows that read training ``name``, and by which score."""
    rows = {row: value for table in TABLES.values() for row, value in table.rows.items()}
    return {row: value.score for row, value in rows.items() if value.training == name}


def given(study: AlignedStudy, kind: Training) -> AlignedStudy:
    """The phases that a row reads of a test patient: all, the delayed one in two of three patients or in none."""
    has = kind.delayed and stream(0, "delayed", study.case).random() < DELAYED_SHARE
    kept = tuple(p for p in Phase if p in study.hu and (has or p is not Phase.DP))
    return only(study, kept or tuple(study.hu))


@dataclass(frozen=True, slots=True)
class _Said:
    """What a network says of one study."""

    probabilities: npt.NDArray[np.float32]
    """(K + 1, z, y, x)."""
    naming: npt.NDArray[np.float32]
    patient: npt.NDArray[np.float32] | None
    """(K,) of the patient branch."""


def _ask(study: AlignedStudy, reader: Reader, backgrounds: Sequence[float]) -> list[_Said]:
    """One pass of the network, read with each of ``backgrounds``."""
    z, y, x = study.geometry.shape_zyx
    with torch.inference_mode():
        said = reader.network(scan_of(study, multiple=reader.config.size_multiple, device=reader.device))
        share = reader.read.voxel_share
        maps: list[Any] = [semantic(said, voxel_share=share, background_logit=b) for b in backgrounds]
        naming = semantic(said, voxel_share=1.0)
        patient = None if said.patient_logits is None else said.patient_logits[0].float().sigmoid().cpu().numpy()
    cut = [np.ascontiguousarray(m[0, :, :z, :y, :x].cpu().numpy()) for m in (*maps, naming)]
    return [_Said(m, cut[-1], patient) for m in cut[:-1]]


def read_case(
    case: BenchmarkCase, reader: Reader, kind: Training, scores: Sequence[ScoreKind]
) -> dict[ScoreKind, PatientRow]:
    """The patient's row by each way of scoring."""
    study = given(case.study, kind)
    (said,) = _ask(study, reader, (reader.read.background_logit,))
    return {score: compare(case.truth, _answer(study, said, reader.read, score)) for score in scores}


def _answer(study: AlignedStudy, said: _Said, read: ReadConfig, score: ScoreKind) -> Answer:
    liver = np.asarray(study.masks["liver"] > 0)
    lesions, classes = lesion_labels(said.probabilities, liver, study.geometry, read, naming=said.naming)
    found = _scores(said, liver, score, voxel_mm3=study.geometry.voxel_ml * 1000)
    return Answer(
        lesions=lesions,
        lesion_classes={k + 1: CLASSES[int(row.argmax())] for k, row in enumerate(classes)},
        scores=found.probabilities,
        malignant=found.malignant,
    )


def _scores(said: _Said, liver: npt.NDArray[np.bool_], score: ScoreKind, *, voxel_mm3: float) -> PatientScores:
    if score == "size":
        return score_by_size(said.probabilities, CLASSES, voxel_mm3=voxel_mm3)
    if score == "branch":
        assert said.patient is not None, "a row by patient branch needs a network that has one"
        return score_by_branch(said.patient, CLASSES)
    return patient_scores(said.probabilities, liver, CLASSES)


def _tuned(bundle: Bundle, validation: Cohort, kind: Training) -> Bundle:
    """The bundle with the background's logit that gives the best F1 of lesions on validation; the first of equals."""
    reader = Reader.from_bundle(bundle)
    counts = np.zeros((len(BACKGROUND_LOGITS), 3))
    for path in validation.files[:NUM_TUNING]:
        case = load_case(path)
        study = given(case.study, kind)
        for index, said in enumerate(_ask(study, reader, BACKGROUND_LOGITS)):
            row = compare(case.truth, _answer(study, said, reader.read, "liver_max"))
            counts[index] += row.num_matched, row.num_found, row.num_true
    f1 = 2 * counts[:, 0] / np.maximum(counts[:, 1] + counts[:, 2], 1)
    read = replace(reader.read, background_logit=BACKGROUND_LOGITS[int(f1.argmax())])
    return replace(bundle, config={**bundle.config, "read": read.to_dict()})
