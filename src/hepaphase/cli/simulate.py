"""``hepaphase simulate``: a cohort with known truth."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from ..base.errors import InputError
from ._anatomy import OwnAnatomy, anatomy_options, simulate_on_anatomy
from ._options import FOLDER, require_writable


@click.command()
@click.argument("out", type=FOLDER)
@click.option("--cases", type=click.IntRange(min=1), help="How many patients; with --seed.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of the first; the others count up.")
@click.option("--cohort", help="A cohort with a frozen name, such as sim-1k, in place of --cases and --seed.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes side by side.")
@click.option(
    "--grid",
    type=click.Choice(["abdomen", "liver"]),
    default="abdomen",
    show_default=True,
    help="abdomen: 128x128x64 voxels of 3 mm; liver: 64x64x48 of 4 mm around the liver.",
)
@click.option("--prepared", is_flag=True, help="Write crops for training (.npz, liver grid) instead of case folders.")
@click.option("--check", is_flag=True, help="Write nothing: hold the cohort in OUT against its manifest.")
@anatomy_options
def command(out: Path, **options: Any) -> None:
    """Simulate patients with four-phase studies and write them to OUT, with masks and a table of lesions.

    A patient depends on its seed alone: the same seeds give the same files with any number of workers. Cases that are
    already in OUT are kept, those of other seeds too; a cohort of another kind is refused. With --anatomy or --organs
    the patients lie on real anatomy, in a new folder.
    """
    own = OwnAnatomy(**{name: options.pop(name) for name in ("anatomy", "organs", "names", "phases", "data")})
    asked = _Asked(**options)
    if not asked.check:
        require_writable(out)
    if own.asked or asked.cohort == "sim-real":
        names = simulate_on_anatomy(out, own, cohort=asked.cohort, cases=asked.cases, seed=asked.seed)
        return click.echo(f"{len(names)} case(s) in {out}")
    if asked.check:
        return _check(out, asked)
    for folder, part in _parts(asked).items():
        names = _write(out / folder, part, asked)
        click.echo(f"{len(names)} case(s) in {out / folder}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The options as given."""

    cases: int | None
    seed: int | None
    cohort: str | None
    workers: int
    grid: str
    prepared: bool
    check: bool


def _parts(asked: _Asked) -> dict[str, str | None]:
    """Folder below OUT to the cohort in it; None where --cases and --seed say it."""
    from ..phantom.cohorts import cohort_parts

    if asked.cohort is None:
        if asked.cases is None or asked.seed is None:
            raise click.UsageError("Give --cases and --seed, or the name of a --cohort.")
        return {"": None}
    if asked.seed is not None:
        raise click.UsageError("--cohort stands for its own --cases and --seed. Leave those out.")
    return {**cohort_parts(asked.cohort)}


def _write(out: Path, name: str | None, asked: _Asked) -> list[str]:
    from ..phantom.cohort import CohortOptions, write_cohort
    from ..phantom.cohorts import named_cohort

    options = CohortOptions(
        grid="liver" if asked.prepared else asked.grid, prepared=asked.prepared, workers=asked.workers
    )
    if name is None:
        first = asked.seed or 0
        return write_cohort(out, range(first, first + (asked.cases or 0)), options)
    cohort = named_cohort(name)
    seeds = cohort.seeds(asked.cases)
    options = replace(options, population=cohort.population, name=name, weights=cohort.weights())
    return write_cohort(out, seeds, options)


def _check(out: Path, asked: _Asked) -> None:
    from ..phantom.manifest import MANIFEST, check_cohort

    if asked.cases is not None or asked.seed is not None or asked.cohort is not None:
        raise click.UsageError("--check reads what OUT says it holds. Leave --cases, --seed and --cohort out.")
    folders = [out] if (out / MANIFEST).exists() else sorted(path.parent for path in out.glob(f"*/{MANIFEST}")) or [out]
    for folder in folders:
        problems = check_cohort(folder)
        if problems:
            more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
            raise InputError(f"{folder} is not what its manifest says: {problems[0]}{more}. Simulate it again.")
        click.echo(f"{folder} is what its manifest says.")
