"""``hepaphase prepare``: a cohort to model input."""

from pathlib import Path

import click

from ._options import FOLDER, models_options


@click.command()
@click.argument("cohort", type=FOLDER)
@click.argument("out", type=FOLDER)
@click.option("--memory", type=float, help="Also write plan.json, with a batch that fits so many GiB.")
@models_options
def command(cohort: Path, out: Path, memory: float | None, bundles: tuple[Path, ...], device: str) -> None:
    """Put every case of COHORT on the liver grid, one file per case in OUT; unchanged cases are kept.

    A case without a liver mask gets one from the organ model.
    """
    from ..inference.models import Models, check_device
    from ..organs.segment import segment_organs
    from ..prepare.cohort import prepare_cohort

    if memory is not None:
        _plan(cohort, out, memory)
    organs, where = Models.load(bundles).organs, check_device(device)
    paths = prepare_cohort(cohort, out, segment=lambda volume: segment_organs(volume, organs, device=where)["liver"])
    click.echo(f"{len(paths)} case(s) in {out}")


def _plan(cohort: Path, out: Path, memory_gib: float) -> None:
    from ..prepare.fingerprint import fingerprint
    from ..prepare.plan import make_plan, write_plan

    facts = fingerprint(cohort)
    plan = make_plan(facts, memory_gib=memory_gib)
    write_plan(out / "plan.json", facts, plan)
    for line in (*plan.reasons, f"preparing takes at most {plan.prepare_peak_mib:.0f} MiB"):
        click.echo(line)
