"""``hepaphase intake``: what a source holds, and the same as case folders."""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._options import OUT, SOURCE, models_options, parse_sources
from ._progress import steps_option, studies_told

if TYPE_CHECKING:
    from ..inference.survey import Found
    from ..io.dicom import Pass
    from ..study.phase import Phase


@click.command()
@click.argument("src", type=SOURCE)
@click.argument("out", type=OUT, required=False)
@click.option("--phases", help="What the input is, as for read; default: what is measured, or file names say.")
@click.option("--organs", type=SOURCE, help="TotalSegmentator's masks: its folder or label map; masks of SRC win.")
@click.option("--fill-missing", is_flag=True, help="Interpolate over missing DICOM slices instead of refusing.")
@click.option("--keep-identity", is_flag=True, help="Keep the patient's name and number; default is a pseudonym.")
@steps_option
@models_options
def command(
    src: Path, out: Path | None, phases: str | None, bundles: tuple[Path, ...], device: str, **flags: Any
) -> None:
    """Show what SRC holds: passes, what is left out, phases and how surely, geometry, warnings.

    SRC is what read takes, a folder of several DICOM studies, or a cohort in a known layout. With OUT each study is
    also written as a case folder in our layout, with metadata.csv and intake.json; without it nothing is written. A
    study whose phases cannot be told surely is not written: its question is shown, and the exit code is 2.
    """
    from ..base.errors import OutputError, PhaseDoubtError
    from ..inference.models import Models, check_device
    from ..inference.survey import SurveyOptions, facts_of, survey, write_facts, write_intake

    if out is not None and out.exists() and any(out.iterdir()):
        raise OutputError(f"The folder {out.name} is not empty. Give a new one.")
    options = SurveyOptions(
        phases=parse_sources(phases),
        organ_masks=flags["organs"],
        keep_identity=flags["keep_identity"],
        fill_missing=flags["fill_missing"],
        device=check_device(device),
    )
    load = cache(lambda: Models.load(bundles).organs)
    facts, questions = [], []
    with studies_told(say=flags["steps"]) as told:
        for found in survey(src, load, options, heard=told):
            for line in lines_of(found):
                click.echo(line)
            facts.append(facts_of(found))
            if found.study is None:
                questions.append(f"{found.case}: {found.question}")
            elif out is not None:
                click.echo(f"  {write_intake(found, out)}")
    if out is not None and len(questions) < len(facts):
        for path in write_facts(facts, out):
            click.echo(str(path))
    if questions:
        raise PhaseDoubtError(f"{len(questions)} of {len(facts)} not taken in. {' '.join(questions)}")


def lines_of(found: "Found") -> Iterator[str]:
    """One study for the terminal."""
    from ..prepare.phases import describe

    yield found.case
    if found.contents is not None:
        for p in found.contents.passes:
            when = "" if p.delay_s is None else f", {p.delay_s:.0f} s after the injection by the header"
            uid = f", uid {p.uid}" if _ambiguous(p, found.contents.passes) else ""
            yield f"  series {p.key or '-'} '{p.description}': {p.num_slices} slices{when}{uid}"
        for item in found.contents.left_out:
            yield f"  left out: {item}"
    if found.study is None:
        yield f"  in doubt: {found.question}"
        return
    for phase in found.study.phases:
        measured = f"; measures as {describe(found.recognized[phase])}" if phase in found.recognized else ""
        yield f"  {phase}: {_volume_text(found, phase)}{measured}"
    if found.study.masks:
        yield f"  masks: {', '.join(sorted(found.study.masks))}"
    for text in found.study.warnings:
        yield f"  warning: {text}"


def _volume_text(found: "Found", phase: "Phase") -> str:
    assert found.study is not None
    volume = found.study.phase(phase)
    z, y, x = volume.geometry.shape_zyx
    spacing = " x ".join(f"{s:.3g}" for s in volume.geometry.spacing_xyz_mm)
    when = "" if volume.time_s is None else f", {volume.time_s:.0f} s"
    return f"{x} x {y} x {z} voxels of {spacing} mm (x, y, z), {volume.provenance}{when}, by {volume.recognised_by}"


def _ambiguous(one: "Pass", passes: "Sequence[Pass]") -> bool:
    """Whether only the UID names it: another series has its number, or it has none."""
    return one.number is None or any(p.number == one.number and p.uid != one.uid for p in passes)
