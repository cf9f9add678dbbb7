"""A study in, findings out: find the liver, complete the phases, find and name the lesions, put all back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy.typing as npt

from ..diagnosis.beside import BESIDE
from ..diagnosis.diagnose import Diagnosis, Reader
from ..organs.segment import segment_organs
from ..prepare.align import align
from ..prepare.crop import liver_grid
from ..prepare.gate import Quality
from ..prepare.in_hu import check_in_hu
from ..prepare.line_up import LinedUp, line_up
from ..report.measure import measure_findings
from ..resample.crop import Box, box_around, paste
from ..study.findings import Findings
from ..study.geometry import Geometry
from ..study.phase import Phase
from ..study.study import AlignedStudy, MaskArray, PhaseVolume, Study
from .complete import complete
from .decide import decide
from .evidence import gather_evidence, left_out
from .known import Estimated, at_times, estimated_times, time_warnings, unknown_times, with_organs
from .liver import find_liver
from .locate import locate
from .masks import lesions_on_grid, renumbered
from .models import Models
from .options import ReadOptions
from .origins import Found, tell_origins
from .steps import Step, StepLog
from .unlike import judge_unlike
from .weigh import weigh_findings

BOX_MARGIN_MM = 16.0
"""What is shown and generated around the liver; not more than the margin of the working grid."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything one reading made."""

    source: Study
    """What came in, without phases that could not be lined up; each may be a part of its scan."""
    study: AlignedStudy
    """All phases, scanned and generated, with masks ``liver`` and ``lesions``, on the reference grid cut to the box
    around the liver."""
    reference_grid: Geometry
    """The grid of the whole scan of the reference phase."""
    box: Box
    """Where the box lies in the reference grid."""
    read_from: tuple[Phase, ...]
    """Phases that the probabilities were computed from."""
    findings: Findings
    warnings: tuple[str, ...]
    steps: tuple[Step, ...]
    registration: Mapping[Phase, Quality] = field(default_factory=dict)
    """How well each phase that was registered lies on the reference, those that failed included."""
    device: str = "cpu"
    """Where networks ran."""
    estimated: Mapping[Phase, Estimated] = field(default_factory=dict)
    """When phases of unknown time were scanned, by their organs."""

    def on_reference_grid(self, array: npt.NDArray[Any], *, fill: float) -> npt.NDArray[Any]:
        """An array of the box in its place on the whole reference grid."""
        return paste(array, self.box, shape_zyx=self.reference_grid.shape_zyx, fill=fill)


def read(
    study: Study, models: Models, options: ReadOptions | None = None, *, heard: Callable[[str], None] | None = None
) -> Reading:
    """Read one study.

    Args:
        study: any non-empty subset of phases, each on its own grid.
        models: what to read it with.
        options: what to generate and on which grid to answer.
        heard: is told the name of each step as it begins.

    Raises:
        InputError: for a phase that cannot be in HU.
        MissingPhaseError: when the reference asked for was not scanned.
        StudyError: when no liver is found.
    """
    options = options or ReadOptions()
    log = StepLog(heard=heard)
    reference = study.reference(options.reference)
    grid = study.phase(reference).geometry
    with log.step("liver"):
        wanted = bool(options.to_generate(study.inputs) or unknown_times(study))
        found = find_liver(study, reference, models.organs, device=options.device, with_organs=wanted)
        liver = found.mask
        masks = {"liver": (liver, grid)}
        odd_hu = check_in_hu(align(study, liver_grid(liver, grid), reference=reference, masks=masks))
    lined = lined_up(study, reference, liver, models, options, log)
    with log.step("prepare"):
        lay = partial(align, lined.study, reference=reference, masks=masks, transforms=lined.transforms)
        small = lay(liver_grid(liver, grid), masks={**masks, BESIDE: (found.beside, grid)})
        place = box_around(liver, grid, margin_mm=BOX_MARGIN_MM)
        box = lay(place.geometry(grid))
        small = with_organs(small, found.organs)
        estimated = estimated_times(small, lined.study)
        small, box = at_times(small, estimated), at_times(box, estimated)
    with log.step("complete"):
        small, box = complete(
            small, box, options.to_generate(lined.study.inputs), models.synthesis, device=options.device
        )
    with log.step("diagnose"):
        seen = small if options.read_generated else scanned_only(small)
        reader = Reader.from_bundle(models.diagnosis, device=options.device)
        diagnosis = reader.diagnose(seen)
    with log.step("measure"):
        box, kept, told = _with_lesions(box, small.geometry, diagnosis)
        clinical = study.clinical if options.weigh_clinical else {}
        findings, weighed = weigh_findings(_findings(box, diagnosis, kept), clinical)
        where = Found(seen=seen, lesions=diagnosis.lesions, kept=kept)
        findings, origins = tell_origins(findings, where, clinical, models.diagnosis, reader)
        findings = decide(findings, box, tuple(seen.hu), models.diagnosis)
        findings = locate(findings, small, diagnosis.lesions, kept, liver)
        findings, odd = judge_unlike(findings, seen, diagnosis.lesions, kept, models.diagnosis)
    with log.step("evidence"):
        without = left_out(seen, diagnosis.lesions, kept, clinical, reader)
        findings = gather_evidence(findings, box, tuple(seen.hu), without, models.diagnosis)
    warnings = (
        *found.warnings,
        *odd_hu,
        *lined.warnings,
        *told,
        *weighed,
        *origins,
        *odd,
        *_left_out(diagnosis.num_beside),
        *_doubted(diagnosis.num_doubted),
        *_warnings(lined.study, estimated, registered=options.register),
    )
    return Reading(
        lined.study,
        box,
        study.phase(reference).whole,
        _in_whole(place, study.phase(reference)),
        tuple(seen.hu),
        findings,
        warnings,
        tuple(log.steps),
        lined.quality,
        device=options.device,
        estimated=estimated,
    )


