"""``hepaphase prepare``: a cohort to model input."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ._options import FOLDER, models_options

if TYPE_CHECKING:
    from ..bundle.bundle import Bundle
    from ..prepare.cohort import Tools


@click.command()
@click.argument("cohort", type=FOLDER)
@click.argument("out", type=FOLDER)
@click.option("--memory", type=float, help="Also write plan.json, with a batch that fits so many GiB.")
@click.option("--trust-names", is_flag=True, help="Do not measure whether phases are what they are called.")
@click.option("--workers", default=1, show_default=True, help="Processes side by side, for crops that are lined up.")
@models_options
def command(
    cohort: Path,
    out: Path,
    memory: float | None,
    trust_names: bool,
    workers: int,
    bundles: tuple[Path, ...],
    device: str,
) -> None:
    """Put every case of COHORT on the liver grid, one file per case in OUT; unchanged cases are kept.

    COHORT is a cohort in a known layout or a folder of DICOM studies. A case without a liver mask gets one from the
    organ model. Phases that the source does not name are measured, and a case in doubt is left out; phases that it
    names are measured too, and a name that does not fit is a warning (warnings.csv). Where COHORT is a folder of crops,
    as simulate --prepared writes them, their phases are lined up with the reference.
    """
    if any(cohort.glob("*.npz")):
        from ..prepare.crops import line_up_crops

        click.echo(f"{len(line_up_crops(cohort, out, workers=workers))} crop(s) lined up in {out}")
        return
    from ..prepare.cohort import prepare_cohort

    if memory is not None:
        _plan(cohort, out, memory)
    from ..inference.models import Models, check_device

    done = prepare_cohort(cohort, out, tools=_tools(Models.load(bundles).organs, check_device(device), trust_names))
    click.echo(f"{len(done.paths)} case(s) in {out}")
    if done.left_out:
        click.echo(f"left out, phases in doubt: {', '.join(done.left_out)}")
    if done.warnings:
        click.echo(f"{len(done.warnings)} warning(s) in {out / 'warnings.csv'}")


def _tools(organs: "Bundle", device: str, trust_names: bool) -> "Tools":
    from ..inference.intake import check_masks, check_names, measured_names
    from ..organs.segment import segment_organs
    from ..prepare.cohort import Tools

    return Tools(
        segment=lambda volume: segment_organs(volume, organs, device=device)["liver"],
        namer=measured_names(lambda: organs, device=device),
        check=lambda study: (
            *check_masks(study),
            *(() if trust_names else check_names(study, lambda: organs, each=False, device=device)),
        ),
        fingerprint=organs.fingerprint() + (" names trusted" if trust_names else ""),
    )


def _plan(cohort: Path, out: Path, memory_gib: float) -> None:
    from ..prepare.fingerprint import fingerprint
    from ..prepare.plan import make_plan, write_plan

    facts = fingerprint(cohort)
    plan = make_plan(facts, memory_gib=memory_gib)
    write_plan(out / "plan.json", facts, plan)
    for line in (*plan.reasons, f"preparing takes at most {plan.prepare_peak_mib:.0f} MiB"):
        click.echo(line)
