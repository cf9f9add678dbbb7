"""One study through a network of the tables, read in each way of scoring a patient."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ..bundle.bundle import Bundle
from ..diagnosis.diagnose import Reader, scan_of
from ..diagnosis.liver_max import patient_scores
from ..diagnosis.patient_score import ScoreKind, score_by_branch, score_by_size
from ..diagnosis.postprocess import ReadConfig, lesion_labels
from ..diagnosis.semantic import semantic
from ..evaluation.reading import Answer, Truth, compare
from ..evaluation.rows import PatientRow
from ..study.findings import PatientScores
from ..study.lesions import LESION_CLASSES
from ..study.study import AlignedStudy

BACKGROUND_LOGITS = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0)
"""Among which the background's is chosen on validation, see ``ReadConfig``."""
CLASSES = tuple(LESION_CLASSES)


@dataclass(frozen=True, slots=True)
class Said:
    """What a network says of one study."""

    probabilities: npt.NDArray[np.float32]
    """(K + 1, z, y, x)."""
    naming: npt.NDArray[np.float32]
    patient: npt.NDArray[np.float32] | None
    """(K,) of the patient branch."""


def read_study(
    study: AlignedStudy, truth: Truth, reader: Reader, scores: Sequence[ScoreKind]
) -> dict[ScoreKind, PatientRow]:
    """The patient's row by each way of scoring, from one pass of the network."""
    (said,) = ask(study, reader, (reader.read.background_logit,))
    return {score: compare(truth, answer(study, said, reader.read, score)) for score in scores}


def tuned(bundle: Bundle, cases: Iterable[tuple[AlignedStudy, Truth]]) -> Bundle:
    """The bundle with the background's logit that gives the best F1 of lesions on ``cases``; the first of equals."""
    reader = Reader.from_bundle(bundle)
    best = best_background(
        [
            compare(truth, answer(study, said, reader.read, "liver_max"))
            for said in ask(study, reader, BACKGROUND_LOGITS)
        ]
        for study, truth in cases
    )
    read = replace(reader.read, background_logit=best)
    return replace(bundle, config={**bundle.config, "read": read.to_dict()})


def best_background(cases: Iterable[Sequence[PatientRow]]) -> float:
    """The background's logit with the best F1 of lesions, the first of equals; each case is read with every one."""
    counts = np.zeros((len(BACKGROUND_LOGITS), 3))
    for rows in cases:
        counts += [(row.num_matched, row.num_found, row.num_true) for row in rows]
    f1 = 2 * counts[:, 0] / np.maximum(counts[:, 1] + counts[:, 2], 1)
    return BACKGROUND_LOGITS[int(f1.argmax())]


def ask(study: AlignedStudy, reader: Reader, backgrounds: Sequence[float]) -> list[Said]:
    """One pass of the network, read with each of ``backgrounds``."""
    z, y, x = study.geometry.shape_zyx
    with torch.inference_mode():
        said = reader.network(scan_of(study, multiple=reader.config.size_multiple, device=reader.device))
        share = reader.read.voxel_share
        maps: list[Any] = [semantic(said, voxel_share=share, background_logit=b) for b in backgrounds]
        naming = semantic(said, voxel_share=1.0)
        patient = None if said.patient_logits is None else said.patient_logits[0].float().sigmoid().cpu().numpy()
    cut = [np.ascontiguousarray(m[0, :, :z, :y, :x].cpu().numpy()) for m in (*maps, naming)]
    return [Said(m, cut[-1], patient) for m in cut[:-1]]


def answer(study: AlignedStudy, said: Said, read: ReadConfig, score: ScoreKind) -> Answer:
    """Lesions, their classes and the patient's scores, as every row of the tables reads them."""
    liver = np.asarray(study.masks["liver"] > 0)
    lesions, classes = lesion_labels(said.probabilities, liver, study.geometry, read, naming=said.naming)
    found = _scores(said, liver, score, voxel_mm3=study.geometry.voxel_ml * 1000)
    return Answer(
        lesions=lesions,
        lesion_classes={k + 1: CLASSES[int(row.argmax())] for k, row in enumerate(classes)},
        scores=found.probabilities,
        malignant=found.malignant,
    )


def _scores(said: Said, liver: npt.NDArray[np.bool_], score: ScoreKind, *, voxel_mm3: float) -> PatientScores:
    if score == "size":
        return score_by_size(said.probabilities, CLASSES, voxel_mm3=voxel_mm3)
    if score == "branch":
        assert said.patient is not None, "a row by patient branch needs a network that has one"
        return score_by_branch(said.patient, CLASSES)
    return patient_scores(said.probabilities, liver, CLASSES)
