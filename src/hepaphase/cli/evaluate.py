"""``hepaphase evaluate``: readings against the truth."""

from pathlib import Path
from typing import Any

import click

from ._options import FOLDER, OUT


@click.command()
@click.argument("pred", type=FOLDER)
@click.argument("truth", type=FOLDER)
@click.option("--out", type=OUT, help="Folder for patients.csv, lesions.csv, table.md; only printed when not given.")
@click.option("--against", type=FOLDER, help="Other readings of the same cohort: paired differences and DeLong's test.")
@click.option("--deep", is_flag=True, help="Also by size of lesion and by subgroup.")
@click.option("--resamples", default=1000, show_default=True, help="Bootstrap resamples of patients.")
@click.option("--seed", default=0, show_default=True, help="Seed of the bootstrap.")
def command(pred: Path, truth: Path, out: Path | None, resamples: int, seed: int, **wanted: Any) -> None:
    """Hold readings PRED/CASE (as read writes them) against the cohort TRUTH, with 95 % intervals by patient.

    AUC per class, AUC-8, AUC-2, malignant AUC, lesion recall, precision and class accuracy, Dice, and the errors of
    generated phases.
    """
    from ..base.atomic import write_text
    from ..benchmark.folders import against, deeper, evaluate_folders
    from ..evaluation.bootstrap import Bootstrap
    from ..evaluation.lesion_rows import write_lesions
    from ..evaluation.patient import summarize
    from ..evaluation.rows import write_rows
    from ..evaluation.table import markdown

    config = Bootstrap(num_resamples=resamples, seed=seed)
    cases = evaluate_folders(pred, truth)
    rows = [case.row for case in cases]
    table = markdown({pred.name: summarize(rows, config)})
    if wanted["against"] is not None:
        table += against(rows, [case.row for case in evaluate_folders(wanted["against"], truth)], config)
    if wanted["deep"]:
        table += deeper(cases, config)
    if out is not None:
        facts = {"cohort": truth.name, "bootstrap_seed": str(seed)}
        write_rows(out / "patients.csv", rows, facts)
        write_lesions(out / "lesions.csv", [lesion for case in cases for lesion in case.lesions], facts)
        write_text(out / "table.md", table)
    click.echo(table)
    if out is not None:
        click.echo("\n".join(str(out / name) for name in ("patients.csv", "lesions.csv", "table.md")))
