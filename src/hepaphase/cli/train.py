"""``hepaphase train``: a recipe, a cohort, and a model at the end."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._cohort import cohort_tools, tell_prepared
from ._options import FILE, FOLDER, OUT

if TYPE_CHECKING:
    from ..training.run import Run


@click.command()
@click.argument("recipe", required=False)
@click.argument("cohort", type=FOLDER, required=False)
@click.argument("out", type=OUT, required=False)
@click.option("--resume", is_flag=True, help="Go on with the run in OUT; starts it when there is none.")
@click.option("--scale", help="A named size of the recipe, such as cpu (minutes of one core, for comparing rivals).")
@click.option("--quick", is_flag=True, help="The same run in tiny, in seconds.")
@click.option("--from", "start", type=click.Path(path_type=Path, dir_okay=False), help="Start from this bundle.")
@click.option("--set", "assignments", multiple=True, metavar="FIELD=VALUE", help="Change one setting; repeatable.")
@click.option("--open", "open_only", is_flag=True, help="Refuse data and models that are not free for commercial use.")
@click.option("--fold", type=int, help="Which fifth of the patients validates: 0 to 4; default as split.json says.")
@click.option(
    "--bundle",
    "organs",
    type=FILE,
    help="Your own organ model, which prepares a raw COHORT; default the shipped one.",
)
@click.option("--device", help="cpu, cuda or cuda:0; default as the recipe says.")
@click.option("--seed", type=int, help="Of weights, order and augmentation; default as the recipe says.")
def command(recipe: str | None, cohort: Path | None, out: Path | None, **options: Any) -> None:
    """Train RECIPE on COHORT, raw or prepared, and write OUT/model.hepa; without RECIPE, list what there is.

    A raw cohort is prepared first, as hepaphase prepare does without options but --bundle: phases named and checked by
    what they measure, lined up and judged. For other choices prepare it by hand and train on that.

    OUT also gets metrics.csv, run.json, checkpoints and TensorBoard events. A run that was stopped or killed goes on
    with --resume and ends with the same weights.
    """
    if recipe is None:
        _list()
        return
    if cohort is None or out is None:
        raise click.UsageError("Give RECIPE COHORT OUT, or nothing to see the recipes.")
    given = {name: options.pop(name) for name in ("device", "seed")}
    size = "quick" if options.pop("quick") else options["scale"]
    if options.pop("scale") not in (None, size):
        raise click.UsageError("--quick is a size of its own; give it or --scale.")
    run = _make_run(recipe, options.pop("assignments"), size=size, given=given)
    _train(run, cohort, out, **options)


def _list() -> None:
    from ..recipes import RECIPES

    for name in RECIPES.names():
        click.echo(f"{name:12} {RECIPES.describe(name)}")


def _make_run(recipe: str, assignments: Sequence[str], *, size: str | None, given: dict[str, Any]) -> "Run":
    from ..recipes import RECIPES
    from ..training.overrides import override

    run: Run = RECIPES.load(recipe)()
    if size is not None:
        run = run.made_quick() if size == "quick" else run.at_scale(size)
    run = replace(run, **{name: value for name, value in given.items() if value is not None})
    changed: Run = override(run, assignments)
    return changed


def _train(
    run: "Run", cohort: Path, out: Path, *, resume: bool, start: Path | None, fold: int | None, **more: Any
) -> None:
    from ..bundle.bundle import Bundle
    from ..training.cohort import open_split
    from ..training.folder import RunFolder
    from ..training.loop import Options, fit

    RunFolder(out).check(resume=resume)  # before hours of preparation
    bundle = None if start is None else Bundle.load(start)
    data = open_split(_prepared(cohort, out, more["organs"]), fold=fold)
    fitted = fit(run, data, out, options=Options(resume=resume, start=bundle, open_only=more["open_only"]))
    for name, value in fitted.figures.items():
        click.echo(f"{name}: {value:.4g} ({len(data.validation)} validation cases)")
    for line in Bundle.load(fitted.bundle).card["lineage"]:
        click.echo(f"learned from {line}")
    click.echo(f"{fitted.bundle}")


def _prepared(cohort: Path, out: Path, organs: Path | None) -> Path:
    """Where the prepared cases of ``cohort`` are; a raw cohort is prepared inside ``out`` first, once.

    Raises:
        ConfigError: when a model is given that a prepared cohort has no use for.
        BundleError: for one that is no organ model.
    """
    from ..base.errors import ConfigError
    from ..training.cohort import is_prepared

    if is_prepared(cohort):
        if organs is not None:
            raise ConfigError(f"'{cohort}' is prepared already, so --bundle would do nothing. Leave it out.")
        return cohort
    from ..bundle.bundle import Bundle, shipped
    from ..prepare.cohort import prepare_cohort

    place = out / "prepared"
    model = Bundle.load(organs or shipped("organs"), kind="organs")
    tell_prepared(prepare_cohort(cohort, place, tools=cohort_tools(model)), place)
    return place
