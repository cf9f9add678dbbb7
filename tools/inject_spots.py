"""How many invented spots the counts of regions made up find: python tools/inject_spots.py COHORT NUM_LIVERS INPUTS.

Into what the generator that ships makes of the healthy livers of a cohort of prepared simulated exams (all missing
phases from INPUTS, such as ``NC``), balls of a diameter and a contrast are put, one at a time, at places of plain liver
drawn with a fixed seed, one per liver, phase, size and contrast. A spot is found when there is a region more than
without it. Prints a table in Markdown: share found by the second count, and by the third, in percent.
"""

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch

from hepaphase.base.seeds import stream
from hepaphase.benchmark.made_up import count_made_up, plain_liver
from hepaphase.benchmark.synthesis import given, reached
from hepaphase.bundle.bundle import Bundle, shipped
from hepaphase.study.phase import Phase
from hepaphase.synthesis.generators.kinetic import Generator
from hepaphase.training.cohort import PreparedCase, open_cohort, read_prepared

DIAMETERS_MM = (6.0, 8.0, 12.0, 16.0, 24.0)
CONTRASTS_HU = (15.0, 20.0, 30.0, 40.0, 60.0)
SPOTS = 1

Found = dict[tuple[float, float], list[tuple[bool, bool]]]


def ball(shape: tuple[int, ...], middle: np.ndarray, diameter_mm: float, step_mm: float) -> np.ndarray:
    """How much of each voxel a ball fills, by 4 x 4 x 4 points in each."""
    fine = (np.arange(4) + 0.5) / 4 - 0.5
    axes = [((np.arange(n)[:, None] + fine) - m).ravel() * step_mm for n, m in zip(shape, middle, strict=True)]
    inside = sum(a**2 for a in np.meshgrid(*axes, indexing="ij", sparse=True)) <= diameter_mm**2 / 4
    z, y, x = shape
    return np.asarray(inside).reshape(z, 4, y, 4, x, 4).mean(axis=(1, 3, 5))


def inject(case: PreparedCase, generator: Generator, subset: tuple[Phase, ...], found: Found) -> None:
    """Spots into every phase of one case that is missing in ``subset``."""
    study, rng = given(case, subset), stream(0, "spots", case.case)
    case = reached(case, study)
    places = np.argwhere(plain_liver(case))
    for target in (p for p in case.reference_hu if p not in subset and len(places)):
        made = generator.generate(study, target, time_s=0.0 if target is Phase.NC else case.times_s.get(target)).hu
        truth = np.asarray(case.reference_hu[target], np.float32)
        before = count_made_up(case, made, truth, study.hu)
        for size, hu in [(size, hu) for size in DIAMETERS_MM for hu in CONTRASTS_HU for _ in range(SPOTS)]:
            middle = places[rng.integers(len(places))] + rng.uniform(-0.5, 0.5, 3)
            spot = ball(made.shape, middle, size, case.geometry["spacing_xyz_mm"][0]) * hu * rng.choice([-1.0, 1.0])
            after = count_made_up(case, (made + spot).astype(np.float32), truth, study.hu)
            found[size, hu].append((after.seen > before.seen, after.unfounded > before.unfounded))


def main(cohort: str, number: str, inputs: str) -> None:
    """See the module."""
    torch.set_num_threads(1)
    generator = Generator.from_bundle(Bundle.load(shipped("synthesis"), kind="synthesis"))
    found: Found = defaultdict(list)
    left = int(number)
    for path in open_cohort(Path(cohort)).files:
        case = read_prepared(path)
        if left and not (case.masks["lesions"] > 0).any() and all(Phase(p) in case.hu for p in inputs.split(",")):
            inject(case, generator, tuple(Phase(p) for p in inputs.split(",")), found)
            left -= 1
    print("| diameter | " + " | ".join(f"{hu:.0f} HU" for hu in CONTRASTS_HU) + " |")
    print("|---" * (1 + len(CONTRASTS_HU)) + "|")
    for size in DIAMETERS_MM:
        shares = [100 * np.mean(found[size, hu], axis=0) for hu in CONTRASTS_HU]
        print(f"| {size:.0f} mm | " + " | ".join(f"{second:.0f}, {third:.0f}" for second, third in shares) + " |")
    print(f"{len(found[DIAMETERS_MM[0], CONTRASTS_HU[0]])} spots of each kind.")


if __name__ == "__main__":
    main(*sys.argv[1:])
