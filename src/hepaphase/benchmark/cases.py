"""Prepared cases with known truth, as a benchmark reads them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..base.errors import InputError
from ..evaluation.reading import Truth
from ..study.geometry import Geometry
from ..study.phase import REFERENCE_ORDER, Provenance
from ..study.study import AlignedStudy, known_time_s
from ..training.cohort import PreparedCase, read_prepared


@dataclass(frozen=True, slots=True)
class BenchmarkCase:
    """One prepared case and its truth, on one grid."""

    study: AlignedStudy
    """Every phase there is, with the ``liver`` mask and no other truth."""
    truth: Truth


def load_case(path: Path) -> BenchmarkCase:
    """Read one prepared case.

    Raises:
        InputError: when the file is damaged, or has no liver or lesion mask.
    """
    case = read_prepared(path)
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
    return BenchmarkCase(study, truth)


def aligned(case: PreparedCase) -> AlignedStudy:
    """A prepared case as a study; it counts as simulated when its noise-free phases are known, else as measured."""
    hu = {p: values.astype(np.float32) for p, values in case.hu.items()}
    provenance = Provenance.SIMULATED if case.clean_hu else Provenance.MEASURED
    fields = case.geometry
    x, y, z = (tuple(row) for row in fields["direction"])
    return AlignedStudy(
        case=case.case,
        geometry=Geometry(
            tuple(fields["shape_zyx"]), tuple(fields["spacing_xyz_mm"]), tuple(fields["origin_lps_mm"]), (x, y, z)
        ),
        reference=next(p for p in REFERENCE_ORDER if p in hu),
        hu=hu,
        provenance=dict.fromkeys(hu, provenance),
        time_s={p: known_time_s(p, case.times_s.get(p)) for p in hu},
        transforms=dict.fromkeys(hu, np.eye(4)),
        masks={"liver": case.masks["liver"]},
    )
