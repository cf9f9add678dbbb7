"""How far a generated phase lies from the scan that was withheld."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..study.phase import Phase
from .view import View


@dataclass(frozen=True, slots=True)
class Comparison:
    """Mean absolute errors in HU over the voxels of a region; None where the region is empty."""

    phase: Phase
    liver_mae_hu: float | None
    lesions_mae_hu: float | None
    copy_liver_mae_hu: float | None
    """Of the reference phase taken as it is, as if nothing had been generated."""
    copy_lesions_mae_hu: float | None


def compare(view: View, phase: Phase, *, reference: Phase) -> Comparison:
    """Compare one generated phase with its withheld scan, in the liver (lesions included) and in the lesions."""
    truth = view.withheld[phase]
    lesions = view.lesions > 0
    liver = view.liver | lesions
    return Comparison(
        phase=phase,
        liver_mae_hu=_mae(view.hu[phase], truth, liver),
        lesions_mae_hu=_mae(view.hu[phase], truth, lesions),
        copy_liver_mae_hu=_mae(view.hu[reference], truth, liver),
        copy_lesions_mae_hu=_mae(view.hu[reference], truth, lesions),
    )


def _mae(hu: npt.NDArray[np.float32], truth: npt.NDArray[np.float32], region: npt.NDArray[np.bool_]) -> float | None:
    if not region.any():
        return None
    return float(np.abs(hu[region] - truth[region]).mean(dtype=np.float64))
