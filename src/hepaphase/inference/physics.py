"""The physics of a study: its organs found, its phases lined up, all twelve measures taken."""

import math
from dataclasses import dataclass, replace

from ..base.errors import ConfigError
from ..evaluation.physics.card import Card, check
from ..evaluation.physics.exam import LABELS, examine
from ..kinetics.tube import kappa_hu_per_mg_ml
from ..organs.segment import segment_organs
from ..prepare.align import align
from ..prepare.crop import liver_grid
from ..prepare.line_up import line_up
from ..study.phase import Phase, Provenance
from ..study.study import AlignedStudy, Study
from .complete import complete
from .known import at_times, estimated_times, time_warnings, with_organs
from .liver import find_liver
from .models import Models


@dataclass(frozen=True, slots=True, kw_only=True)
class PhysicsOptions:
    """What is known of the exam, and how to line it up.

    Raises:
        ConfigError: for a tube voltage or a dose that cannot be.
    """

    kvp: float = 120.0
    dose_mg: float | None = None
    """Iodine given; None when not known."""
    register: bool = True
    complete: tuple[Phase, ...] = ()
    """Phases to generate before measuring; those that were scanned are left out."""
    device: str = "cpu"

    def __post_init__(self) -> None:
        kappa_hu_per_mg_ml(self.kvp)  # refuses a voltage that cannot be
        if self.dose_mg is not None and not 0 < self.dose_mg < math.inf:
            raise ConfigError(f"The dose of iodine must be above 0, got {self.dose_mg / 1000:g} g.")


def check_physics(study: Study, models: Models, options: PhysicsOptions | None = None) -> tuple[Card, tuple[str, ...]]:
    """The card of a study, and warnings.

    Masks of the study win over those our model finds in the reference phase; what neither has is not measured.

    Args:
        study: any phases, generated ones among them or not.
        models: organs is used, and synthesis where phases are to be completed.
        options: what is known beside the volumes.

    Raises:
        StudyError: when no liver is found.
    """
    options = options or PhysicsOptions()
    laid, warnings = completed(study, models, options)
    organs = {name: laid.masks[name] for name in LABELS if name in laid.masks}
    exam = examine(laid, organs, kappa=kappa_hu_per_mg_ml(options.kvp), dose_mg=options.dose_mg)
    made = tuple(str(p) for p, kind in laid.provenance.items() if kind is Provenance.SYNTHETIC)
    return replace(check(exam), generated=made), warnings


def completed(study: Study, models: Models, options: PhysicsOptions) -> tuple[AlignedStudy, tuple[str, ...]]:
    """The study as it is measured, on 4 mm around the liver with its organs and the phases asked for, and warnings.

    Raises:
        StudyError: when no liver is found.
    """
    reference = study.reference()
    volume = study.phase(reference)
    liver = find_liver(study, reference, models.organs, device=options.device, with_organs=True)
    masks = {"liver": (liver.mask, volume.geometry)}
    transforms, warnings = {}, liver.warnings
    if options.register and len(study.inputs) > 1:
        lined = line_up(
            study,
            reference,
            liver.mask,
            lambda one: segment_organs(one, models.organs, names=("liver",), device=options.device)["liver"],
        )
        study, transforms, warnings = lined.study, dict(lined.transforms), warnings + lined.warnings
    grid = liver_grid(liver.mask, volume.geometry)
    laid = align(study, grid, reference=reference, masks=masks, transforms=transforms)
    laid = with_organs(laid, liver.organs)
    targets = tuple(p for p in options.complete if p not in laid.hu)
    estimated = estimated_times(laid, study)
    laid = at_times(laid, estimated)
    laid, _ = complete(laid, laid, targets, models.synthesis, device=options.device, draw=True)
    return laid, (*warnings, *time_warnings(study, estimated))
