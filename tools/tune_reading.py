"""Choose on validation cases how a reader's output is read: python tools/tune_reading.py BUNDLE PREPARED OUT.

Tries shares of the semantic branch and logits for its background at the threshold of the bundle, given all phases and
given the non-contrast phase alone. Takes the pair with the highest sum of patient AUC-8 and named F1, which is twice
the lesions found and named right over true and found ones. Prints the grid and writes the bundle with its choice.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import torch

from hepaphase.base.log import track
from hepaphase.benchmark.cases import BenchmarkCase, load_case
from hepaphase.benchmark.inputs import Inputs, apply_inputs
from hepaphase.bundle.bundle import Bundle
from hepaphase.diagnosis.diagnose import Diagnosis, Reader, scan_of
from hepaphase.diagnosis.liver_max import patient_scores
from hepaphase.diagnosis.mask_transformer import Prediction
from hepaphase.diagnosis.postprocess import ReadConfig, lesion_labels
from hepaphase.diagnosis.semantic import query_semantic
from hepaphase.evaluation.metrics.auc import auc
from hepaphase.evaluation.reading import Answer, compare
from hepaphase.evaluation.rows import PatientRow
from hepaphase.study.lesions import LESION_CLASSES
from hepaphase.study.phase import Phase
from hepaphase.synthesis.generators.carry import Generator as Carry
from hepaphase.training.cohort import open_cohort

SHARES = (0.6, 0.75, 1.0)
LOGITS = (5.0, 6.0, 7.0)
SUBSETS = (tuple(Phase), (Phase.NC,))


@dataclass(frozen=True, slots=True)
class Seen:
    """What one case looks like to the two branches: probabilities of the one, logits of the other."""

    case: BenchmarkCase
    queries: np.ndarray
    voxels: np.ndarray

    def read(self, read: ReadConfig) -> Diagnosis:
        """The case read with one setting."""
        logits = self.voxels.astype(np.float32)
        naming = softmax(logits)
        logits[-1] += read.background_logit
        voxels = softmax(logits)
        semantic = np.float32(read.voxel_share) * voxels + np.float32(1 - read.voxel_share) * self.queries
        liver = self.case.study.masks["liver"] > 0
        labels, classes = lesion_labels(semantic, liver, self.case.study.geometry, read, naming=naming)
        lesions = [dict(zip(LESION_CLASSES, map(float, row), strict=True)) for row in classes]
        return Diagnosis(labels, lesions, patient_scores(semantic, liver, tuple(LESION_CLASSES)), semantic)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Over the first axis."""
    shares = np.exp(logits - logits.max(0))
    return np.asarray(shares / shares.sum(0))


def see(files: tuple[Path, ...], bundle: Bundle, phases: tuple[Phase, ...]) -> Iterator[Seen]:
    """Every case through the network once."""
    reader = Reader.from_bundle(bundle)
    for path in track(files, title=f"Reading {'+'.join(phases)}"):
        case = load_case(path)
        study = apply_inputs(case.study, Inputs("", phases), Carry())
        with torch.inference_mode():
            said: Prediction = reader.network(scan_of(study, multiple=reader.config.size_multiple))
            queries = query_semantic(said.final.class_logits, said.mask_logits())
        assert said.voxel_logits is not None
        z, y, x = study.geometry.shape_zyx
        yield Seen(case, *(t[0, :, :z, :y, :x].half().numpy() for t in (queries, said.voxel_logits)))


def row_of(seen: Seen, read: ReadConfig) -> PatientRow:
    """Compared with the truth."""
    said = seen.read(read)
    best = {k + 1: max(p, key=p.__getitem__) for k, p in enumerate(said.lesion_probabilities)}
    answer = Answer(
        lesions=said.lesions, lesion_classes=best, scores=said.patient.probabilities, malignant=said.patient.malignant
    )
    return compare(seen.case.truth, answer)


def auc_8(rows: list[PatientRow]) -> float:
    """Mean over the classes that some patient has."""
    values = []
    for key in LESION_CLASSES:
        truth = np.array([row.truth[key] for row in rows])
        if truth.any() and not truth.all():
            values.append(auc([row.score[key] for row in rows], truth))
    return float(np.mean(values))


def named_f1(rows: list[PatientRow]) -> float:
    """Twice the lesions found and named right, over true and found ones."""
    return 2 * sum(r.num_named_right for r in rows) / max(1, sum(r.num_true + r.num_found for r in rows))


def rows_of(seen: list[Seen], read: ReadConfig) -> list[PatientRow]:
    """All cases read with one setting."""
    return [row_of(one, read) for one in seen]


def main() -> None:
    """See the module."""
    source, prepared, out = map(Path, sys.argv[1:])
    bundle, files = Bundle.load(source, kind="diagnosis"), open_cohort(prepared).files
    read = ReadConfig.from_dict(bundle.config["read"])
    values = dict.fromkeys(product(SHARES, LOGITS), 0.0)
    for phases in SUBSETS:
        seen = list(see(files, bundle, phases))
        for share, logit in values:
            rows = rows_of(seen, replace(read, voxel_share=share, background_logit=logit))
            print(f"{'+'.join(phases)}, {share}, {logit}: AUC-8 {auc_8(rows):.3f}, named F1 {named_f1(rows):.3f}")
            values[share, logit] += auc_8(rows) + named_f1(rows)
    share, logit = max(values, key=values.__getitem__)
    read = replace(read, voxel_share=share, background_logit=logit)
    print(f"chosen on {len(files)} cases: {read}")
    replace(bundle, config={**bundle.config, "read": read.to_dict()}).save(out)


if __name__ == "__main__":
    torch.set_num_threads(2)
    main()
