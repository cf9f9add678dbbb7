"""Writes docs/concepts/models.md from the shipped bundles and results/: python docs/make_models.py."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))  # this tree, whatever is installed

from hepaphase.benchmark.inputs import MAIN_JOB
from hepaphase.bundle.bundle import Bundle, shipped
from hepaphase.bundle.card import Card
from hepaphase.evaluation.patient import summarize
from hepaphase.evaluation.rows import read_rows
from hepaphase.evaluation.table import markdown

PAGE = ROOT / "docs" / "concepts" / "models.md"
KINDS = ("organs", "synthesis", "diagnosis")
HEAD = """# The models that ship

Made by `docs/make_models.py` from the cards inside the bundles and the rows of patients under `results/`. Research use
only. Everything on this page was measured on **simulated** patients unless a line says real CT; nothing here says how
the models do on patients.

## Reading with and without generated phases

250 simulated patients (`sim-1k-test`), never seen in training, on the working grid with the true liver mask, phases
[lined up](registration.md), from the images alone. Values with 95 % intervals from 1000 bootstrap resamples of
patients, seed 0. The last columns give the number of patients behind a line, and of those (or of lesions) that are
positive. Errors of generated phases are against the noise-free truth, lined up by the same transform as the scan, so
they hold what registration leaves; `benchmark synthesis` measures them without it. What any reader could reach on
these patients lies between 0.67 and 0.95 from NC and between 0.83 and 1.00 from all four phases (AUC over eight
classes, [ceiling](ceiling.md)). The same of `sim-ext`, another hospital, is in the card below.

"""
HOW = """
Remake it:

```sh
hepaphase simulate crops --cohort sim-1k-test --prepared --workers 2     # the cases named in results/sim-1k/all.csv
hepaphase prepare crops lined-up --workers 2
hepaphase benchmark diagnosis lined-up results/sim-1k --cohort sim-1k-test --workers 2
python tools/update_cards.py && python docs/make_models.py
```

A generated phase is a function of the phases it was made from, so it carries no information that they do not: where the
middle column is above the first, the reader made better use of the same information; where it is below, generating did
harm. `read` therefore lets the reader see scanned phases only, unless asked with `--read-generated`.

"""


def page() -> str:
    """The whole page."""
    columns = {s.label: summarize(read_rows(ROOT / "results" / "sim-1k" / f"{s.name}.csv")) for s in MAIN_JOB}
    cards = (Card.from_dict(Bundle.load(shipped(kind), kind=kind).card).to_markdown() for kind in KINDS)
    return HEAD + markdown(columns) + HOW + "\n".join(re.sub(r"^#", "##", card, flags=re.M) for card in cards)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
