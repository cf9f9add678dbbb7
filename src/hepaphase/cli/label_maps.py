"""``hepaphase label-maps``: what the organ masks are trained on."""

from pathlib import Path

import click

from ._options import OUT


@click.command()
@click.argument("out", type=OUT)
@click.option("--cases", default=40, show_default=True, type=click.IntRange(min=0), help="Simulated bodies.")
@click.option("--seed", default=1_900_000, show_default=True, help="Of the first simulated body; the others follow.")
@click.option("--organs", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A label map of organs.")
@click.option(
    "--names", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="What its labels are (JSON)."
)
@click.option("--bodies", default=40, show_default=True, type=click.IntRange(min=1), help="Bodies around those organs.")
def command(out: Path, cases: int, seed: int, organs: Path | None, names: Path | None, bodies: int) -> None:
    """Write whole-torso label maps to OUT, for: hepaphase train organs OUT RUN.

    With --organs, procedural bodies are put around a real label map (NIfTI) as well, each with organs of other sizes
    and shapes; --names says what its labels are: {"6": "LIVER", "8": "AORTA", ...}. Liver and aorta are needed.
    """
    from ..base.log import track
    from ..phantom.label_maps import read_names, read_organs, write_embedded, write_simulated

    if (organs is None) != (names is None):
        raise click.UsageError("Give --organs and --names together.")
    if organs is None and cases == 0:
        raise click.UsageError("--cases 0 leaves nothing to write. Give --cases, or --organs and --names.")
    written = 0
    for number in track(range(seed, seed + cases), title="simulated bodies"):
        written += len(write_simulated(out, num_maps=1, seed=number))
    if organs is not None and names is not None:
        stem = organs.name.split(".")[0]
        written += len(write_embedded(out, read_organs(organs, read_names(names)), num_maps=bodies, seed=0, name=stem))
    click.echo(f"{written} label maps in {out}")
