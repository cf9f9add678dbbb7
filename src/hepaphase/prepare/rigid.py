"""The turn and the shift between two phases, by mutual information (SimpleITK)."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ..resample.grid import resample
from ..study.geometry import Floats, Geometry
from ..study.study import PhaseVolume
from .working import WINDOW_HU, Lined

_RIGID_SPACING_MM = 5.0
_BINS = 32
_SAMPLED = 0.15
"""Share of the voxels that the mutual information is taken from."""


def rigid(work: Lined, moving: PhaseVolume, start_mm: Floats | None, seed: int) -> Floats:
    """The better of one or two searches, by mutual information."""
    hu, coarse = overview(moving)
    hu = np.clip(hu, *WINDOW_HU)
    images = (_image(work.fixed, work.geometry), _image(hu, coarse))
    mask = _image((work.weight > 0).astype(np.uint8), work.geometry)
    starts = [np.zeros(3)] + ([] if start_mm is None else [np.asarray(start_mm, float)])
    found = [_search(images, mask, start, seed) for start in starts]
    return min(found, key=lambda item: item[0])[1]


def overview(volume: PhaseVolume) -> tuple[npt.NDArray[np.float32], Geometry]:
    """The phase in voxels of 5 mm, with their grid; of a part what was kept of the whole."""
    if volume.cut is not None and volume.cut.overview is not None:
        return volume.cut.overview
    grid = volume.geometry.with_spacing(_spacing_mm(volume.geometry))
    return np.asarray(resample(volume.hu, volume.geometry, grid), np.float32), grid


def _spacing_mm(geometry: Geometry) -> tuple[float, float, float]:
    x, y, z = (max(_RIGID_SPACING_MM, s) for s in geometry.spacing_xyz_mm)
    return (x, y, z)


def _toolkit() -> Any:
    import SimpleITK  # half a second; without types

    return SimpleITK


def _search(images: tuple[Any, Any], mask: Any, start_mm: Floats, seed: int) -> tuple[float, Floats]:
    """Minus the mutual information reached, and the matrix."""
    fixed, moving = images
    method = _method(mask, seed)
    initial = _toolkit().Euler3DTransform()
    initial.SetCenter(fixed.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in fixed.GetSize()]))
    initial.SetTranslation([float(v) for v in start_mm])
    method.SetInitialTransform(initial, inPlace=True)
    try:
        method.Execute(fixed, moving)
    except RuntimeError:  # nothing overlaps from this start
        return float("inf"), np.eye(4)
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(initial.GetMatrix()).reshape(3, 3)
    center, shift = np.array(initial.GetCenter()), np.array(initial.GetTranslation())
    matrix[:3, 3] = center + shift - matrix[:3, :3] @ center
    return float(method.GetMetricValue()), matrix


def _method(mask: Any, seed: int) -> Any:
    """Mattes mutual information within ``mask``, gradient descent at two scales."""
    method = _toolkit().ImageRegistrationMethod()
    method.SetGlobalDefaultNumberOfThreads(1)  # the same answer on every machine
    method.SetMetricAsMattesMutualInformation(_BINS)
    method.SetMetricFixedMask(mask)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(_SAMPLED, seed)
    method.SetInterpolator(_toolkit().sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=4.0, minStep=0.02, numberOfIterations=80, relaxationFactor=0.6
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([2, 1])
    method.SetSmoothingSigmasPerLevel([2.0, 1.0])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    return method


def _image(array: npt.NDArray[np.float32] | npt.NDArray[np.uint8], geometry: Geometry) -> Any:
    image = _toolkit().GetImageFromArray(np.ascontiguousarray(array))
    image.SetSpacing(geometry.spacing_xyz_mm)
    image.SetOrigin(geometry.origin_lps_mm)
    image.SetDirection([float(v) for v in np.asarray(geometry.direction).ravel()])
    return image
