"""Write the figures of ``results/`` into the cards of the shipped bundles: python tools/update_cards.py.

The reader's card gets the patient and lesion statistics of each setting of ``results/main``, stage I's card the errors
of the phases it generated there. Only figures whose cohort is that of the results are replaced.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hepaphase.benchmark.inputs import MAIN_JOB
from hepaphase.bundle.bundle import Bundle, shipped
from hepaphase.bundle.card import Card, Figure
from hepaphase.evaluation.patient import Statistic, summarize
from hepaphase.evaluation.rows import read_rows

RESULTS = Path(__file__).resolve().parents[1] / "results" / "main"
COHORT = "main-test-2, simulated, phases lined up"
GENERATED = ("mae", "psnr", "ssim")


def is_generated(statistic: Statistic) -> bool:
    """Whether a statistic is about generated voxels."""
    return statistic.name.rsplit("_", 1)[-1] in GENERATED


def figure(statistic: Statistic, given: str) -> Figure:
    """A line of a table as a figure of a card."""
    i = statistic.interval
    unit = "HU" if statistic.name.endswith("_mae") else "dB" if statistic.name.endswith("_psnr") else ""
    return Figure(
        name=f"{statistic.name}, {given}",
        value=i.value,
        num_cases=statistic.num_patients,
        cohort=COHORT,
        unit=unit,
        interval=(i.low, i.high),
    )


def update(kind: str, figures: Sequence[Figure]) -> None:
    """Replace the figures of this cohort in one card."""
    bundle = Bundle.load(shipped(kind), kind=kind)
    card = Card.from_dict(bundle.card)
    kept = [f for f in card.figures if f.cohort != COHORT]
    replace(bundle, card=replace(card, figures=(*kept, *figures)).to_dict()).save(shipped(kind))


def main() -> None:
    """Update both cards."""
    reader: list[Figure] = []
    generator: list[Figure] = []
    for setting in MAIN_JOB:
        for statistic in summarize(read_rows(RESULTS / f"{setting.name}.csv")):
            (generator if is_generated(statistic) else reader).append(figure(statistic, f"given {setting.label}"))
    update("diagnosis", reader)
    update("synthesis", generator)


if __name__ == "__main__":
    main()
