"""A study to the class of its patient, by GALS-CE's classifier: masks of our own where none is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.atomic import write_json
from ..base.errors import ConfigError
from ..bundle.bundle import Bundle
from ..diagnosis.diagnose import diagnose
from ..diagnosis.galsce.classify import KIND, Classifier
from ..diagnosis.galsce.scheme import NONE
from ..prepare.align import align
from ..prepare.crop import liver_grid
from ..resample.crop import box_around
from ..study.phase import Provenance
from ..study.study import AlignedStudy, Study
from .complete import complete
from .liver import find_liver
from .models import Models
from .options import ReadOptions
from .pipeline import BOX_MARGIN_MM, lined_up, scanned_only
from .steps import StepLog

SCHEMA = "hepaphase-classification/1"
FILE = "classification.json"


@dataclass(frozen=True, slots=True)
class Classification:
    """What the classifier says of one study, and what it saw."""

    study: AlignedStudy
    """Every phase that was read, scanned and generated, on the working grid, with masks ``liver`` and ``lesions``."""
    probabilities: Mapping[str, float]
    """Output to probability, summing to one; empty where there is no answer."""
    abstained: str
    """Why there is none; else empty."""
    own_masks: tuple[str, ...]
    """Masks that were not given and come from our models."""
    warnings: tuple[str, ...]

    @property
    def best(self) -> str | None:
        """The most probable output."""
        return max(self.probabilities, key=lambda key: self.probabilities[key]) if self.probabilities else None


def load_classifier(paths: Sequence[Path]) -> tuple[Classifier, tuple[Path, ...]]:
    """The classifier among the user's bundles, and the other bundles.

    Raises:
        ConfigError: unless there is one bundle of kind ``galsce``.
        BundleError: for a file that is not a bundle or does not fit.
    """
    kinds = {path: Bundle.load(path).kind for path in paths}
    own = [path for path, kind in kinds.items() if kind == KIND]
    if len(own) != 1:
        raise ConfigError(
            f"Classifying needs one bundle of kind '{KIND}', got {len(own)}; none ships. Train one "
            "(hepaphase train galsce) and give it: --bundle RUN/model.hepa."
        )
    return Classifier.from_bundle(Bundle.load(own[0], kind=KIND)), tuple(p for p in paths if p != own[0])


def classify(
    study: Study, classifier: Classifier, models: Models, options: ReadOptions | None = None
) -> Classification:
    """Classify one study from whatever phases there are.

    Lesions are those of the study's mask, else those that ``models`` find in the scanned phases.

    Args:
        study: any non-empty subset of phases; a mask ``liver`` or ``lesions`` is used where there is one.
        classifier: a trained one; scanned and generated phases are read alike.
        models: organs and diagnosis where a mask lacks, synthesis where a phase is to be generated.
        options: ``complete`` says which phases are generated, ``reference``, ``register`` and ``device`` are as for
            ``read``.

    Raises:
        StudyError: when no liver is found.
    """
    options = options or ReadOptions(complete=())
    reference = study.reference(options.reference)
    found = find_liver(study, reference, models.organs, device=options.device)
    lined = lined_up(study, reference, found.mask, models, options, StepLog())
    grid = study.phase(reference).geometry

    def lay(target: Any) -> AlignedStudy:
        masks = {"liver": (found.mask, grid)}
        return align(lined.study, target, reference=reference, masks=masks, transforms=lined.transforms)

    small = lay(liver_grid(found.mask, grid))
    targets = options.to_generate(tuple(lined.study.phases))
    if targets:
        box = lay(box_around(found.mask, grid, margin_mm=BOX_MARGIN_MM).geometry(grid))
        small, _ = complete(small, box, targets, models.synthesis, device=options.device)
    lesions = _lesions(small, models, options)
    own = tuple(name for name in ("liver", "lesions") if name not in study.masks)
    seen = _with_lesions(small, lesions)
    warnings = (*found.warnings, *lined.warnings, *study.warnings)
    if not lesions.any() and NONE not in classifier.names:
        why = "No lesion was given or found, and the classifier was trained on patients with one."
        return Classification(seen, {}, why, own, warnings)
    return Classification(seen, classifier.classify(seen, lesions), "", own, warnings)


def _lesions(small: AlignedStudy, models: Models, options: ReadOptions) -> npt.NDArray[np.uint16]:
    if "lesions" in small.masks:
        return np.asarray(small.masks["lesions"], np.uint16)
    return diagnose(scanned_only(small), models.diagnosis, device=options.device).lesions


def _with_lesions(study: AlignedStudy, lesions: npt.NDArray[np.uint16]) -> AlignedStudy:
    return replace(study, masks={**study.masks, "lesions": lesions})


def document(said: Classification) -> dict[str, Any]:
    """The contents of ``classification.json``."""
    study = said.study
    lesions = study.masks["lesions"]
    return {
        "schema": SCHEMA,
        "research_use_only": True,
        "case": study.case,
        "phases": [
            {
                "name": str(phase),
                "provenance": str(study.provenance[phase]),
                "generated": study.provenance[phase] is Provenance.SYNTHETIC,
                "time_s": round(study.time_s[phase], 3),
            }
            for phase in study.hu
        ],
        "masks": {name: "own" if name in said.own_masks else "given" for name in ("liver", "lesions")},
        "num_lesions": int(np.unique(lesions[lesions > 0]).size),
        "lesion_volume_ml": round(float((lesions > 0).sum()) * study.geometry.voxel_ml, 3),
        "probabilities": {key: round(value, 6) for key, value in said.probabilities.items()},
        "class": said.best,
        "abstained": said.abstained or None,
        "warnings": list(said.warnings),
    }


def write_classification(said: Classification, out: Path) -> Path:
    """Write ``classification.json`` to the folder ``out`` and return its path."""
    path = out / FILE
    write_json(path, document(said))
    return path
