"""``hepaphase lesion``: the lesion lab, a lesion across all phases at once."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._options import OUT, SOURCE, parse_sources

if TYPE_CHECKING:
    from ..lab.bench import Bench
    from ..lab.changed import Changed
    from ..study.geometry import Xyz


@click.group()
def command() -> None:
    """Put a lesion into a study, take one out, move one or make it another: in all phases at once."""


def _shared(function: Callable[..., Any]) -> Callable[..., Any]:
    """Options of every change."""
    options = (
        click.option("--phases", help="What the input is, when CASE is one volume or DICOM; as for read."),
        click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of what is drawn."),
        click.option("--bundle", type=click.Path(path_type=Path, dir_okay=False), help="Your own model for organs."),
        click.option("--device", default="cpu", show_default=True, help="Where networks run: cpu or cuda."),
    )
    for option in reversed(options):
        function = option(function)
    return function


_CLASS = click.option("--class", "lesion_class", required=True, help="Class of lesion, such as hcc.")
_TYPICAL = click.option("--typical", is_flag=True, help="The class table's own tissues in place of drawn ones.")
_LESION = click.option("--lesion", type=click.IntRange(min=1), required=True, help="Its number in lesions.nii.gz.")
_AT = click.option("--at", help="Middle of the lesion as X,Y,Z in mm (LPS); default a place that is drawn.")


@command.command()
@click.argument("case", type=SOURCE)
@click.argument("out", type=OUT)
@_CLASS
@click.option("--size", "size_mm", type=float, help="Long axis in mm; default drawn for the class.")
@_AT
@_TYPICAL
@_shared
def insert(
    case: Path,
    out: Path,
    lesion_class: str,
    size_mm: float | None,
    at: str | None,
    typical: bool,
    seed: int,
    **rest: Any,
) -> None:
    """Put a lesion into all phases of CASE and write the study to OUT."""
    from ..lab.insert import insert as make
    from ..lab.place import Wanted, draw_lesion

    wanted = Wanted(lesion_class=lesion_class, size_mm=size_mm, at_lps_mm=_place(at), typical=typical, seed=seed)
    bench = _bench(case, out, **rest)
    _write(make(bench, draw_lesion(wanted, bench), seed=seed), out, case)


@command.command()
@click.argument("case", type=SOURCE)
@click.argument("out", type=OUT)
@_LESION
@_shared
def remove(case: Path, out: Path, lesion: int, seed: int, **rest: Any) -> None:
    """Take a lesion out of all phases of CASE, fill its place with liver, and write the study to OUT."""
    from ..lab.remove import remove as make

    _write(make(_bench(case, out, **rest), lesion, seed=seed), out, case)


@command.command()
@click.argument("case", type=SOURCE)
@click.argument("out", type=OUT)
@_LESION
@_CLASS
@_TYPICAL
@_shared
def recolor(case: Path, out: Path, lesion: int, lesion_class: str, typical: bool, seed: int, **rest: Any) -> None:
    """Make a lesion of CASE one of another class, its outline kept, and write the study to OUT."""
    from ..lab.place import Wanted
    from ..lab.recolor import draw_recolored
    from ..lab.recolor import recolor as make

    wanted = Wanted(lesion_class=lesion_class, typical=typical, seed=seed)
    bench = _bench(case, out, **rest)
    _write(make(bench, lesion, draw_recolored(wanted, bench, lesion), seed=seed), out, case)


@command.command()
@click.argument("case", type=SOURCE)
@click.argument("out", type=OUT)
@_LESION
@click.option("--into", type=SOURCE, help="Study that receives it; default CASE itself.")
@_AT
@_shared
def transplant(case: Path, out: Path, lesion: int, into: Path | None, at: str | None, seed: int, **rest: Any) -> None:
    """Copy a lesion of CASE to another place or into another study, and write that study to OUT."""
    from ..lab.transplant import transplant as make

    place = _place(at)
    source = _bench(case, out, **rest)
    target = source if into is None else _bench(into, out, **{**rest, "phases": None})
    _write(make(source, lesion, target, at_lps_mm=place, seed=seed), out, into or case)


def _bench(case: Path, out: Path, *, phases: str | None, bundle: Path | None, device: str) -> "Bench":
    from ..bundle.bundle import Bundle, shipped
    from ..inference.models import check_device
    from ..io.source import read_source
    from ..lab.bench import set_up
    from ..lab.changed import check_empty

    check_empty(out)
    study = read_source(case, phases=parse_sources(phases))
    organs = Bundle.load(bundle or shipped("organs"), kind="organs")
    return set_up(study, organs, device=check_device(device))


def _place(text: str | None) -> "Xyz | None":
    from ..base.errors import ConfigError

    if text is None:
        return None
    try:
        x, y, z = (float(part) for part in text.split(","))
        if not math.isfinite(x + y + z):
            raise ValueError
    except ValueError:
        raise ConfigError(f"--at takes three numbers in mm, such as --at=-60,-20,110; got '{text}'.") from None
    return (x, y, z)


def _write(changed: "Changed", out: Path, before: Path) -> None:
    from ..lab.changed import write_changed

    write_changed(changed, out, before=before if before.is_dir() else None)
    for phase, values in changed.record["measured_hu"].items():
        gap = values["lesion"] - values["liver"]
        click.echo(
            f"{phase}: {values['lesion']:.0f} HU there, {values['liver']:.0f} in the liver around it ({gap:+.0f})"
        )
    click.echo(f"{out}: {changed.study.warnings[-1]}")
