"""``hepaphase iodine``: what contrast agent a phase holds, and the phase without it."""

from pathlib import Path

import click

from ._options import OUT, SOURCE, echo_written, models_options, parse_sources


@click.command()
@click.argument("case", type=SOURCE)
@click.argument("out", type=OUT)
@click.option("--phase", default="PVP", show_default=True, help="Scanned phase with contrast agent: AP, PVP or DP.")
@click.option("--kvp", default=120.0, show_default=True, help="Tube voltage.")
@click.option("--phases", help="What the input is, when CASE is one volume or DICOM; as for read.")
@models_options
def command(
    case: Path, out: Path, phase: str, kvp: float, phases: str | None, bundles: tuple[Path, ...], device: str
) -> None:
    """Write an iodine map (mg/ml) and a virtual non-contrast scan of one phase of CASE to OUT, around the liver.

    From the pair with the non-contrast phase where that was scanned, else from a generated pair.
    """
    from ..inference.iodine import iodine_maps
    from ..inference.models import Models, check_device
    from ..io.source import read_source
    from ..study.phase import Phase

    study, where = read_source(case, phases=parse_sources(phases)), check_device(device)
    echo_written(iodine_maps(study, Phase.parse(phase), Models.load(bundles), out, kvp=kvp, device=where))
