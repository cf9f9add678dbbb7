"""``hepaphase enrich``: small classes of a training cohort filled by the lesion lab."""

from pathlib import Path

import click

from ._options import FOLDER, OUT


@click.command()
@click.argument("crops", type=FOLDER)
@click.argument("out", type=OUT)
@click.option("--at-least", required=True, type=click.IntRange(min=1), help="Lesions of each class in training cases.")
@click.option("--class", "classes", multiple=True, help="Only this class; repeatable.  [default: those there are]")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of hosts, donors and places.")
def command(crops: Path, out: Path, at_least: int, classes: tuple[str, ...], seed: int) -> None:
    """Copy the prepared cohort CROPS to OUT and add training cases until each class has enough lesions.

    A new case is a training patient with one lesion more: copied from another training patient, or drawn where none has
    the class. It is marked in its file and in OUT/added.json, and refused for validation and in benchmarks.
    """
    from ..training.enriched import Enrichment, enrich

    written = enrich(crops, out, Enrichment(at_least=at_least, classes=classes, seed=seed))
    click.echo(f"{len(written)} case(s) added in {out}")
