"""How much the names of lesions hang on each phase: read again without it."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ..study.phase import Phase
from ..study.study import AlignedStudy
from .diagnose import Reader


def named_without(
    study: AlignedStudy, lesions: npt.NDArray[np.uint16], reader: Reader
) -> dict[Phase, list[dict[str, float]]]:
    """For each phase, what lesions 1 ... L, (z, y, x), would be called had it not been read; class to probability.

    The outlines stay: what is asked is the name, not whether the lesion would have been found. Costs one reading per
    phase. Empty where there is no lesion, one phase alone, or a generated one, which still tells of what it was made
    from.
    """
    if len(study.hu) < 2 or not lesions.any() or any(p not in study.inputs for p in study.hu):
        return {}
    return {phase: reader.name(_without(study, phase), lesions) for phase in study.inputs}


def _without(study: AlignedStudy, phase: Phase) -> AlignedStudy:
    return replace(
        study,
        hu={p: v for p, v in study.hu.items() if p is not phase},
        provenance={p: v for p, v in study.provenance.items() if p is not phase},
        time_s={p: v for p, v in study.time_s.items() if p is not phase},
        sd_hu={p: v for p, v in study.sd_hu.items() if p is not phase},
    )
