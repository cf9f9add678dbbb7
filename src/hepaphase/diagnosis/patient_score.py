"""The patient's scores other than by LiverMax, to hold it against (LIDIA, table 3). K classes."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..study.findings import PatientScores
from ..study.lesions import MALIGNANT

Floats = npt.NDArray[np.float32]
ScoreKind = Literal["liver_max", "size", "branch"]

LARGEST_MM3 = 1e7
"""Ten liters: a score of one."""


def score_by_size(semantic: Floats, classes: Sequence[str], *, voxel_mm3: float) -> PatientScores:
    """How many voxels each class is the likeliest in, anywhere in the volume (Zhu et al. 2019; LIDIA's baselines).

    The score is the logarithm of that volume as a share of ten liters', so that it ranks as the volume does and lies
    in [0, 1]. A class that wins nowhere scores zero, which is how small classes get an AUC of one half. The malignant
    score is that of the voxels of all malignant classes together.

    Args:
        semantic: (K + 1, z, y, x), background last.
        classes: names of the K classes.
        voxel_mm3: volume of a voxel.
    """
    counts = np.bincount(semantic.argmax(axis=0).ravel(), minlength=len(classes) + 1)[: len(classes)]
    malignant = sum(int(n) for n, key in zip(counts, classes, strict=True) if key in MALIGNANT)

    def share(count: int) -> float:
        return float(min(1.0, np.log1p(count * voxel_mm3) / np.log1p(LARGEST_MM3)))

    return PatientScores(
        probabilities={key: share(int(n)) for key, n in zip(classes, counts, strict=True)},
        malignant=share(malignant),
    )


def score_by_branch(probabilities: npt.NDArray[np.floating], classes: Sequence[str]) -> PatientScores:
    """What the patient branch says: ``probabilities`` (K,); malignant is the largest of the malignant classes."""
    scores = {key: float(p) for key, p in zip(classes, probabilities, strict=True)}
    return PatientScores(probabilities=scores, malignant=max(scores[key] for key in scores if key in MALIGNANT))
