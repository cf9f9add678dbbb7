"""``hepaphase benchmark`` on what a report says beside classes."""

from pathlib import Path
from typing import Any

import click

from ._options import FOLDER, OUT, models_options


@click.command("segments")
@click.argument("cohort")
@click.argument("out", type=OUT)
@click.option("--cases", default=90, show_default=True, help="So many patients of it, evenly spaced.")
@click.option("--resamples", default=1000, show_default=True, help="Bootstrap resamples of patients.")
@models_options
def segments(cohort: str, out: Path, cases: int, resamples: int, bundles: tuple[Path, ...], device: str) -> None:
    """Couinaud's segment of each lesion in patients of COHORT, such as sim-1k-test, told by our own masks.

    Patients are simulated anew, at rest, and NC and PVP are given alone. Writes segments.csv and table.md to OUT.
    """
    from ..benchmark.chain import spread
    from ..benchmark.segments import run, write
    from ..evaluation.bootstrap import Bootstrap
    from ..inference.models import Models, check_device
    from ..phantom.cohorts import named_cohort

    check_device(device)
    named = named_cohort(cohort)
    seeds = spread(named.seeds(), cases)
    rows = run(seeds, Models.load(bundles), named.population)
    facts = f"{len(seeds)} of the patients of {cohort}, evenly spaced; simulated, at rest; own masks."
    click.echo(write(rows, out, facts, Bootstrap(num_resamples=resamples)))


@click.command("lirads")
@click.argument("prepared", type=FOLDER)
@click.argument("out", type=OUT)
@click.option("--cohort", default="", help="Name of the cohort, written above the table.")
@click.option("--cases", default=0, show_default=True, help="Only the first so many cases; 0 for all.")
@click.option("--resamples", default=1000, show_default=True, help="Bootstrap resamples of patients.")
@models_options
def lirads(
    prepared: Path, out: Path, cohort: str, cases: int, resamples: int, bundles: tuple[Path, ...], device: str
) -> None:
    """LI-RADS categories of the lesions found in PREPARED, by their true class.

    Those of patients at risk, who get a category in a report, and those of all as if they were. Writes lirads.csv and
    table.md to OUT.
    """
    from ..benchmark.lirads import run, write
    from ..evaluation.bootstrap import Bootstrap
    from ..inference.models import Models, check_device

    check_device(device)
    rows = run(prepared, Models.load(bundles).diagnosis, at_most=cases)
    click.echo(write(rows, out, f"Lesions found in {cohort or prepared.name}.", Bootstrap(num_resamples=resamples)))


@click.command("ood")
@click.argument("learned", type=FOLDER)
@click.argument("held", type=FOLDER)
@click.argument("out", type=OUT)
@click.option("--test", type=FOLDER, help="Prepared patients on which the scores are tried.")
@click.option("--names", default="", help="Names of LEARNED and HELD, with a comma, for the file.")
@click.option("--cases", default=0, show_default=True, help="Only the first so many cases of each; 0 for all.")
@click.option("--resamples", default=1000, show_default=True, help="Bootstrap resamples of patients.")
@models_options
def ood(
    learned: Path, held: Path, out: Path, names: str, cases: int, resamples: int, bundles: tuple[Path, ...], **more: Any
) -> None:
    """What is usual of lesions and scans, for the score of how unlike a study is: from prepared simulated patients.

    True lesions of LEARNED give mean and covariance; what the reader finds in HELD says how often a distance is
    reached. Writes ood.json (what read scores by, for this reader alone) and with --test table.md to OUT.
    """
    from ..benchmark.ood import make, run, write
    from ..evaluation.bootstrap import Bootstrap
    from ..inference.models import Models, check_device

    check_device(more["device"])
    reader = Models.load(bundles).diagnosis
    first, second, tested = run(learned, held, more["test"], reader, at_most=cases)
    told = [*names.split(","), "", ""][:2]
    facts = {"learned": told[0] or learned.name, "held_out": told[1] or held.name}
    click.echo(write(make(first, second, reader, facts), tested, out, Bootstrap(num_resamples=resamples)))


COMMANDS = (segments, lirads, ood)
