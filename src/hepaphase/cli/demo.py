"""``hepaphase demo``: the main job on a study that needs nothing else."""

from pathlib import Path

import click

from ._options import OUT, models_options
from ._progress import steps_option, steps_told


@click.command()
@click.option("--out", type=OUT, default=Path("out/demo"), show_default=True, help="Folder to write.")
@steps_option
@models_options
def command(out: Path, steps: bool, bundles: tuple[Path, ...], device: str) -> None:
    """Read a simulated four-phase study from which the arterial and the delayed phase are withheld.

    The study is replayed from its seed. The two phases are generated, the lesions found and named, and the report
    shows the withheld phases beside the generated ones.
    """
    from ..inference.demo import DEMO, demo_study, truth_lines, withheld_phases
    from ..inference.models import Models, check_device
    from ..inference.options import ReadOptions
    from ..inference.pace import DEMO as STEPS
    from ..inference.pipeline import read
    from ..inference.write import check_output, holds_reading_of, write_reading
    from .read import summary

    check_output(out, overwrite=holds_reading_of(DEMO, out))
    with steps_told(STEPS, say=steps) as told:
        told("simulate")
        given, whole = demo_study()
        models = Models.load(bundles)
        reading = read(given, models, ReadOptions(device=check_device(device)), heard=told)
        told("compare")
        withheld = withheld_phases(whole, reading)
        told("write")
        paths = write_reading(reading, out, models, withheld=withheld)
    for path in paths:
        click.echo(str(path))
    click.echo(summary(reading))
    for line in truth_lines(whole, reading):
        click.echo(line)
