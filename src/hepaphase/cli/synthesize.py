"""``hepaphase synthesize``: stage I alone."""

from pathlib import Path
from typing import Any

import click

from ._options import OUT, SOURCE, echo_written, models_options, parse_reference, parse_sources
from ._progress import steps_option, steps_told


@click.command()
@click.argument("case", type=SOURCE)
@click.argument("out", type=OUT)
@click.option("--phase", required=True, help="Phase to generate: NC, AP, PVP or DP.")
@click.option("--time", "time_s", type=float, help="Seconds after the start of injection; default the phase's own.")
@click.option("--method", help="Generator, such as kinetic or carry; default what the synthesis bundle is for.")
@click.option(
    "--known",
    multiple=True,
    metavar="NAME=VALUE",
    help="What is known beside the scan, such as weight_kg=70; repeatable. See the tutorial on your own case.",
)
@click.option("--phases", help="What the input is, when CASE is one volume or DICOM; as for read.")
@click.option("--reference", help="Phase on whose grid it is generated; default PVP, else AP, DP, NC.")
@steps_option
@models_options
def command(  # noqa: PLR0913
    case: Path,
    out: Path,
    phase: str,
    time_s: float | None,
    method: str | None,
    known: tuple[str, ...],
    phases: str | None,
    bundles: tuple[Path, ...],
    device: str,
    **more: Any,
) -> None:
    """Generate one phase of CASE, at its usual time or at any other, with its uncertainty; writes OUT."""
    from dataclasses import replace

    from ..inference.models import Models, check_device
    from ..inference.pace import SYNTHESIZE
    from ..inference.single import synthesize
    from ..io.source import read_source
    from ..study.phase import Phase
    from ..synthesis.facts import parse_known

    target, reference, where = Phase.parse(phase), parse_reference(more["reference"]), check_device(device)
    facts = parse_known(known)
    with steps_told(SYNTHESIZE, say=more["steps"]) as told:
        told("take in")
        study = read_source(case, phases=parse_sources(phases))
        study = replace(study, clinical={**study.clinical, **facts})
        models = Models.load(bundles)
        how: dict[str, Any] = {"time_s": time_s, "method": method, "reference": reference, "device": where}
        written = synthesize(study, target, models, out, heard=told, **how)
    echo_written(written)
