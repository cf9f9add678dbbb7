"""``hepaphase export``: a cohort for other software."""

from pathlib import Path

import click

from ._cohort import cohort_tools
from ._options import FOLDER, OUT, models_options


@click.command()
@click.argument("cohort", type=FOLDER)
@click.argument("out", type=OUT)
@click.option("--phases", default="NC,AP,PVP,DP", show_default=True, help="The channels, in order.")
@click.option("--no-register", is_flag=True, help="Trust the scanner's positions instead of lining the phases up.")
@models_options
def command(cohort: Path, out: Path, phases: str, no_register: bool, bundles: tuple[Path, ...], device: str) -> None:
    """Write COHORT as an nnU-Net raw dataset to OUT, with a MONAI data list beside it.

    Phases are named as by prepare where the source does not tell them, lined up with the reference and judged. A case
    that lacks one of the phases, or where one is in doubt or cannot be lined up, is left out and named.
    """
    from ..datasets.export import export
    from ..inference.models import Models, check_device
    from ..prepare.case import line_up_study
    from ..study.phase import Phase

    tools = cohort_tools(Models.load(bundles).organs, device=check_device(device))
    segment = tools.segment
    assert segment is not None, "cohort_tools always finds livers"
    left_out = export(
        cohort,
        out,
        phases=[Phase.parse(name) for name in phases.split(",")],
        namer=tools.namer,
        settle=None if no_register else lambda study: line_up_study(study, segment),
    )
    click.echo(f"{out}: dataset.json, monai_datalist.json")
    if left_out:
        click.echo(f"left out, a phase is missing, in doubt or not lined up: {', '.join(left_out)}")
