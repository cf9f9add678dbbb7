"""A study in, findings out: find the liver, complete the phases, find and name the lesions, put all back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy.typing as npt

from ..diagnosis.diagnose import Diagnosis, diagnose
from ..prepare.align import align
from ..prepare.crop import liver_grid
from ..report.measure import measure_findings
from ..resample.crop import Box, box_around, paste
from ..study.findings import Findings
from ..study.geometry import Geometry
from ..study.phase import Phase
from ..study.study import AlignedStudy, Study
from .complete import complete
from .liver import find_liver
from .masks import lesions_on_grid
from .models import Models
from .options import ReadOptions
from .steps import Step, StepLog

BOX_MARGIN_MM = 16.0
"""What is shown and generated around the liver; not more than the margin of the working grid."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything one reading made."""

    source: Study
    """What came in."""
    study: AlignedStudy
    """All phases, scanned and generated, with masks ``liver`` and ``lesions``, on the reference grid cut to the box
    around the liver."""
    reference_grid: Geometry
    """The whole grid of the reference phase."""
    box: Box
    """Where the box lies in the reference grid."""
    read_from: tuple[Phase, ...]
    """Phases that the probabilities were computed from."""
    findings: Findings
    warnings: tuple[str, ...]
    steps: tuple[Step, ...]

    def on_reference_grid(self, array: npt.NDArray[Any], *, fill: float) -> npt.NDArray[Any]:
        """An array of the box in its place on the whole reference grid."""
        return paste(array, self.box, shape_zyx=self.reference_grid.shape_zyx, fill=fill)


def read(study: Study, models: Models, options: ReadOptions | None = None) -> Reading:
    """Read one study.

    Args:
        study: any non-empty subset of phases, each on its own grid.
        models: what to read it with.
        options: what to generate and on which grid to answer.

    Raises:
        MissingPhaseError: when the reference asked for was not scanned.
        StudyError: when no liver is found.
    """
    options = options or ReadOptions()
    log = StepLog()
    reference = study.reference(options.reference)
    grid = study.phase(reference).geometry
    with log.step("liver"):
        found = find_liver(study, reference, models.organs, device=options.device)
        liver = found.mask
    with log.step("prepare"):
        masks = {"liver": (liver, grid)}
        small = align(study, liver_grid(liver, grid), reference=reference, masks=masks)
        place = box_around(liver, grid, margin_mm=BOX_MARGIN_MM)
        box = align(study, place.geometry(grid), reference=reference, masks=masks)
    with log.step("complete"):
        small, box = complete(small, box, options.to_generate(study.inputs), models.synthesis, device=options.device)
    with log.step("diagnose"):
        seen = small if options.read_generated else scanned_only(small)
        diagnosis = diagnose(seen, models.diagnosis, device=options.device)
    with log.step("measure"):
        box = _with_lesions(box, small.geometry, diagnosis)
        findings = measure_findings(box, diagnosis.lesion_probabilities, diagnosis.patient)
    return Reading(
        study, box, grid, place, tuple(seen.hu), findings, found.warnings + _warnings(study), tuple(log.steps)
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
        sd_hu=kept(study.sd_hu),
    )


def _with_lesions(box: AlignedStudy, small: Geometry, diagnosis: Diagnosis) -> AlignedStudy:
    lesions = lesions_on_grid(diagnosis.lesions, small, box.geometry)
    return replace(box, masks={**box.masks, "lesions": lesions})


def _warnings(study: Study) -> tuple[str, ...]:
    found = list(study.warnings)
    if len(study.inputs) > 1:
        found.append("The phases were not registered to one another: the scanner's positions were trusted.")
    for phase, volume in study.phases.items():
        if volume.time_s is None and phase is not Phase.NC:
            found.append(f"The time of the {phase} phase is unknown: the typical one was assumed.")
    return tuple(found)
