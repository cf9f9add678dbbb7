"""Write into a shipped bundle which scans trained it: python tools/record_scans.py KIND PREPARED [PREPARED ...].

For models that were trained before the loop did so. PREPARED hold the crops, as they lie and lined up; the benchmarks
then refuse to test the model on any of them.
"""

import sys
from dataclasses import replace
from pathlib import Path

from hepaphase.bundle.bundle import Bundle, shipped
from hepaphase.training.cohort import open_cohort
from hepaphase.training.scans import CARD_FIELD, all_scans, from_text, to_text


def main(kind: str, *folders: str) -> None:
    """Add the scans of ``folders`` to those that the card of ``kind`` names."""
    bundle = Bundle.load(shipped(kind), kind=kind)
    scans = from_text(str(bundle.card.get(CARD_FIELD, "")))
    for folder in folders:
        scans |= all_scans(open_cohort(Path(folder)).files)
    replace(bundle, card={**bundle.card, CARD_FIELD: to_text(scans)}).save(shipped(kind))
    print(f"{kind}: {len(scans)} scans")


if __name__ == "__main__":
    main(*sys.argv[1:])
