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
    who = f"the first {len(files)} by name less those in whom something failed"
    facts = {
        "cohort": f"{name}, lined up perfectly",
        "patients": who,
        "completed_cohort": f"{name}, {who}, lined up perfectly, without masks of liver vessels",
    }
    target = Path(physics.__path__[0]) / "bands.json"
    completed = completed_cards(files, (Phase.PVP, Phase.NC))
    write_bands(true_cards(files), completed, target, facts)
    print(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], *(int(v) for v in sys.argv[3:]))
