"""Choose which finds of a reader are held for lesions: python tools/tune_checking.py BUNDLE PREPARED OUT [CASES].

BUNDLE is a reader with a checker (``hepaphase train naming``). Tries thresholds of what the checker says, given all
phases, NC and PVP, and NC alone; takes the one with the highest sum of the F1 of lesions, which is twice the lesions
found over true and found ones. Prints the grid, with the reading of no checker first, and writes the bundle with its
choice.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from hepaphase.base.log import track
from hepaphase.benchmark.cases import BenchmarkCase, load_case
from hepaphase.benchmark.inputs import Inputs, apply_inputs
from hepaphase.bundle.bundle import Bundle
from hepaphase.diagnosis.beside import only
from hepaphase.diagnosis.diagnose import Diagnosis, Reader
from hepaphase.evaluation.reading import Answer, compare
from hepaphase.evaluation.rows import PatientRow
from hepaphase.study.phase import Phase
from hepaphase.synthesis.generators.carry import Generator as Carry
from hepaphase.training.cohort import open_cohort

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(2, 17))
SUBSETS = (tuple(Phase), (Phase.NC, Phase.PVP), (Phase.NC,))


@dataclass(frozen=True, slots=True)
class Seen:
    """One case as read with every candidate, and without a checker."""

    case: BenchmarkCase
    checked: Diagnosis
    unchecked: Diagnosis


def see(files: tuple[Path, ...], bundle: Bundle, phases: tuple[Phase, ...]) -> Iterator[Seen]:
    """Every case, read twice."""
    reader, plain = (Reader.from_bundle(bundle) for _ in range(2))
    reader.read = replace(reader.read, min_sure=0.0)
    plain.checker = None
    for path in track(files, title=f"Reading {'+'.join(phases)}"):
        case = load_case(path)
        study = apply_inputs(case.study, Inputs("", phases), Carry())
        yield Seen(case, reader.diagnose(study), plain.diagnose(study))


def row_of(case: BenchmarkCase, said: Diagnosis, kept: np.ndarray) -> PatientRow:
    """The finds ``kept`` (numbers from 1), held against the truth."""
    best = [max(p, key=p.__getitem__) for p in said.lesion_probabilities]
    answer = Answer(
        lesions=only(said.lesions, kept.tolist()) if said.lesions.any() else said.lesions,
        lesion_classes={new: best[old - 1] for new, old in enumerate(kept.tolist(), start=1)},
        scores=said.patient.probabilities,
        malignant=said.patient.malignant,
    )
    return compare(case.truth, answer)


def told(rows: list[PatientRow]) -> tuple[float, str]:
    """F1 of lesions, and a line for people."""
    found, true = sum(r.num_found for r in rows), sum(r.num_true for r in rows)
    matched, named = sum(r.num_matched for r in rows), sum(r.num_named_right for r in rows)
    free = [r.num_found for r in rows if not r.num_true]
    overlap = [r.values["lesion_dice"] for r in rows if r.num_true]
    f1 = 2 * matched / max(1, found + true)
    return f1, (
        f"F1 {f1:.3f}, recall {matched / max(1, true):.3f}, precision {matched / max(1, found):.3f}, named "
        f"{named / max(1, matched):.3f}, false per lesion-free {np.mean(free):.3f}, Dice {np.mean(overlap):.3f}"
    )


def main() -> None:
    """See the module."""
    source, prepared, out = map(Path, sys.argv[1:4])
    bundle, files = Bundle.load(source, kind="diagnosis"), open_cohort(prepared).files
    files = files[: int(sys.argv[4])] if len(sys.argv) > 4 else files
    values = dict.fromkeys(THRESHOLDS, 0.0)
    for phases in SUBSETS:
        seen = list(see(files, bundle, phases))
        every = [np.arange(1, len(one.unchecked.lesion_probabilities) + 1) for one in seen]
        rows = [row_of(one.case, one.unchecked, kept) for one, kept in zip(seen, every, strict=True)]
        print(f"{'+'.join(phases)}, no checker: {told(rows)[1]}", flush=True)
        for least in THRESHOLDS:
            kept_of = [np.flatnonzero(np.array(one.checked.sure) >= least) + 1 for one in seen]
            f1, line = told([row_of(one.case, one.checked, kept) for one, kept in zip(seen, kept_of, strict=True)])
            print(f"{'+'.join(phases)}, {least}: {line}", flush=True)
            values[least] += f1
    least = max(values, key=values.__getitem__)
    print(f"chosen on {len(files)} cases: min_sure {least}")
    read = {**bundle.config["read"], "min_sure": least}
    replace(bundle, config={**bundle.config, "read": read}).save(out)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
