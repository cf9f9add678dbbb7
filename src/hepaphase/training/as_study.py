"""A prepared case as a study."""

import numpy as np

from ..study.geometry import Geometry
from ..study.phase import REFERENCE_ORDER, Provenance
from ..study.study import AlignedStudy, known_time_s
from .cohort import PreparedCase


def aligned(case: PreparedCase) -> AlignedStudy:
    """A prepared case as a study; it counts as simulated when its noise-free phases are known, else as measured."""
    hu = {p: values.astype(np.float32) for p, values in case.hu.items()}
    scanned = Provenance.SIMULATED if case.clean_hu else Provenance.MEASURED
    made = dict.fromkeys(case.generated, Provenance.SYNTHETIC)
    fields = case.geometry
    x, y, z = (tuple(row) for row in fields["direction"])
    return AlignedStudy(
        case=case.case,
        geometry=Geometry(
            tuple(fields["shape_zyx"]), tuple(fields["spacing_xyz_mm"]), tuple(fields["origin_lps_mm"]), (x, y, z)
        ),
        reference=next(p for p in REFERENCE_ORDER if p in hu),
        hu=hu,
        provenance=dict.fromkeys(hu, scanned) | made,
        time_s={p: known_time_s(p, case.times_s.get(p)) for p in hu},
        transforms=dict.fromkeys(hu, np.eye(4)),
        masks={"liver": case.masks["liver"]},
    )
