"""One simulated patient: drawn from a seed, rendered on any grid."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.seeds import stream
from ..kinetics.circulation import Circulation
from ..study.geometry import Geometry
from ..study.lesions import LESION_CLASSES, Tissue
from ..study.phase import REFERENCE_ORDER, Phase, Provenance
from ..study.study import HuArray, LesionRow, PhaseVolume, Study
from .anatomy import Anatomy, draw_anatomy, liver_distance_mm
from .exam import Exam, draw_exam
from .grids import Grid, place_grid
from .labels import Organ
from .lesions import Lesion, draw_lesions
from .noise import draw_noise
from .population import REFERRAL, Person, Population, draw_person
from .render import Scene, State, draw_texture, paint_labels, paint_phase
from .space import Places, read_lattice
from .tissues import Enhancement, draw_liver_tissue, organ_hu

PHANTOM_VERSION = 1
"""Written into every case; cases of two versions do not belong in one cohort."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Everything drawn about one patient; rendering adds nothing but noise from the same seed."""

    seed: int
    person: Person
    anatomy: Anatomy
    exam: Exam
    circulation: Circulation
    liver: Tissue
    lesions: tuple[Lesion, ...]
    population: Population = REFERRAL

    @property
    def reference(self) -> Phase:
        """The phase in whose breathing state the masks lie."""
        return next(p for p in REFERENCE_ORDER if p in self.population.phases)


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known about a simulated patient beside the study."""

    clean_hu: Mapping[Phase, HuArray]
    """Noise-free phases that were scanned, each in its own breathing state."""
    reference_hu: Mapping[Phase, HuArray]
    """All four phases, noise-free, in the breathing state of the reference."""
    organs: npt.NDArray[np.uint8]
    """Label map (``Organ``), reference state."""
    drawn: Mapping[str, Any]
    """JSON-able record of what was drawn."""


@dataclass(frozen=True, slots=True)
class SimulatedCase:
    """A study and its truth."""

    study: Study
    truth: Truth


def simulate(seed: int, *, grid: str | Grid = "abdomen", population: Population = REFERRAL) -> SimulatedCase:
    """One patient: the same seed and grid give the same bytes in any process."""
    return render(draw(seed, population), grid)


def draw(seed: int, population: Population = REFERRAL) -> Drawn:
    """Draw one patient."""
    person = draw_person(seed, population)
    exam, circulation = draw_exam(seed, sex=person.sex, age_years=person.age_years, cirrhosis=person.cirrhosis)
    anatomy = draw_anatomy(seed, weight_kg=exam.patient.weight_kg, cirrhosis=person.cirrhosis)
    positions = liver_positions_mm(anatomy)
    lesions = [lesion for key in person.classes for lesion in draw_lesions(seed, key, positions)]
    return Drawn(
        seed=seed,
        person=person,
        anatomy=anatomy,
        exam=exam,
        circulation=circulation,
        liver=draw_liver_tissue(seed, cirrhosis=person.cirrhosis),
        lesions=tuple(_apart(lesions)),
        population=population,
    )


def liver_positions_mm(anatomy: Anatomy) -> npt.NDArray[np.float64]:
    """Places inside the liver, at least 6 mm from its surface, (N, 3) xyz, evenly by volume."""
    axis = np.arange(-160, 161, 8, dtype=np.float32)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    depth = liver_distance_mm(anatomy, Places(x, y, z), read_lattice(anatomy.surface_mm, (axis, axis, axis)))
    inside = depth < -6.0
    return np.stack([x[inside], y[inside], z[inside]], axis=1).astype(float)


def _apart(lesions: list[Lesion]) -> list[Lesion]:
    """Largest first; a lesion that would overlap one already there is left out."""
    kept: list[Lesion] = []
    for lesion in sorted(lesions, key=lambda one: -one.long_axis_mm):
        gaps = (
            np.linalg.norm(np.subtract(lesion.center, other.center)) - (lesion.long_axis_mm + other.long_axis_mm) / 2
            for other in kept
        )
        if all(gap > 2.0 for gap in gaps):
            kept.append(lesion)
    return kept


def render(drawn: Drawn, grid: str | Grid = "abdomen") -> SimulatedCase:
    """Render a drawn patient: the phases that were scanned, with noise, masks, truth."""
    geometry = place_grid(grid, drawn.anatomy)
    enhancement = Enhancement(drawn.exam, drawn.circulation)
    liver_hu = enhancement.hu([drawn.liver])[0]
    scene = Scene(
        anatomy=drawn.anatomy,
        lesions=drawn.lesions,
        enhancement=enhancement,
        organ_hu=organ_hu(drawn.seed, drawn.exam, drawn.circulation, liver_hu),
        texture=draw_texture(drawn.seed),
        seed=drawn.seed,
        blur_mm=max(drawn.exam.blur_mm, 0.6),
    )
    still = paint_phase(scene, geometry)
    clean: dict[Phase, HuArray] = {}
    phases: dict[Phase, PhaseVolume] = {}
    for phase in drawn.population.phases:
        index = list(Phase).index(phase)
        at_rest = phase is drawn.reference
        state = still if at_rest else paint_phase(scene, geometry, drawn.exam.breath_mm[phase], moved=phase)
        clean[phase] = state.hu[index if at_rest else 0] + np.float32(drawn.exam.offset_hu[phase])
        noise = draw_noise(
            stream(drawn.seed, "noise", phase),
            geometry,
            sd_hu=drawn.exam.noise_hu,
            peak_per_mm=drawn.exam.noise_peak_per_mm,
            slice_mm=drawn.exam.slice_mm,
        )
        hu = np.clip(clean[phase] + noise * state.inside, -1024, 3071).astype(np.float32)
        phases[phase] = PhaseVolume(hu, geometry, Provenance.SIMULATED, time_s=drawn.exam.times_s[phase])
    reference = {p: still.hu[i] + np.float32(drawn.exam.offset_hu[p]) for i, p in enumerate(Phase)}
    return SimulatedCase(_study(drawn, geometry, phases, still),
                         Truth(clean, reference, still.organs, record(drawn)))  # fmt: skip


def label_map(drawn: Drawn, grid: str | Grid = "abdomen") -> tuple[npt.NDArray[np.uint8], Geometry]:
    """``Organ`` labels of a drawn patient at rest, without lesions, and their grid; much faster than ``render``."""
    geometry = place_grid(grid, drawn.anatomy)
    return paint_labels(drawn.anatomy, geometry), geometry


def _study(drawn: Drawn, geometry: Geometry, phases: dict[Phase, PhaseVolume], still: State) -> Study:
    rows = tuple(
        LesionRow(i + 1, one.lesion_class, {"long_axis_mm": round(one.long_axis_mm, 1), "variant": one.variant})
        for i, one in enumerate(drawn.lesions)
        if (still.lesions == i + 1).any()
    )
    return Study(
        case=f"sim-{drawn.seed:07d}",
        phases=phases,
        masks={
            "liver": (still.liver, geometry),
            "body": ((still.organs > Organ.BACKGROUND).astype(np.uint8), geometry),
            "lesions": (still.lesions, geometry),
        },
        lesion_table=rows,
        clinical=drawn.person.clinical,
    )


def record(drawn: Drawn) -> dict[str, Any]:
    """What was drawn, as plain JSON."""
    exam = drawn.exam
    values = {
        "phantom_version": PHANTOM_VERSION,
        "seed": drawn.seed,
        "person": asdict(drawn.person),
        "patient": asdict(exam.patient),
        "injection": asdict(exam.injection),
        "kvp": exam.kvp,
        "kappa": exam.kappa,
        "times_s": {str(p): t for p, t in exam.times_s.items()},
        "noise_hu": exam.noise_hu,
        "noise_peak_per_mm": exam.noise_peak_per_mm,
        "slice_mm": exam.slice_mm,
        "blur_mm": exam.blur_mm,
        "offset_hu": {str(p): v for p, v in exam.offset_hu.items()},
        "breath_mm": {str(p): (0.0, 0.0, 0.0) if p is drawn.reference else v for p, v in exam.breath_mm.items()},
        "liver": asdict(drawn.liver),
        "lesions": [asdict(one) for one in drawn.lesions],
        "classes": list(LESION_CLASSES),
        "events": [],
    }
    plain: dict[str, Any] = json.loads(json.dumps(values))
    return plain
