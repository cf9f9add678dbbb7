"""What preparing and examining a cohort use of the organ model; shared by several commands."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pathlib import Path

    from ..bundle.bundle import Bundle
    from ..prepare.cohort import Prepared, Tools
    from ..study.study import PhaseVolume


def cohort_tools(organs: "Bundle", *, device: str = "cpu", trust_names: bool = False, register: bool = True) -> "Tools":
    """Livers found, phases named and checked by what they measure, masks checked, phases lined up and judged."""
    from ..inference.intake import measured_names
    from ..organs import segment as organ_masks
    from ..prepare.cohort import Tools

    def segment(volume: "PhaseVolume") -> Any:
        return organ_masks.segment_organs(volume, organs, names=("liver",), device=device)["liver"]

    return Tools(
        segment=segment,
        register=register,
        namer=measured_names(lambda: organs, device=device),
        check=checks(lambda: organs, device=device, trust_names=trust_names),
        fingerprint=f"{organs.fingerprint()} rules {organ_masks.RULES}" + (" names trusted" if trust_names else ""),
    )


def checks(organs: "Callable[[], Bundle]", *, device: str = "cpu", trust_names: bool = False) -> Any:
    """What looks at each case of a cohort: its masks, and its phases unless their names are trusted."""
    from ..inference.intake import check_masks, check_names

    if trust_names:
        return check_masks
    return lambda study: (*check_masks(study), *check_names(study, organs, device=device))


def tell_prepared(done: "Prepared", out: "Path") -> None:
    """What was made, what was left out and where the reasons stand, on the terminal."""
    click.echo(f"{len(done.paths)} case(s) in {out}")
    if done.left_out:
        click.echo(f"left out, phases in doubt: {', '.join(done.left_out)}")
    if done.not_lined_up:
        cases = len({case for case, _ in done.not_lined_up})
        click.echo(
            f"{len(done.not_lined_up)} phase(s) of {cases} case(s) could not be lined up and count as missing: "
            f"{out / 'registration.csv'}"
        )
    if done.warnings:
        click.echo(f"{len(done.warnings)} warning(s) in {out / 'warnings.csv'}")
