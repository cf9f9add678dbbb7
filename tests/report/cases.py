"""Small studies for the report's tests: an ellipsoid liver with ellipsoid lesions, on grids that differ in all ways."""

from dataclasses import dataclass

import numpy as np

from hepaphase.base.seeds import stream
from hepaphase.report.input import PhaseFacts, ReportInput
from hepaphase.report.measure import measure_findings
from hepaphase.study.findings import PatientScores
from hepaphase.study.geometry import Geometry
from hepaphase.study.lesions import LESION_CLASSES
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import AlignedStudy


def rotation(axis: int, degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.eye(3)
    a, b = [i for i in range(3) if i != axis]
    matrix[a, a], matrix[a, b], matrix[b, a], matrix[b, b] = c, -s, s, c
    return matrix


def grid(shape_zyx, spacing_xyz_mm, matrix, *, centre_lps_mm=(-40.0, -12.0, 230.0)) -> Geometry:
    """A grid whose middle lies at ``centre_lps_mm``."""
    offset = matrix @ (np.asarray(spacing_xyz_mm) * (np.asarray(shape_zyx[::-1]) - 1) / 2)
    origin = tuple((np.asarray(centre_lps_mm) - offset).tolist())
    return Geometry(shape_zyx, spacing_xyz_mm, origin, tuple(tuple(row) for row in matrix.tolist()))


GRIDS = {
    "axial thin": grid((44, 60, 72), (2.5, 2.5, 3.0), np.eye(3)),
    "axial thick, flipped": grid((28, 96, 110), (1.7, 1.7, 5.0), np.diag([1.0, -1.0, -1.0])),
    "oblique": grid((50, 52, 62), (3.1, 2.9, 2.7), rotation(0, 9.0) @ rotation(2, -7.0)),
    "coronal": grid((52, 44, 64), (2.8, 3.0, 2.6), np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])),
}


@dataclass(frozen=True)
class Ellipsoid:
    centre_lps_mm: tuple[float, float, float]
    radii_mm: tuple[float, float, float]
    """Along the patient's x, y and z."""

    def mask(self, geometry: Geometry) -> np.ndarray:
        index = np.moveaxis(np.indices(geometry.shape_zyx), 0, -1)
        offset = geometry.to_lps_mm(index) - np.asarray(self.centre_lps_mm)
        return ((offset / np.asarray(self.radii_mm)) ** 2).sum(axis=-1) <= 1.0

    @property
    def volume_ml(self) -> float:
        return float(4 / 3 * np.pi * np.prod(self.radii_mm) / 1000)


LIVER = Ellipsoid((-40.0, -12.0, 230.0), (72.0, 52.0, 52.0))
LESIONS = (
    Ellipsoid((-66.0, -8.0, 238.0), (17.0, 13.0, 14.0)),
    Ellipsoid((-8.0, -20.0, 216.0), (10.0, 14.0, 11.0)),
)
CLASSES = ("hcc", "hemangioma")
HU = {
    Phase.NC: (55.0, 46.0, 39.0),
    Phase.AP: (72.0, 101.0, 95.0),
    Phase.PVP: (110.0, 92.0, 118.0),
    Phase.DP: (94.0, 78.0, 106.0),
}
"""Of the liver and of both lesions."""
TIME_S = {Phase.NC: 0.0, Phase.AP: 36.0, Phase.PVP: 72.0, Phase.DP: 181.0}


def aligned(geometry: Geometry, *, lesions=LESIONS, synthetic=(Phase.AP, Phase.DP), noise_hu=9.0) -> AlignedStudy:
    liver = LIVER.mask(geometry)
    ids = np.zeros(geometry.shape_zyx, dtype=np.uint16)
    for number, lesion in enumerate(lesions, start=1):
        ids[lesion.mask(geometry)] = number
    return AlignedStudy(
        case="phantom <1> & co",
        geometry=geometry,
        reference=Phase.PVP,
        hu={phase: volume(phase, liver, ids, noise_hu=noise_hu, seed=3) for phase in Phase},
        provenance={p: Provenance.SYNTHETIC if p in synthetic else Provenance.MEASURED for p in Phase},
        time_s=TIME_S,
        transforms={p: np.eye(4) for p in Phase},
        masks={"liver": liver.astype(np.uint8), "lesions": ids},
        sd_hu={p: np.full(geometry.shape_zyx, 8.0, dtype=np.float32) for p in synthetic},
    )


def volume(phase: Phase, liver: np.ndarray, ids: np.ndarray, *, noise_hu: float, seed: int) -> np.ndarray:
    hu = np.where(liver, HU[phase][0], -60.0)
    for number in range(1, int(ids.max(initial=0)) + 1):
        hu = np.where(ids == number, HU[phase][1 + (number - 1) % 2], hu)
    noise = stream(seed, "noise", str(phase)).normal(0.0, noise_hu, hu.shape)
    return (hu + noise).astype(np.float32)


def probabilities(lesion_class: str, value: float = 0.86) -> dict[str, float]:
    rest = (1.0 - value) / (len(LESION_CLASSES) - 1)
    return {key: value if key == lesion_class else rest for key in LESION_CLASSES}


def report_input(study: AlignedStudy, **changes) -> ReportInput:
    count = int(study.masks["lesions"].max(initial=0))
    scores = PatientScores({key: 0.97 if key in CLASSES and count else 0.03 for key in LESION_CLASSES}, malignant=0.98)
    findings = measure_findings(study, [probabilities(CLASSES[k % 2]) for k in range(count)], scores)
    facts = {p: PhaseFacts(recognised_by="flag", time_source="given", source=f"{p}.nii.gz") for p in study.inputs}
    facts |= {
        p: PhaseFacts(recognised_by="generated", time_source="requested", source="kinetic")
        for p in study.hu
        if p not in study.inputs
    }
    return ReportInput(findings=findings, study=study, facts=facts, **changes)
