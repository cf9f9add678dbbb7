"""Make ``evaluation/physics/bands.json`` from prepared simulated patients: PREPARED NAME [COUNT]."""

import sys
from pathlib import Path

from hepaphase.benchmark.physics import completed_cards, true_cards, write_bands
from hepaphase.evaluation import physics
from hepaphase.study.phase import Phase
from hepaphase.training.cohort import open_cohort


def main(prepared: Path, name: str, count: int = 200) -> None:
    """Measure the first ``count`` cases and write the file."""
    files = open_cohort(prepared).files[:count]
    facts = {"cohort": name, "patients": f"the first {len(files)} by name"}
    target = Path(physics.__path__[0]) / "bands.json"
    completed = completed_cards(files, (Phase.PVP, Phase.NC))
    write_bands(true_cards(files), completed, target, facts)
    print(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], *(int(v) for v in sys.argv[3:]))
