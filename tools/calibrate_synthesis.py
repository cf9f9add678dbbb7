"""Give a kinetic bundle the factors its standard deviations need, found on validation patients.

    python tools/calibrate_synthesis.py IN.hepa OUT.hepa NUM_CASES COHORT [COHORT ...]

Of each cohort (a folder of prepared simulated exams) the first NUM_CASES are taken. NC, PVP and both are judged with
and without what is known of patient, injection and tube; every other subset with it.
"""

import sys
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import torch

from hepaphase.benchmark.spread import find_spread
from hepaphase.bundle.bundle import Bundle
from hepaphase.study.phase import Phase
from hepaphase.synthesis.generators.kinetic import Generator
from hepaphase.training.cohort import open_cohort

OFTEN = ((Phase.NC,), (Phase.PVP,), (Phase.NC, Phase.PVP))


def main(source: str, target: str, num_cases: str, *cohorts: str) -> None:
    """See the module."""
    torch.set_num_threads(1)
    bundle = Bundle.load(Path(source), kind="synthesis")
    network = Generator.from_bundle(bundle).network
    files = [path for folder in cohorts for path in open_cohort(Path(folder)).files[: int(num_cases)]]
    subsets = [subset for size in (1, 2, 3) for subset in combinations(Phase, size)]
    asked = {subset: (True, False) if subset in OFTEN else (True,) for subset in subsets}
    spread = find_spread(files, network, asked)
    for key in list(spread):  # where only the told were judged, the untold are given the same
        spread.setdefault(key.replace(", told", ", untold"), spread[key])
    replace(bundle, config={**bundle.config, "spread": spread}).save(Path(target))


if __name__ == "__main__":
    main(*sys.argv[1:])
