"""Give a kinetic bundle the factors its standard deviations need, found on validation patients.

    python tools/calibrate_synthesis.py IN.hepa OUT.hepa KEEP COHORT [COHORT ...] [INPUTS ...]

Every subset of the phases is judged told of patient, injection and tube on all cases of each COHORT (a folder of
prepared simulated exams; ``COHORT=96`` takes the first 96); NC, PVP, and both, which practice has most, untold as well.
Untold, any other subset has the factors of told. With INPUTS (``PVP``, ``NC,PVP``) only these are judged; the factors
of all others stay as they are in IN.hepa. KEEP holds what was found of each patient, so that a run that was stopped
goes on; it must be empty for other weights or other rules of the generator.
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

NC, PVP = Phase.NC, Phase.PVP
SUBSETS = [subset for size in (1, 2, 3) for subset in combinations(Phase, size)]
UNTOLD = ((NC,), (PVP,), (NC, PVP))


def main(source: str, target: str, keep: str, *told: str) -> None:
    """See the module."""
    torch.set_num_threads(1)
    bundle = Bundle.load(Path(source), kind="synthesis")
    files: list[Path] = []
    for text in (t for t in told if Path(t.partition("=")[0]).is_dir()):
        folder, _, number = text.partition("=")
        files += open_cohort(Path(folder)).files[: int(number) if number else None]
    named = [tuple(Phase(p) for p in t.split(",")) for t in told if not Path(t.partition("=")[0]).is_dir()]
    asked = {s: (True, False) if s in UNTOLD else (True,) for s in named or SUBSETS}
    Path(keep).mkdir(parents=True, exist_ok=True)
    spread = find_spread(files, Generator.from_bundle(bundle).network, asked, keep=Path(keep))
    for key in list(spread):
        spread.setdefault(key.replace(", told", ", untold"), spread[key])
    kept = bundle.config.get("spread", {}) if named else {}
    replace(bundle, config={**bundle.config, "spread": {**kept, **spread}}).save(Path(target))


if __name__ == "__main__":
    main(*sys.argv[1:])
