"""``hepaphase benchmark`` on what a report says beside classes."""

from pathlib import Path

import click

from ._options import OUT, models_options


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


COMMANDS = (segments,)
