"""The physics of a study: its organs found, its phases lined up, all twelve measures taken."""

import math
from dataclasses import dataclass, replace

from ..base.errors import ConfigError
from ..evaluation.physics.card import Card, check
from ..evaluation.physics.exam import LABELS, examine
from ..kinetics.tube import kappa_hu_per_mg_ml
from ..organs.segment import segment_organs
from ..organs.table import CLASSES
from ..prepare.align import align
from ..prepare.crop import liver_grid
from ..prepare.line_up import line_up
from ..prepare.scan_times import likely_times
from ..study.phase import Phase, Provenance
from ..study.study import AlignedStudy, Study
from .complete import complete
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
    liver = find_liver(study, reference, models.organs, device=options.device)
    wanted = [name for name in LABELS if name in CLASSES and name not in study.masks]
    found = segment_organs(volume, models.organs, names=wanted, device=options.device) if models.organs.weights else {}
    masks = {name: (mask, volume.geometry) for name, mask in found.items()}
    masks["liver"] = (liver.mask, volume.geometry)
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
    targets = tuple(p for p in options.complete if p not in laid.hu)
    laid, told = _timed(laid, study)
    laid, _ = complete(laid, laid, targets, models.synthesis, device=options.device, draw=True)
    return laid, (*warnings, *told)


def _timed(laid: AlignedStudy, study: Study) -> tuple[AlignedStudy, tuple[str, ...]]:
    """Phases of unknown time at the time that their organs say, and what to tell."""
    unknown = [p for p in study.inputs if p is not Phase.NC and study.phase(p).time_s is None]
    found = likely_times(laid, unknown) if unknown else {}
    told = [
        f"When {p} was scanned is not known; by its organs {one.time_s:.0f} s after injection "
        f"({one.interval_s[0]:.0f} to {one.interval_s[1]:.0f})."
        for p, one in found.items()
    ]
    return replace(laid, time_s={**laid.time_s, **{p: one.time_s for p, one in found.items()}}), tuple(told)
