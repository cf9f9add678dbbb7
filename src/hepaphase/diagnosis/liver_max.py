"""Patient scores as the largest voxel probability inside the liver (LIDIA, LiverMax). K classes."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..study.findings import PatientScores
from ..study.lesions import MALIGNANT

Floats = npt.NDArray[np.float32]


def liver_max(semantic: Floats, liver: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Largest value of each channel of ``semantic`` (K, z, y, x) over the voxels of ``liver`` (z, y, x).

    Zero for every class when the liver is empty: nothing was seen.
    """
    if not liver.any():
        return np.zeros(len(semantic))
    return np.asarray(semantic[:, liver].max(axis=1), dtype=float)


def patient_scores(semantic: Floats, liver: npt.NDArray[np.bool_], classes: Sequence[str]) -> PatientScores:
    """LiverMax per class, and of the summed malignant probability.

    Args:
        semantic: (K + 1, z, y, x), background last.
        liver: (z, y, x).
        classes: names of the K classes, in order.
    """
    per_class = liver_max(semantic[: len(classes)], liver)
    malignant = semantic[[index for index, key in enumerate(classes) if key in MALIGNANT]].sum(axis=0)
    return PatientScores(
        probabilities={key: float(p) for key, p in zip(classes, per_class, strict=True)},
        malignant=float(liver_max(malignant[None], liver)[0]),
    )
