"""``hepaphase fill``: missing phases of a training cohort made by a generator."""

from pathlib import Path

import click

from ._options import FOLDER, OUT, models_options, parse_phases


@click.command()
@click.argument("crops", type=FOLDER)
@click.argument("out", type=OUT)
@click.option("--given", help="Phases that the generator sees, such as NC; the others are made anew.  [default: all]")
@click.option("--method", help="Generator, such as kinetic or carry; default what the synthesis bundle is for.")
@click.option("--untold", is_flag=True, help="Keep patient, injection and tube from the generator.")
@models_options
def command(
    crops: Path, out: Path, given: str | None, method: str | None, untold: bool, bundles: tuple[Path, ...], device: str
) -> None:
    """Write the prepared cases of CROPS to OUT with all four phases, the missing ones generated.

    Each file names the phases that were generated. Such cases train; they are refused for validation and in benchmarks.
    """
    from ..inference.models import Models, check_device
    from ..synthesis.load import generator_of, load_generator
    from ..training.filled import fill_crops

    where, bundle = check_device(device), Models.load(bundles).synthesis
    generator = load_generator(method, [bundle], device=where) if method else generator_of(bundle, device=where)
    by = method or str(bundle.config["generator"])
    by += ", untold" if untold else ""
    written = fill_crops(crops, out, generator, given=parse_phases(given) or (), by=by, told=not untold)
    click.echo(f"{len(written)} case(s) in {out}")
