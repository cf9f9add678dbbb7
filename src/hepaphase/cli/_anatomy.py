"""Options of ``hepaphase simulate`` that take the anatomy from the user's own files."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ._options import SOURCE, parse_sources

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAnatomy:
    """These options as given."""

    anatomy: Path | None
    organs: Path | None
    names: Path | None
    phases: str | None
    data: Path | None

    @property
    def asked(self) -> bool:
        """Whether any of them was given."""
        return any(v is not None for v in (self.anatomy, self.organs, self.names, self.phases, self.data))


def anatomy_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add them to a command."""
    options = (
        click.option("--anatomy", type=SOURCE, help="A real CT to simulate on: DICOM, a case folder or one NIfTI."),
        click.option("--organs", type=_FILE, help="A label map of its organs; without --anatomy, of a body to make."),
        click.option("--names", type=_FILE, help='What the labels of --organs are, JSON such as {"6": "LIVER"}.'),
        click.option("--phases", help="Which phase --anatomy shows, such as PVP; as for read."),
        click.option("--data", type=SOURCE, help="Folder with the real scans that --cohort sim-real is made on."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def simulate_on_anatomy(
    out: Path, own: OwnAnatomy, *, cohort: str | None, cases: int | None, seed: int | None
) -> list[str]:
    """Write the cohort; returns the names of its cases.

    Raises:
        UsageError: for options that do not go together.
    """
    from ..lab.anatomies import anatomy_of_labels, anatomy_of_scan
    from ..lab.changed import check_empty
    from ..lab.cohort import on_anatomy, sim_real

    check_empty(out)
    if cohort is not None:
        if own.data is None or own.anatomy is not None or own.organs is not None or seed is not None:
            raise click.UsageError("A cohort on real scans is: --cohort sim-real --data FOLDER, and --cases for fewer.")
        return sim_real(own.data, out, cases=cases)
    if own.data is not None:
        raise click.UsageError("--data belongs to --cohort sim-real.")
    if (own.organs is None) != (own.names is None):
        raise click.UsageError("Give --organs and --names together.")
    if cases is None or seed is None:
        raise click.UsageError("Give --cases and --seed with --anatomy or --organs.")
    both = None if own.organs is None or own.names is None else (own.organs, own.names)
    if own.anatomy is not None:
        anatomy = anatomy_of_scan(own.anatomy, parse_sources(own.phases), organs=both)
    elif both is not None:
        anatomy = anatomy_of_labels(*both, seed=seed)
    else:
        raise click.UsageError("--phases says what --anatomy shows. Give --anatomy.")
    return on_anatomy(anatomy, out, range(seed, seed + cases))
