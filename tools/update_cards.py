"""Write the figures of ``results/`` into the cards of the shipped bundles: python tools/update_cards.py.

The reader's card gets the patient and lesion statistics of each setting of ``results/sim-1k`` and ``results/sim-ext``,
and what it finds of the lesions put into real scans (``results/real-lab``); stage I's card the errors of the phases it
generated there, and errors and coverage from NC and from PVP of ``results/synthesis``. Only figures whose cohort is one
of these results' are replaced.
"""

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from scipy.stats import binomtest

from hepaphase.benchmark.inputs import MAIN_JOB
from hepaphase.bundle.bundle import Bundle, shipped
from hepaphase.bundle.card import Card, Figure
from hepaphase.evaluation.patient import Statistic, summarize
from hepaphase.evaluation.rows import read_rows

RESULTS = Path(__file__).resolve().parents[1] / "results"
COHORTS = {
    "sim-1k": "sim-1k-test, simulated, phases lined up",
    "sim-ext": "sim-ext, simulated, phases lined up",
}
"""Folder of results to the cohort that its figures are of."""
STAGE_I = {"sim-1k-test": "sim-1k-test, all 250, told", "sim-ext": "sim-ext, 125, told"}
"""Likewise, of folders of ``results/synthesis``."""
STAGE_I_NAMES = (
    *("liver_mae", "liver_mean_mae", "lesion_mae", "lesion_mean_mae"),
    *(f"{region}_cover{share}" for region in ("liver", "lesion", "lesion_mean") for share in (68, 95)),
    *("made_up_local_healthy", "made_up_unfounded_healthy"),
)
REAL = "lesions painted into four real scans, one phase each"
GENERATED = ("mae", "psnr", "ssim")


def is_generated(statistic: Statistic) -> bool:
    """Whether a statistic is about generated voxels."""
    return statistic.name.rsplit("_", 1)[-1] in GENERATED


def figure(statistic: Statistic, given: str, cohort: str) -> Figure:
    """A line of a table as a figure of a card."""
    i = statistic.interval
    unit = "HU" if statistic.name.endswith("_mae") else "dB" if statistic.name.endswith("_psnr") else ""
    return Figure(
        name=f"{statistic.name}, {given}",
        value=i.value,
        num_cases=statistic.num_patients,
        cohort=cohort,
        unit=unit,
        interval=(i.low, i.high),
    )


def real_figures() -> list[Figure]:
    """What was found of the lesions put into real scans, with Wilson's intervals, as if they were independent."""
    with (RESULTS / "real-lab" / "rows.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    true = [r for r in rows if r["lesion_class"]]
    found = [r for r in true if r["found_class"]]
    named = [r for r in found if r["lesion_class"] == r["found_class"]]
    return [_share("sensitivity", len(found), len(true)), _share("class right, of those found", len(named), len(found))]


def stage_i_figures(folder: str, cohort: str) -> list[Figure]:
    """What ``benchmark synthesis`` says of the phases made from NC and from PVP."""
    with (RESULTS / "synthesis" / folder / "statistics.csv").open(newline="", encoding="utf-8") as file:
        lines = [line for line in csv.DictReader(file) if line["generator"] == "kinetic"]
    wanted = [line for line in lines if line["statistic"].startswith(("NC to ", "PVP to "))]
    return [
        Figure(
            name=line["statistic"],
            value=float(line["value"]),
            num_cases=int(line["num_patients"]),
            cohort=cohort,
            unit="HU" if line["statistic"].endswith("_mae") else "",
            interval=(float(line["low"]), float(line["high"])),
        )
        for line in wanted
        if line["statistic"].split(": ")[1] in STAGE_I_NAMES
    ]


def _share(name: str, count: int, total: int) -> Figure:
    i = binomtest(count, total).proportion_ci(method="wilson")
    return Figure(name=name, value=count / total, num_cases=total, cohort=REAL, interval=(float(i.low), float(i.high)))


def update(kind: str, figures: Sequence[Figure]) -> None:
    """Replace the figures of these cohorts in one card."""
    bundle = Bundle.load(shipped(kind), kind=kind)
    card = Card.from_dict(bundle.card)
    kept = [f for f in card.figures if f.cohort not in {*COHORTS.values(), *STAGE_I.values(), REAL}]
    replace(bundle, card=replace(card, figures=(*kept, *figures)).to_dict()).save(shipped(kind))


def main() -> None:
    """Update both cards."""
    reader: list[Figure] = []
    generator: list[Figure] = []
    for folder, cohort in COHORTS.items():
        for setting in MAIN_JOB:
            for statistic in summarize(read_rows(RESULTS / folder / f"{setting.name}.csv")):
                part = generator if is_generated(statistic) else reader
                part.append(figure(statistic, f"given {setting.label}", cohort))
    update("diagnosis", [*reader, *real_figures()])
    for folder, cohort in STAGE_I.items():
        generator += stage_i_figures(folder, cohort)
    update("synthesis", generator)


if __name__ == "__main__":
    main()
