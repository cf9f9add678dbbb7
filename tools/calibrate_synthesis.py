"""Give a kinetic bundle the factors its standard deviations need, found on validation patients.

    python tools/calibrate_synthesis.py IN.hepa OUT.hepa COHORT=NUM_CASES [COHORT=NUM_CASES ...] [INPUTS ...]

Of each cohort (a folder of prepared simulated exams) the first NUM_CASES are taken. NC told of patient, injection and
tube is judged on all of them; told PVP, NC and PVP, AP and PVP, and NC, AP and PVP on every second; other subsets of
two or fewer, and those three untold that practice has most, on every fourth. For other inputs the standard deviations
stay as the network predicts them; untold, a subset that was judged told alone has the factors of that. With INPUTS
(``PVP``, ``NC,PVP``) only these are judged; the factors of all others stay as they are in IN.hepa.
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

NC, AP, PVP = Phase.NC, Phase.AP, Phase.PVP
OFTEN = ((PVP,), (NC, PVP), (AP, PVP), (NC, AP, PVP))
UNTOLD = ((NC,), (PVP,), (NC, PVP))


def main(source: str, target: str, *told: str) -> None:
    """See the module."""
    torch.set_num_threads(1)
    bundle = Bundle.load(Path(source), kind="synthesis")
    network = Generator.from_bundle(bundle).network
    files: list[Path] = []
    for text in (t for t in told if "=" in t):
        folder, _, number = text.rpartition("=")
        files += open_cohort(Path(folder)).files[: int(number)]
    pairs = [s for size in (1, 2) for s in combinations(Phase, size)]
    wanted = [tuple(Phase(p) for p in t.split(",")) for t in told if "=" not in t] or [*pairs, (NC, AP, PVP)]
    often, untold = [s for s in OFTEN if s in wanted], [s for s in UNTOLD if s in wanted]
    rest = [s for s in pairs if s in wanted and s != (NC,) and s not in OFTEN]
    spread = find_spread(files, network, {(NC,): (True,)} if (NC,) in wanted else {})
    spread |= find_spread(files[::2], network, dict.fromkeys(often, (True,)))
    spread |= find_spread(files[1::4], network, dict.fromkeys(untold, (False,)) | dict.fromkeys(rest, (True,)))
    for key in list(spread):
        spread.setdefault(key.replace(", told", ", untold"), spread[key])
    kept = bundle.config.get("spread", {}) if len(wanted) < len(pairs) else {}
    replace(bundle, config={**bundle.config, "spread": {**kept, **spread}}).save(Path(target))


if __name__ == "__main__":
    main(*sys.argv[1:])
