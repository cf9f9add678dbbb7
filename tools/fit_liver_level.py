"""Give a kinetic bundle the level of the liver that is expected of what was scanned, fitted on whole cases.

    python tools/fit_liver_level.py IN.hepa OUT.hepa COHORT [COHORT ...] [--check COHORT]

An older bundle, of a network that read no levels, is made one of today's recipe; it answers as before but for the level
of the liver. Factors on the doubt are left out, since they would no longer fit: tools/calibrate_synthesis.py.
"""

import argparse
import sys
from dataclasses import asdict, replace
from pathlib import Path

import torch

from hepaphase.bundle.bundle import Bundle
from hepaphase.recipes.synthesis import SMALL
from hepaphase.synthesis.network import KineticNetwork, grown
from hepaphase.training.cohort import open_cohort
from hepaphase.training.liver_level import fit_liver_level, level_cases, level_errors
from hepaphase.training.tasks.synthesis import SUBSETS


def main(arguments: list[str]) -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("cohorts", type=Path, nargs="+")
    parser.add_argument("--check", type=Path, action="append", default=[])
    asked = parser.parse_args(arguments)
    torch.set_num_threads(1)
    bundle = Bundle.load(asked.source, kind="synthesis")
    network = KineticNetwork(SMALL)
    replace(bundle, weights=grown(bundle.weights, network)).load_into(network)
    fit_liver_level(network, level_cases(path for folder in asked.cohorts for path in open_cohort(folder).files))
    config = {name: value for name, value in bundle.config.items() if name != "spread"} | {"network": asdict(SMALL)}
    replace(bundle, config=config, weights=dict(network.state_dict())).save(asked.target)
    for folder in asked.check:
        lines = level_errors(network, level_cases(open_cohort(folder).files), SUBSETS[:-1])
        sys.stdout.write("\n".join([folder.name, *lines]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
