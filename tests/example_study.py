"""A small study with all there can be in one: grids that differ, masks, a synthetic phase, a lesion table."""

import numpy as np

from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import LesionRow, PhaseVolume, Study

COARSE = Geometry((4, 5, 6), (0.7, 0.8, 2.5), (-110.0, 35.5, -720.25))
FINE = Geometry((9, 7, 8), (0.5, 0.6, 1.25), (-111.0, 34.0, -719.0), ((-1.0, 0, 0), (0, -1.0, 0), (0, 0, 1.0)))


def volume(geometry: Geometry, provenance: Provenance = Provenance.MEASURED, **known) -> PhaseVolume:
    hu = np.random.default_rng(3).normal(50, 20, geometry.shape_zyx).astype(np.float32)
    return PhaseVolume(hu, geometry, provenance, **known)


def example_study() -> Study:
    lesions = np.zeros(FINE.shape_zyx, dtype=np.uint16)
    lesions[2:4, 2:4, 2:4] = 1
    lesions[6, 5, 5] = 300
    sd_hu = np.full(COARSE.shape_zyx, 12.5, dtype=np.float32)
    return Study(
        case="case 7 ü",
        phases={
            Phase.NC: volume(COARSE, time_s=0.0),
            Phase.AP: volume(COARSE, Provenance.SYNTHETIC, time_s=35.5, sd_hu=sd_hu, recognised_by="flag"),
            Phase.PVP: volume(FINE, Provenance.SIMULATED, time_s=70.0),
        },
        masks={"liver": (np.ones(COARSE.shape_zyx, dtype=np.uint8), COARSE), "lesions": (lesions, FINE)},
        lesion_table=(LesionRow(1, "hcc", {"long_axis_mm": 31.5}), LesionRow(300, "cyst")),
        clinical={"sex": "F", "age": 61},
        warnings=("a doubt",),
    )
