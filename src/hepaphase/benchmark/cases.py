"""Prepared cases with known truth, as a benchmark reads them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import InputError
from ..evaluation.reading import Truth
from ..study.study import AlignedStudy
from ..training.as_study import aligned
from ..training.cohort import read_prepared
from ..training.tasks.synthesis_samples import facts_of


@dataclass(frozen=True, slots=True)
class BenchmarkCase:
    """One prepared case and its truth, on one grid."""

    study: AlignedStudy
    """Every phase there is, with the ``liver`` mask and no other truth."""
    truth: Truth
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What is known of patient, injection and tube: for generators; readers are shown ``study`` alone."""


def load_case(path: Path) -> BenchmarkCase:
    """Read one prepared case.

    Raises:
        InputError: when the file is damaged, has no liver or lesion mask, or holds generated phases.
    """
    case = read_prepared(path)
    if case.generated:
        raise InputError(
            f"{path.name} holds generated phases ({', '.join(case.generated)}); a benchmark reads scanned ones."
        )
    if case.added:
        raise InputError(f"{path.name} holds a lesion of the lesion lab; a benchmark reads patients as they are.")
    if missing := {"liver", "lesions"} - case.masks.keys():
        raise InputError(f"{path.name} has no mask of {' and '.join(sorted(missing))}; a benchmark needs the truth.")
    study = aligned(case)
    best = {**study.hu, **{p: hu.astype(np.float32) for p, hu in case.clean_hu.items()}}
    truth = Truth(
        case=case.case,
        liver=case.masks["liver"],
        lesions=case.masks["lesions"],
        lesion_classes=case.lesion_classes,
        voxel_mm3=study.geometry.voxel_ml * 1000,
        hu={str(p): hu for p, hu in best.items()},
    )
    return BenchmarkCase(study, truth, facts_of(case))
