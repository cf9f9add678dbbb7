"""Give a kinetic bundle the factors its standard deviations need, found on validation patients.

    python tools/calibrate_synthesis.py IN.hepa OUT.hepa NUM_CASES COHORT [COHORT ...]

Of each cohort (a folder of prepared simulated exams) the first NUM_CASES are taken. NC is judged on all of them, PVP
and both together on every second, each with and without what is known of patient, injection and tube. For other inputs
the standard deviations stay as the network predicts them.
"""

import sys
from dataclasses import replace
from pathlib import Path

import torch

from hepaphase.benchmark.spread import find_spread
from hepaphase.bundle.bundle import Bundle
from hepaphase.study.phase import Phase
from hepaphase.synthesis.generators.kinetic import Generator
from hepaphase.training.cohort import open_cohort


def main(source: str, target: str, num_cases: str, *cohorts: str) -> None:
    """See the module."""
    torch.set_num_threads(1)
    bundle = Bundle.load(Path(source), kind="synthesis")
    network = Generator.from_bundle(bundle).network
    files = [path for folder in cohorts for path in open_cohort(Path(folder)).files[: int(num_cases)]]
    spread = find_spread(files, network, {(Phase.NC,): (True, False)})
    rest = ((Phase.PVP,), (Phase.NC, Phase.PVP))
    spread |= find_spread(files[::2], network, dict.fromkeys(rest, (True, False)))
    replace(bundle, config={**bundle.config, "spread": spread}).save(Path(target))


if __name__ == "__main__":
    main(*sys.argv[1:])
