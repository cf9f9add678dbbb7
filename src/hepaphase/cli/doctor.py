"""``hepaphase doctor``: what is wrong with a cohort."""

from pathlib import Path

import click

from ._options import FOLDER


@click.command()
@click.argument("cohort", type=FOLDER)
@click.option("--out", type=FOLDER, default=Path("doctor"), show_default=True, help="Where the page and table go.")
@click.option("--against", type=FOLDER, multiple=True, help="Another cohort to look for the same scans in; repeatable.")
@click.option("--layout", help="Name of the layout, when several fit.")
@click.option("--fix", type=FOLDER, help="Write a repaired copy here, in our layout, with a log.")
def command(cohort: Path, out: Path, against: tuple[Path, ...], layout: str | None, fix: Path | None) -> None:
    """Examine every case of COHORT: headers, voxels, masks, doubles, leaks between sets, known defects of the set.

    Writes doctor.html and doctor.csv. The cohort itself is never changed.
    """
    from ..datasets.doctor import audit, repair, write_audit

    found = audit(cohort, against=against, layout=layout)
    for path in write_audit(found, out):
        click.echo(f"{path}")
    errors = sum(c.level == "error" for c in found.complaints)
    click.echo(f"{len(found.facts)} case(s) read as {found.layout}: {errors} error(s), {len(found.complaints)} in all")
    if fix is not None:
        log = repair(cohort, found, fix)
        click.echo(f"{fix}: repaired copy, {len(log)} change(s) in repairs.csv")
