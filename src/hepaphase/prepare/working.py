"""The reference around its liver, as a registration sees it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..resample.crop import box_around
from ..resample.grid import resample
from ..study.geometry import Geometry
from ..study.study import MaskArray, PhaseVolume

Volume = npt.NDArray[np.float32]

SPACING_MM = 3.0
"""Of the working grid; where the phases are coarser, theirs."""
MARGIN_MM = 24.0
"""Room around the liver on the working grid."""
LEAST_VOXELS = 12
"""Along each axis, however small the volume: halved once, the window of the local correlation still fits."""
NEAR_MM = 9.0
"""The surroundings of the liver that count: enough for its outline, too little for ribs that do not move with it."""
WINDOW_HU = (-160.0, 340.0)
"""Beyond, bone and gas would outweigh everything."""


@dataclass(frozen=True, slots=True)
class Lined:
    """The reference and a phase on the working grid of the registration."""

    geometry: Geometry
    fixed: Volume
    weight: Volume
    """1 in and near the liver."""


def working_volumes(fixed: PhaseVolume, liver: MaskArray) -> Lined:
    """The reference around the liver on cubic voxels along LPS.

    Raises:
        VolumeError: when the liver mask is empty.
    """
    spacing_mm = max(SPACING_MM, min(fixed.geometry.spacing_xyz_mm))
    corners = _around(fixed, liver).corners_lps_mm()
    low, high = corners.min(axis=0), corners.max(axis=0)
    x, y, z = (int(n) for n in np.maximum(LEAST_VOXELS, np.ceil((high - low) / spacing_mm) + 1))
    origin = (float(low[0]), float(low[1]), float(low[2]))
    grid = Geometry((z, y, x), (spacing_mm, spacing_mm, spacing_mm), origin)
    inside = resample((liver > 0).astype(np.float32), fixed.geometry, grid, order=1, fill=0.0) > 0.5
    away_mm = ndimage.distance_transform_edt(~inside, sampling=spacing_mm)
    weight = np.clip((2 * NEAR_MM - away_mm) / NEAR_MM, 0, 1).astype(np.float32)
    hu = np.clip(resample(fixed.hu, fixed.geometry, grid), *WINDOW_HU).astype(np.float32)
    return Lined(grid, hu, weight)


def _around(fixed: PhaseVolume, liver: MaskArray) -> Geometry:
    """The box around the liver, as far as the whole scan goes: what was cut away of it is air."""
    whole, start = fixed.whole, (0, 0, 0) if fixed.cut is None else fixed.cut.start_zyx
    tight = box_around(liver, fixed.geometry, margin_mm=0.0).moved(start)
    margin = [int(np.ceil(MARGIN_MM / s - 1e-6)) for s in whole.spacing_zyx_mm]
    a, b, c = (max(0, n - m) for n, m in zip(tight.start_zyx, margin, strict=True))
    e, f, g = (min(n, at + m) for at, m, n in zip(tight.stop_zyx, margin, whole.shape_zyx, strict=True))
    return whole.crop((a, b, c), (e, f, g))
