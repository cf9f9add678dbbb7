"""``hepaphase benchmark diagnosis``: stage II on patients whose truth is known."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..base.errors import InputError
from ._options import FILE, FOLDER, OUT, models_options

if TYPE_CHECKING:
    from ..evaluation.bootstrap import Bootstrap


@click.command("diagnosis")
@click.argument("prepared", type=FOLDER)
@click.argument("out", type=OUT)
@click.option("--cohort", default="", help="Name of the cohort, written beside every figure.")
@click.option("--scale", default="", help="Scale the models were trained at, written beside every figure.")
@click.option("--workers", default=1, show_default=True, help="Processes side by side; the figures do not change.")
@click.option("--flips", is_flag=True, help="Average over all mirrorings; eight times the time.")
@click.option("--ensemble", multiple=True, type=FILE, help="Reader averaged with the first; each costs as much again.")
@click.option("--subsets", is_flag=True, help="Every subset of phases instead, and what each phase is worth.")
@click.option(
    "--settings",
    help="Only these, with commas: nc, nc_generated, all, subsets such as nc_pvp, or such completed: nc_pvp_generated.",
)
@click.option("--cases", default=0, help="Only the first so many cases; 0 for all.", show_default=True)
@click.option("--deep", is_flag=True, help="Also by size of lesion, FROC and subgroups, in deep.md.")
@click.option("--validation", type=FOLDER, help="Prepared patients that choose the operating points of screening.")
@click.option(
    "--rows", type=FOLDER, help="OUT of an earlier run on PREPARED, whose rows are used in place of reading again."
)
@click.option(
    "--lidia",
    type=FOLDER,
    help="Rows of LIDIA's trainings (OUT of lidia-row): writes its three tables beside, lidia.md.",
)
@click.option("--resamples", default=1000, show_default=True, help="Bootstrap resamples of patients.")
@click.option("--seed", default=0, show_default=True, help="Seed of the bootstrap.")
@models_options
def diagnosis(  # noqa: PLR0913
    prepared: Path,
    out: Path,
    cohort: str,
    scale: str,
    workers: int,
    resamples: int,
    seed: int,
    bundles: tuple[Path, ...],
    device: str,
    **wanted: Any,
) -> None:
    """Read PREPARED (as prepare writes it, with truth) from NC alone, from NC and generated phases, and from all.

    Writes one CSV of patients and one of lesions per setting and table.md to OUT; with --lidia also LIDIA's tables of
    rivals, ablation and iterative fusion (lidia.md), as benchmark lidia-tables makes them. With --rows no patient of
    PREPARED is read again.
    """
    from ..base.atomic import write_text
    from ..benchmark.ceiling.beside import beside_readings
    from ..benchmark.deep import Deep, deep_text
    from ..benchmark.diagnosis import Reading, run, stored, write
    from ..benchmark.inputs import MAIN_JOB, SUBSETS, named_inputs
    from ..bundle.bundle import Bundle
    from ..evaluation.bootstrap import Bootstrap
    from ..inference.models import Models, check_device

    config = Bootstrap(num_resamples=resamples, seed=seed)
    lidia = _lidia_tables(wanted["lidia"], cohort, config)
    models = Models.load(bundles)
    asked = MAIN_JOB if wanted["settings"] is None else named_inputs(wanted["settings"].split(","))
    reading = Reading(
        settings=SUBSETS if wanted["subsets"] else asked,
        at_most=wanted["cases"],
        diagnosis=models.diagnosis,
        synthesis=models.synthesis,
        device=check_device(device),
        flips=wanted["flips"],
        ensemble=tuple(Bundle.load(path, kind="diagnosis") for path in wanted["ensemble"]),
    )
    kept = wanted["rows"]
    results = run(prepared, reading, workers=workers) if kept is None else stored(kept, reading.settings)
    name = cohort or prepared.name
    facts = {"cohort": name, "scale": scale, "reader": str(models.diagnosis.card.get("title", ""))}
    table = beside_readings(write(results, out, facts, config), results, name)
    write_text(out / "table.md", table)
    validation = () if wanted["validation"] is None else run(wanted["validation"], reading, workers=workers)
    tables = Deep(subsets=wanted["subsets"], lesions=wanted["deep"], validation=tuple(validation))
    if text := deep_text(results, prepared, tables, config):
        write_text(out / "deep.md", text)
        table = f"{table}\n{text}"
    if lidia:
        write_text(out / "lidia.md", lidia)
        table = f"{table}\n{lidia}"
    click.echo(table)


def _lidia_tables(rows: Path | None, cohort: str, config: "Bootstrap") -> str:
    """LIDIA's tables from its trainings' rows, made before hours of reading so that what is wrong is said first.

    Raises:
        InputError: where there is no row, rows do not fit together, or they are of another cohort than was named.
    """
    if rows is None:
        return ""
    from ..benchmark.lidia.tables import collect, make_tables

    _, shared = collect(rows)
    if cohort and shared and _patients(shared["cohort"]) != _patients(cohort):
        raise InputError(
            f"The rows in {rows} are of {shared['cohort']}, not of {cohort}. Name the rows of this cohort."
        )
    return make_tables(rows, config)


def _patients(cohort: str) -> str:
    """Whose patients a cohort's are; rows of readers say whether their phases were lined up."""
    return cohort.removesuffix(" lined up")
