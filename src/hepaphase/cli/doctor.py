"""``hepaphase doctor``: what is wrong with a cohort."""

from functools import cache
from pathlib import Path
from typing import Any

import click

from ._cohort import checks
from ._options import FOLDER, OUT, models_options


@click.command()
@click.argument("cohort", type=FOLDER)
@click.option("--out", type=OUT, default=Path("doctor"), show_default=True, help="Where the page and table go.")
@click.option("--against", type=FOLDER, multiple=True, help="Another cohort to look for the same scans in; repeatable.")
@click.option("--layout", help="Name of the layout, when several fit.")
@click.option("--fix", type=OUT, help="Write a repaired copy here, in our layout, with a log.")
@click.option("--trust-names", is_flag=True, help="Do not measure whether phases are what they are called.")
@models_options
def command(  # noqa: PLR0913
    cohort: Path,
    out: Path,
    against: tuple[Path, ...],
    layout: str | None,
    fix: Path | None,
    trust_names: bool,
    bundles: tuple[Path, ...],
    device: str,
) -> None:
    """Examine every case of COHORT: headers, voxels, masks, doubles, leaks between sets, known defects of the set.

    Phases are measured: one that looks like another than its name says is a warning.

    Writes doctor.html and doctor.csv. The cohort itself is never changed.
    """
    from ..datasets.doctor import audit, repair, write_audit

    measured = _measured(trust_names, bundles, device)
    found = audit(cohort, against=against, layout=layout, **measured)
    for path in write_audit(found, out):
        click.echo(f"{path}")
    errors = sum(c.level == "error" for c in found.complaints)
    click.echo(f"{len(found.facts)} case(s) read as {found.layout}: {errors} error(s), {len(found.complaints)} in all")
    if fix is not None:
        log = repair(cohort, found, fix, namer=measured.get("namer"))
        click.echo(f"{fix}: repaired copy, {len(log)} change(s) in repairs.csv")


def _measured(trust_names: bool, bundles: tuple[Path, ...], device: str) -> dict[str, Any]:
    from ..inference.intake import measured_names
    from ..inference.models import Models, check_device

    where = check_device(device)
    load = cache(lambda: Models.load(bundles).organs)
    if trust_names:
        return {"check": checks(load, trust_names=True)}
    return {"namer": measured_names(load, device=where), "check": checks(load, device=where)}
