"""``hepaphase check-physics``: whether contrast agent could have made these phases."""

from pathlib import Path

import click

from ._options import OUT, SOURCE, models_options, parse_phases, parse_sources


@click.command()
@click.argument("case", type=SOURCE)
@click.option("--out", type=OUT, help="Folder for physics.json and table.md; only printed when not given.")
@click.option("--phases", help="What the input is, when CASE is DICOM or one volume; as for read.")
@click.option("--complete", default="none", show_default=True, help="Missing phases to generate first: AP,DP or all.")
@click.option("--kvp", default=120.0, show_default=True, help="Tube voltage.")
@click.option("--dose", type=float, help="Iodine given, in grams; without it the measure of mass is left out.")
@click.option("--no-register", is_flag=True, help="Trust the scanner's positions instead of lining the phases up.")
@models_options
def command(  # noqa: PLR0913
    case: Path,
    out: Path | None,
    phases: str | None,
    complete: str,
    kvp: float,
    dose: float | None,
    no_register: bool,
    bundles: tuple[Path, ...],
    device: str,
) -> None:
    """Take the twelve physics measures of CASE, scanned and generated phases alike.

    Beside each value stand the range of the physics notes and the band that true phases of simulated patients keep.
    """
    from ..base.atomic import write_json, write_text
    from ..inference.models import Models, check_device
    from ..inference.physics import PhysicsOptions, check_physics
    from ..io.source import read_source
    from ..study.phase import Phase

    targets = parse_phases(complete)
    study = read_source(case, phases=parse_sources(phases))
    options = PhysicsOptions(
        kvp=kvp,
        dose_mg=None if dose is None else 1000 * dose,
        register=not no_register,
        complete=tuple(Phase) if targets is None else targets,
        device=check_device(device),
    )
    card, warnings = check_physics(study, Models.load(bundles), options)
    if out is not None:
        write_json(out / "physics.json", card.to_json())
        write_text(out / "table.md", card.to_markdown())
    for warning in warnings:
        click.echo(warning, err=True)
    click.echo(card.to_markdown())
    if out is not None:
        click.echo(f"{out / 'physics.json'}\n{out / 'table.md'}")
