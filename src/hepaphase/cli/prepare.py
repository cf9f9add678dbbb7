"""``hepaphase prepare``: a cohort to model input."""

from pathlib import Path

import click

from ._cohort import cohort_tools, tell_prepared
from ._options import FOLDER, OUT, models_options


@click.command()
@click.argument("cohort", type=FOLDER)
@click.argument("out", type=OUT)
@click.option("--memory", type=float, help="Also write plan.json, with a batch that fits so many GiB.")
@click.option("--trust-names", is_flag=True, help="Do not measure whether phases are what they are called.")
@click.option("--no-register", is_flag=True, help="Trust the scanner's positions instead of lining the phases up.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes side by side, for crops that are lined up.",
)
@models_options
def command(  # noqa: PLR0913
    cohort: Path,
    out: Path,
    memory: float | None,
    trust_names: bool,
    no_register: bool,
    workers: int,
    bundles: tuple[Path, ...],
    device: str,
) -> None:
    """Put every case of COHORT on the liver grid, one file per case in OUT; unchanged cases are kept.

    COHORT is a cohort in a known layout or a folder of DICOM studies. A case without a liver mask gets one from the
    organ model. Phases that the source does not name are measured, and a case in doubt is left out; phases that it
    names are measured too, and a name that does not fit is a warning (warnings.csv). Phases are lined up with the
    reference and judged as by read; one that fails counts as missing, and registration.csv says what was found of each.
    Where COHORT is a folder of crops, as simulate --prepared writes them, their phases are lined up with the reference.
    """
    if any(cohort.glob("*.npz")):
        from ..prepare.crops import line_up_crops

        click.echo(f"{len(line_up_crops(cohort, out, workers=workers))} crop(s) lined up in {out}")
        return
    from ..prepare.cohort import prepare_cohort

    if memory is not None:
        _plan(cohort, out, memory)
    from ..inference.models import Models, check_device

    tools = cohort_tools(
        Models.load(bundles).organs,
        device=check_device(device),
        trust_names=trust_names,
        register=not no_register,
    )
    tell_prepared(prepare_cohort(cohort, out, tools=tools), out)


def _plan(cohort: Path, out: Path, memory_gib: float) -> None:
    from ..prepare.fingerprint import fingerprint
    from ..prepare.plan import make_plan, write_plan

    facts = fingerprint(cohort)
    plan = make_plan(facts, memory_gib=memory_gib)
    write_plan(out / "plan.json", facts, plan)
    for line in (*plan.reasons, f"preparing takes at most {plan.prepare_peak_mib:.0f} MiB"):
        click.echo(line)