def _in_whole(box: Box, volume: PhaseVolume) -> Box:
    """The voxels of a box in the whole scan that the volume may have been cut from."""
    return box if volume.cut is None else box.moved(volume.cut.start_zyx)


def lined_up(
    study: Study, reference: Phase, liver: MaskArray, models: Models, options: ReadOptions, log: StepLog
) -> LinedUp:
    """The study registered to its reference, or as it is when that was not asked."""
    if not options.register or len(study.inputs) < 2:
        return LinedUp(study, {}, {}, (), ())
    with log.step("register"):
        return line_up(
            study,
            reference,
            liver,
            lambda volume: segment_organs(volume, models.organs, names=("liver",), device=options.device)["liver"],
            own=None if "liver" in study.masks else liver,
        )


def scanned_only(study: AlignedStudy) -> AlignedStudy:
    """The study without its generated phases."""
    keep = study.inputs

    def kept(values: Mapping[Phase, Any]) -> dict[Phase, Any]:
        return {p: values[p] for p in keep if p in values}

    return replace(
        study,
        hu=kept(study.hu),
        provenance=kept(study.provenance),
        time_s=kept(study.time_s),
        transforms=kept(study.transforms),
        bends=kept(study.bends),
        sd_hu=kept(study.sd_hu),
    )


def _with_lesions(
    box: AlignedStudy, small: Geometry, diagnosis: Diagnosis
) -> tuple[AlignedStudy, list[int], tuple[str, ...]]:
    """The study with its lesions, which of those found they are, and a warning where some lie beyond the scan."""
    number = len(diagnosis.lesion_probabilities)
    lesions, kept = renumbered(lesions_on_grid(diagnosis.lesions, small, box.geometry), number)
    told = f"{number - len(kept)} lesion(s) found at the edge lie beyond the slices of the reference and are left out."
    return replace(box, masks={**box.masks, "lesions": lesions}), list(kept), (told,) * (len(kept) < number)


def _findings(box: AlignedStudy, diagnosis: Diagnosis, kept: Sequence[int]) -> Findings:
    """What is measured on the lesions of ``box``, with what the network says of each."""
    findings = measure_findings(box, [diagnosis.lesion_probabilities[k - 1] for k in kept], diagnosis.patient)
    sure = diagnosis.lesion_confidence()
    lesions = (replace(f, confidence=sure[k]) for f, k in zip(findings.lesions, kept, strict=True))
    return replace(findings, lesions=tuple(lesions))


def _left_out(number: int) -> tuple[str, ...]:
    """A warning where finds were left out for what they lie at."""
    told = (
        f"{number} find(s) lie at fat that runs into the liver from outside, as in a fissure, or at the heart, and are "
        "left out."
    )
    return (told,) * (number > 0)


def _doubted(number: int) -> tuple[str, ...]:
    """A warning where finds were left out because a second look held them for no lesions."""
    told = f"{number} find(s) of the network look like no lesion at a second look (HU, edge, size), and are left out."
    return (told,) * (number > 0)


def _warnings(study: Study, estimated: Mapping[Phase, Estimated], *, registered: bool) -> tuple[str, ...]:
    found = list(study.warnings)
    if len(study.inputs) > 1 and not registered:
        found.append("The phases were not registered to one another: the scanner's positions were trusted.")
    return (*found, *time_warnings(study, estimated))
