"""Choose on validation cases how a reader's output is read: python tools/tune_reading.py BUNDLE PREPARED OUT.

The share of the semantic branch is the one with the highest mean of patient AUC-8 over the settings of the main job
that need no generated phase; the threshold then the one at which most lesions are found and named right for the number
of finds (2 right / (true + found)). Prints the grid and writes the bundle with both.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from hepaphase.base.log import track
from hepaphase.benchmark.cases import BenchmarkCase, load_case
from hepaphase.bundle.bundle import Bundle
from hepaphase.diagnosis.diagnose import Diagnosis, Reader
from hepaphase.diagnosis.liver_max import patient_scores
from hepaphase.diagnosis.postprocess import ReadConfig, lesion_labels
from hepaphase.evaluation.metrics.auc import auc
from hepaphase.evaluation.reading import Answer, compare
from hepaphase.evaluation.rows import PatientRow
from hepaphase.study.lesions import LESION_CLASSES
from hepaphase.study.phase import Phase
from hepaphase.training.cohort import open_cohort

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
SUBSETS = (tuple(Phase), (Phase.NC,))

Grid = dict[tuple[float, float], list[PatientRow]]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one case looks like to the two branches."""

    case: BenchmarkCase
    queries: np.ndarray
    voxels: np.ndarray

    def read(self, read: ReadConfig) -> Diagnosis:
        """The case read with one setting."""
        semantic = read.voxel_share * self.voxels + (1 - read.voxel_share) * self.queries
        liver = self.case.study.masks["liver"] > 0
        labels, classes = lesion_labels(semantic, liver, self.case.study.geometry, read)
        lesions = [dict(zip(LESION_CLASSES, map(float, row), strict=True)) for row in classes]
        return Diagnosis(labels, lesions, patient_scores(semantic, liver, tuple(LESION_CLASSES)), semantic)


def see(files: tuple[Path, ...], bundle: Bundle, phases: tuple[Phase, ...]) -> Iterator[Seen]:
    """Every case through the network once per branch."""
    reader = Reader.from_bundle(bundle)
    for path in track(files, title=f"Reading {'+'.join(phases)}"):
        case = load_case(path)
        study = replace(case.study, hu={p: v for p, v in case.study.hu.items() if p in phases}, reference=phases[-1])
        branches = []
        for share in (0.0, 1.0):
            reader.read = replace(reader.read, voxel_share=share)
            branches.append(reader.semantic(study))
        yield Seen(case, *branches)


def row_of(seen: Seen, read: ReadConfig) -> PatientRow:
    """Compared with the truth."""
    said = seen.read(read)
    best = {k + 1: max(p, key=p.__getitem__) for k, p in enumerate(said.lesion_probabilities)}
    return compare(seen.case.truth, Answer(said.lesions, best, said.patient.probabilities, said.patient.malignant))


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


def main() -> None:
    """See the module."""
    source, prepared, out = map(Path, sys.argv[1:])
    bundle, files = Bundle.load(source, kind="diagnosis"), open_cohort(prepared).files
    read = ReadConfig.from_dict(bundle.config["read"])
    grids: list[Grid] = []
    for phases in SUBSETS:
        grid: Grid = {(s, t): [] for s in SHARES for t in THRESHOLDS}
        for seen in see(files, bundle, phases):
            for (s, t), rows in grid.items():
                rows.append(row_of(seen, replace(read, voxel_share=s, threshold=t)))
        grids.append(grid)
        for s in SHARES:
            f1 = " ".join(f"{named_f1(grid[s, t]):.3f}" for t in THRESHOLDS)
            print(f"{'+'.join(phases)} share {s}: AUC-8 {auc_8(grid[s, THRESHOLDS[0]]):.3f}; named F1 {f1}")
    share = max(SHARES, key=lambda s: sum(auc_8(grid[s, THRESHOLDS[0]]) for grid in grids))
    threshold = max(THRESHOLDS, key=lambda t: sum(named_f1(grid[share, t]) for grid in grids))
    print(f"chosen: voxel_share {share}, threshold {threshold}, on {len(files)} cases")
    chosen = replace(read, voxel_share=share, threshold=threshold)
    replace(bundle, config={**bundle.config, "read": chosen.to_dict()}).save(out)


if __name__ == "__main__":
    torch.set_num_threads(2)
    main()
