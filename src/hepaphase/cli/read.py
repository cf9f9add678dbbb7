"""``hepaphase read``: the main job."""

from functools import cache
from pathlib import Path
from typing import Any

import click

from ._options import OUT, SOURCE, models_options, parse_phases, parse_reference, parse_sources
from ._progress import steps_option, steps_told

ORGANS_HELP = (
    "TotalSegmentator's masks: its folder or label map, or the word totalsegmentator to run it where it is installed; "
    "masks of SRC win."
)


@click.command()
@click.argument("src", type=SOURCE)
@click.argument("out", type=OUT)
@click.option(
    "--phases",
    help="What the input is: PVP for one volume, or NC=SERIES,PVP=SERIES (UID, number, number:pass or path). "
    "Without it what vessels and organs measure decides.",
)
@click.option("--complete", help="Missing phases to generate: AP,DP, all (default) or none.")
@click.option("--reference", help="Phase whose grid masks are written on; default PVP, else AP, DP, NC.")
@click.option("--all-grids", is_flag=True, help="Also write the masks on each scanned phase's own grid.")
@click.option("--read-generated", is_flag=True, help="Let stage II see generated phases beside the scanned ones.")
@click.option("--fill-missing", is_flag=True, help="Interpolate over missing DICOM slices instead of refusing.")
@click.option("--organs", type=SOURCE, help=ORGANS_HELP)
@click.option("--no-register", is_flag=True, help="Trust the scanner's positions instead of lining the phases up.")
@click.option("--no-clinical", is_flag=True, help="Name lesions by the images alone, whatever is known of the patient.")
@click.option("--keep-identity", is_flag=True, help="Keep the patient's name and number; default is a pseudonym.")
@click.option("--no-dicom", is_flag=True, help="Write no SEG and SR, which name the source's images by UID.")
@steps_option
@click.option("--overwrite", is_flag=True, help="Replace an earlier reading in OUT.")
@models_options
def command(
    src: Path,
    out: Path,
    phases: str | None,
    complete: str | None,
    reference: str | None,
    bundles: tuple[Path, ...],
    device: str,
    **flags: Any,
) -> None:
    """Read one study: SRC is a DICOM folder, a case folder, a zip of either or one volume (NIfTI, NRRD, MHA).

    Finds the liver, generates the phases that were not scanned, finds and names the lesions, and writes report.html,
    findings.json, masks and generated phases to OUT; from DICOM also lesions.seg.dcm and report.sr.dcm. Research use
    only.
    """
    from ..inference.intake import take_in
    from ..inference.models import Models, check_device
    from ..inference.options import ReadOptions
    from ..inference.pace import READ
    from ..inference.pipeline import read
    from ..inference.totalsegmentator import is_wanted, with_totalsegmentator
    from ..inference.write import check_output, write_reading

    options = ReadOptions(
        complete=parse_phases(complete),
        reference=parse_reference(reference),
        all_grids=flags["all_grids"],
        device=check_device(device),
        read_generated=flags["read_generated"],
        register=not flags["no_register"],
        weigh_clinical=not flags["no_clinical"],
    )
    check_output(out, overwrite=flags["overwrite"])
    load = cache(lambda: Models.load(bundles))
    with steps_told(READ, say=flags["steps"]) as told:
        told("take in")
        study = take_in(
            src,
            lambda: load().organs,
            phases=parse_sources(phases),
            organ_masks=None if is_wanted(flags["organs"]) else flags["organs"],
            keep_identity=flags["keep_identity"],
            fill_missing=flags["fill_missing"],
            device=options.device,
            cut=not is_wanted(flags["organs"]),
        )
        if is_wanted(flags["organs"]):
            study = with_totalsegmentator(study, device=options.device)
        models = load()
        reading = read(study, models, options, heard=told)
        told("write")
        paths = write_reading(reading, out, models, all_grids=options.all_grids, dicom=not flags["no_dicom"])
    for path in paths:
        click.echo(str(path))
    click.echo(summary(reading))


def summary(reading: object) -> str:
    """What was found, for the terminal: a line, one of screening and one of prediction sets where there are any."""
    from ..inference.pipeline import Reading
    from ..report.decisions import headline, set_text
    from ..report.origins import origins_line
    from ..report.places import place
    from ..report.words import probability

    assert isinstance(reading, Reading)
    findings = reading.findings
    named = ", ".join(
        f"{f.lesion_class} {f.long_axis_mm:.0f} mm{place(f)} ({probability(max(f.probabilities.values()))})"
        for f in findings.lesions
    )
    lines = [
        f"{len(findings.lesions)} lesion(s){': ' + named if named else ''}; "
        f"malignant {probability(findings.patient.malignant)}. Research use only."
    ]
    if told := headline(findings):
        lines.append(f"Screening: {told}.".replace("..", "."))
    if sets := [f"lesion {f.lesion_id}: {set_text(f)}" for f in findings.lesions if f.prediction_set]:
        lines.append(
            f"Classes that hold the true one of {findings.set_basis['level']:.0%} of lesions: {'; '.join(sets)}."
        )
    if told := origins_line(findings):
        lines.append(told)
    if graded := [f"lesion {f.lesion_id} {f.lirads.category}" for f in findings.lesions if f.lirads]:
        lines.append(f"LI-RADS by measures, no radiologist's: {', '.join(graded)}.")
    if why := next((f.segment_withheld for f in findings.lesions if f.segment_withheld), None):
        lines.append(f"Segments withheld: {' '.join(why)}")
    return "\n".join(lines)
