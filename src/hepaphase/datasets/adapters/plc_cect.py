"""PLC-CECT: four phases of primary liver cancer, 8-bit and without geometry."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ...study.geometry import Geometry
from ...study.phase import Phase
from ...study.study import HuArray
from ..files import FileCohort
from ..layout import Layout, MaskRule
from ..tables import Table

WINDOW_HU = (-200.0, 200.0)
"""What 0 and 255 stand for."""


class Adapter(FileCohort):
    """``ct_files/P0001_ct_P.nii.gz`` with masks beside, phases P, C1, C2 and C3, and ``patient_data.csv``.

    Headers are false: every study is marked ``geometry_trust`` untrusted and ``hu_trust`` windowed. Voxels from 0 to
    255 are taken back to the window from -200 to 200 HU; slices are stored head first, so the z axis points down.
    """

    source = "plc_cect"
    layout = Layout(
        scans="ct_files/{case}_ct_{phase}.nii.gz",
        words={"P": Phase.NC, "C1": Phase.AP, "C2": Phase.PVP, "C3": Phase.DP},
        masks=(
            MaskRule(template="liver_mask_files/{case}-livermask_{phase}.nii.gz", parts={"liver": ()}),
            MaskRule(template="mask_files/{case}_mask_{phase}.nii.gz", parts={"lesions": ()}),
        ),
    )
    table = Table(
        files=("patient_data.csv",), key="patient_id", rename={"gender": "sex"}, kind="cancer_type", repeats=True
    )

    def clinical(self, case: str) -> dict[str, Any]:
        """The patient's row without what belongs to one file."""
        own = ("phase", "ct_path", "mask_path", "liver_mask_path")
        return {name: value for name, value in super().clinical(case).items() if name not in own}

    @staticmethod
    def restored(array: HuArray) -> HuArray:
        """HU of voxels from 0 to 255; a file that already holds HU (below zero) stays as it is."""
        if array.min() < 0 or array.max() > 255:
            return array
        low, high = WINDOW_HU
        return (low + array * ((high - low) / 255)).astype(np.float32)

    @staticmethod
    def stored(hu: HuArray) -> npt.NDArray[Any]:
        """HU in the window as 0 to 255."""
        low, high = WINDOW_HU
        return np.round((np.clip(hu, low, high) - low) * (255 / (high - low))).astype(np.uint8)

    @staticmethod
    def placed(geometry: Geometry) -> Geometry:
        """The header's grid with the z axis turned: the first slice is the uppermost."""
        rows = np.asarray(geometry.direction) * (1, 1, -1)
        a, b, c = ((float(x), float(y), float(z)) for x, y, z in rows)
        return Geometry(geometry.shape_zyx, geometry.spacing_xyz_mm, geometry.origin_lps_mm, (a, b, c))

    @staticmethod
    def misplaced(geometry: Geometry) -> Geometry:
        """1x1x1 mm at the origin, whatever the scan was."""
        return Geometry(geometry.shape_zyx, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
