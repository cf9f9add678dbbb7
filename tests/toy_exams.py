"""Exams with a known truth and almost no anatomy: a liver box, an aorta, two lesions, through the tissue model."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hepaphase.kinetics.circulation import circulate
from hepaphase.kinetics.injection import Injection
from hepaphase.kinetics.patient import Patient
from hepaphase.kinetics.tissue import enhancement_mg_ml
from hepaphase.study.geometry import Geometry
from hepaphase.study.lesions import LESION_CLASSES, LIVER_NORMAL, Tissue
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import AlignedStudy

AORTA = Tissue(40, 6000, 0.1, 0.95, 0.03, 0.5)
MUSCLE = Tissue(55, 8, 0, 0.05, 0.1, 5)
KAPPA = 25.3


@dataclass(frozen=True)
class ToyExam:
    """One exam on a 4 mm grid; arrays (z, y, x)."""

    case: str
    geometry: Geometry
    clean_hu: dict[Phase, np.ndarray]
    hu: dict[Phase, np.ndarray]
    time_s: dict[Phase, float]
    labels: np.ndarray
    """0 muscle, 1 liver, 2 aorta, 3 and 4 lesions."""


def toy_exam(seed: int, shape: tuple[int, int, int] = (24, 32, 40)) -> ToyExam:
    rng = np.random.default_rng(seed)
    patient = Patient(cardiac_output_factor=float(np.exp(rng.normal(0, 0.2))))
    circulation = circulate(patient, Injection.for_patient(70, dose_mg_per_kg=float(rng.normal(530, 80))))
    time_s = {Phase.NC: 0.0, Phase.AP: rng.normal(37, 3), Phase.PVP: rng.normal(70, 5), Phase.DP: rng.normal(180, 15)}
    time_s = {p: float(t) for p, t in time_s.items()}
    kinds = [LESION_CLASSES[str(c)].tissues["body"] for c in rng.choice(["hcc", "metastasis", "hemangioma"], 2)]
    tissues = [MUSCLE, LIVER_NORMAL, AORTA, *kinds]
    labels = _labels(shape, rng)
    curves = np.array([enhancement_mg_ml(t, circulation, list(time_s.values())) for t in tissues])
    values = np.array([[t.hu0] for t in tissues]) + KAPPA * curves
    clean = {p: values[labels, k].astype(np.float32) for k, p in enumerate(Phase)}
    noisy = {p: (hu + rng.normal(0, 5, shape)).astype(np.float32) for p, hu in clean.items()}
    geometry = Geometry(shape, (4.0, 4.0, 4.0), (-31.0, 12.5, -700.0))
    return ToyExam(f"toy-{seed:03d}", geometry, clean, noisy, time_s, labels)


def aligned(exam: ToyExam, phases: tuple[Phase, ...] = tuple(Phase)) -> AlignedStudy:
    return AlignedStudy(
        case=exam.case,
        geometry=exam.geometry,
        reference=phases[-1],
        hu={p: exam.hu[p] for p in phases},
        provenance=dict.fromkeys(phases, Provenance.SIMULATED),
        time_s={p: exam.time_s[p] for p in phases},
        transforms={p: np.eye(4) for p in phases},
        masks={"liver": (exam.labels == 1) | (exam.labels > 2)},
    )


def write_prepared(exam: ToyExam, folder: Path, *, phases: tuple[Phase, ...] = tuple(Phase)) -> Path:
    path = folder / f"{exam.case}.npz"
    grid = exam.geometry
    np.savez_compressed(
        path,
        case=exam.case,
        geometry=json.dumps(
            {
                "shape_zyx": grid.shape_zyx,
                "spacing_xyz_mm": grid.spacing_xyz_mm,
                "origin_lps_mm": grid.origin_lps_mm,
                "direction": grid.direction,
            }
        ),
        times_s=np.array([exam.time_s[p] if p in phases else np.nan for p in Phase], dtype=np.float32),
        liver=((exam.labels == 1) | (exam.labels > 2)).astype(np.uint8),
        lesions=np.where(exam.labels > 2, exam.labels - 2, 0).astype(np.uint16),
        lesion_ids=np.array([1, 2]),
        lesion_classes=np.array(["hcc", "hcc"]),
        clinical="{}",
        **{f"hu_{p}": exam.hu[p].round().astype(np.int16) for p in phases},
        **{f"clean_{p}": exam.clean_hu[p].round().astype(np.int16) for p in phases},
        **{f"clean_ref_{p}": exam.clean_hu[p].round().astype(np.int16) for p in phases},
    )
    return path


def _labels(shape: tuple[int, int, int], rng: np.random.Generator) -> np.ndarray:
    z, y, x = np.indices(shape)
    labels = np.zeros(shape, dtype=int)
    labels[2:-2, 3:-8, 3:-6] = 1
    labels[(y - shape[1] + 4) ** 2 + (x - shape[2] // 2) ** 2 < 9] = 2
    for label in (3, 4):
        centre = [rng.uniform(0.3, 0.6) * size for size in shape]
        labels[(z - centre[0]) ** 2 + (y - centre[1]) ** 2 + (x - centre[2]) ** 2 < rng.uniform(2, 4) ** 2] = label
    return labels
