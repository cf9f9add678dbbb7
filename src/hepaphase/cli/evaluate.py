"""``hepaphase evaluate``: readings against the truth."""

from pathlib import Path

import click

from ._options import FOLDER


@click.command()
@click.argument("pred", type=FOLDER)
@click.argument("truth", type=FOLDER)
@click.option("--out", type=FOLDER, help="Folder for patients.csv and table.md; only printed when not given.")
@click.option("--resamples", default=1000, show_default=True, help="Bootstrap resamples of patients.")
@click.option("--seed", default=0, show_default=True, help="Seed of the bootstrap.")
def command(pred: Path, truth: Path, out: Path | None, resamples: int, seed: int) -> None:
    """Hold readings PRED/CASE (as read writes them) against the cohort TRUTH, with 95 % intervals by patient.

    AUC per class, AUC-8, AUC-2, malignant AUC, lesion recall, precision and class accuracy, Dice, and the errors of
    generated phases.
    """
    from ..base.atomic import write_text
    from ..benchmark.folders import compare_folders
    from ..evaluation.bootstrap import Bootstrap
    from ..evaluation.patient import summarize
    from ..evaluation.rows import write_rows
    from ..evaluation.table import markdown

    config = Bootstrap(num_resamples=resamples, seed=seed)
    rows = compare_folders(pred, truth)
    table = markdown({pred.name: summarize(rows, config)})
    if out is not None:
        write_rows(out / "patients.csv", rows, {"cohort": truth.name, "bootstrap_seed": str(seed)})
        write_text(out / "table.md", table)
    click.echo(table)
