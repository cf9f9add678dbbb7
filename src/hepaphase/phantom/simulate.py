"""One simulated patient: drawn from a seed, rendered on any grid."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.errors import InputError
from ..base.names import check_name
from ..kinetics.circulation import Circulation
from ..study.geometry import Geometry
from ..study.lesions import LESION_CLASSES, Tissue
from ..study.phase import REFERENCE_ORDER, Phase, Provenance
from ..study.study import HuArray, LesionRow, PhaseVolume, Study
from .acquisition import Contents, Scanner, true_exam
from .anatomy import Anatomy, draw_anatomy, liver_distance_mm, surface_values
from .around import draw_around
from .detail import Detail
from .dress import draw_dressed
from .events import Event, draw_events, find_event
from .exam import Exam, draw_exam
from .finish import draw_fields
from .grids import Grid, place_grid
from .grown import refine
from .kinds import draw_kind
from .labels import Organ
from .lesions import Lesion, draw_lesions
from .population import POPULATIONS, REFERRAL, Person, Population, draw_person, draw_stage
from .render import Scene, State, draw_texture, paint_labels, paint_phase
from .scanner import draw_scan
from .space import Places
from .tissues import Enhancement, draw_liver_tissue, fatten

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
    events: tuple[Event, ...] = ()
    """What went wrong."""

    @property
    def phases(self) -> tuple[Phase, ...]:
        """Which are scanned."""
        return (Phase.PVP,) if find_event(self.events, "pvp_only") else self.population.phases

    @property
    def reference(self) -> Phase:
        """The phase in whose breathing state the masks lie."""
        return next(p for p in REFERENCE_ORDER if p in self.phases)

    @property
    def contents(self) -> Contents:
        """What the body held when it was scanned."""
        exam = true_exam(self.exam, self.events)
        return Contents(self.seed, exam, self.circulation, self.liver, self.lesions, self.events)


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known about a simulated patient beside the study."""

    clean_hu: Mapping[Phase, HuArray]
    """Noise-free phases as they were scanned, each in its own breathing state, by the name under which they were
    filed: with the event ``wrong_label`` two of them stand for each other."""
    reference_hu: Mapping[Phase, HuArray]
    """All four phases under their true names, noise-free, without the scanner's effects but its offset, in the
    breathing state of the reference."""
    organs: npt.NDArray[np.uint8]
    """Label map (``Organ``), reference state."""
    segments: npt.NDArray[np.uint8] | None
    """Couinaud's segments 1 to 8 of the liver, reference state; None for a patient whose vessels were not grown."""
    vessels: npt.NDArray[np.uint8] | None
    """Trees of the liver (``VESSEL_LABELS``), reference state, likewise."""
    drawn: Mapping[str, Any]
    """JSON-able record of what was drawn; ``replay`` makes the patient from it again."""
    patient: Drawn
    """What was drawn, with the circulation: its curves are the input functions."""


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
    events = draw_events(seed, population.domain)
    exam, circulation = draw_exam(
        seed,
        sex=person.sex,
        age_years=person.age_years,
        cirrhosis=person.cirrhosis,
        domain=population.domain,
        events=events,
    )
    detail = population.detail
    anatomy = draw_anatomy(
        seed, weight_kg=exam.patient.weight_kg, cirrhosis=person.cirrhosis and not detail.liver_disease
    )
    stage = draw_stage(seed, population, cirrhosis=person.cirrhosis)
    anatomy = refine(anatomy, seed, stage=stage, detail=detail)
    liver, found = draw_contents(seed, person, liver_positions_mm(anatomy), detail)
    lesions = _apart(found)
    if detail.signs:
        lesions = draw_around(seed, lesions, anatomy)
    return Drawn(
        seed=seed,
        person=person,
        anatomy=anatomy,
        exam=exam,
        circulation=circulation,
        liver=liver,
        lesions=tuple(lesions),
        population=population,
        events=events,
    )


def draw_contents(
    seed: int, person: Person, positions: npt.NDArray[np.float64], detail: Detail
) -> tuple[Tissue, list[Lesion]]:
    """What the liver is made of, and its lesions at places taken from ``positions``, (N, 3) xyz in mm."""
    liver = draw_liver_tissue(seed, cirrhosis=person.cirrhosis, fatty_share=detail.fatty_share)
    table = detail.lesion_classes
    if not detail.signs:
        return liver, [one for key in person.classes for one in draw_lesions(seed, key, positions, table=table)]
    kinds = {key: draw_kind(seed, key, cirrhosis=person.cirrhosis) for key in person.classes}
    if any(kind.fatty_liver for kind in kinds.values()):
        liver = fatten(seed, liver)
    return liver, [
        lesion
        for key, kind in kinds.items()
        for lesion in draw_dressed(seed, key, positions, table=table, kind=kind, liver=liver)
    ]


def replay(record: Mapping[str, Any]) -> Drawn:
    """The patient of a record that :func:`simulate` wrote.

    Raises:
        InputError: for a record of another version of the phantom, or of another detail.
        UnknownNameError: for a population that does not exist.
    """
    if record.get("phantom_version") != PHANTOM_VERSION:
        raise InputError(
            f"The record is of phantom version {record.get('phantom_version')}, this is {PHANTOM_VERSION}. "
            "Use the version of hepaphase that wrote it."
        )
    name = record.get("population", REFERRAL.name)
    population = POPULATIONS[check_name(name, POPULATIONS, kind="population")]
    if not population.domain.is_plain and record.get("detail") != asdict(population.detail):
        raise InputError(
            f"The record says of its detail {record.get('detail')}, patients of '{name}' now have "
            f"{asdict(population.detail)}. Use the version of hepaphase that wrote it."
        )
    return draw(int(record["seed"]), population)


def liver_positions_mm(anatomy: Anatomy) -> npt.NDArray[np.float64]:
    """Places inside the liver, at least 6 mm from its surface, (N, 3) xyz, evenly by volume."""
    axis = np.arange(-160, 161, 8, dtype=np.float32)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    depth = liver_distance_mm(anatomy, Places(x, y, z), surface_values(anatomy, (axis, axis, axis)))
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
    contents = drawn.contents
    scene = Scene(
        anatomy=drawn.anatomy,
        lesions=drawn.lesions,
        enhancement=Enhancement(contents.exam, drawn.circulation),
        organ_hu=contents.organ_hu(),
        texture=draw_texture(drawn.seed),
        seed=drawn.seed,
        blur_mm=max(drawn.exam.blur_mm, 0.6),
        fields=draw_fields(drawn.seed) if drawn.population.detail.finished else None,
    )
    scanner = Scanner(drawn.population.domain, contents, geometry)
    still = paint_phase(scene, geometry)
    clean: dict[Phase, HuArray] = {}
    seen: dict[Phase, HuArray] = {}
    for phase in drawn.phases:
        index = list(Phase).index(phase)
        at_rest = phase is drawn.reference
        state = still if at_rest else paint_phase(scene, geometry, drawn.exam.breath_mm[phase], moved=phase)
        clean[phase] = scanner.see(state.hu[index if at_rest else 0], state, phase)
        seen[phase] = scanner.expose(clean[phase], state, phase)
    reference = {p: still.hu[i] + np.float32(drawn.exam.offset_hu[p]) for i, p in enumerate(Phase)}
    files = {p: filed_as(p, drawn.phases, drawn.events) for p in drawn.phases}
    phases = {
        p: PhaseVolume(seen[files[p]], geometry, Provenance.SIMULATED, time_s=drawn.exam.times_s[p]) for p in files
    }
    truth = Truth(
        {p: clean[files[p]] for p in files},
        reference,
        still.organs,
        still.segments,
        still.vessels,
        record(drawn),
        drawn,
    )
    case = SimulatedCase(_study(drawn, geometry, phases, still), truth)
    return flipped(case) if find_event(drawn.events, "left_right_flip") else case


def filed_as(phase: Phase, phases: tuple[Phase, ...], events: tuple[Event, ...]) -> Phase:
    """Which phase the file called ``phase`` really holds: another after a wrong label, two phases swapped."""
    event = find_event(events, "wrong_label")
    if event is None or event.phase is None:
        return phase
    pair = (event.phase, list(Phase)[list(Phase).index(event.phase) + 1])
    if phase not in pair or not set(pair) <= set(phases):
        return phase
    return pair[1] if phase is pair[0] else pair[0]


def flipped(case: SimulatedCase) -> SimulatedCase:
    """Volumes, masks and truth mirrored left to right, as after a wrong orientation in the header."""

    def mirror(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.ascontiguousarray(values[..., ::-1])

    study, truth = case.study, case.truth
    return SimulatedCase(
        replace(
            study,
            phases={p: replace(v, hu=mirror(v.hu)) for p, v in study.phases.items()},
            masks={name: (mirror(mask), grid) for name, (mask, grid) in study.masks.items()},
        ),
        replace(
            truth,
            clean_hu={p: mirror(hu) for p, hu in truth.clean_hu.items()},
            reference_hu={p: mirror(hu) for p, hu in truth.reference_hu.items()},
            organs=mirror(truth.organs),
            segments=None if truth.segments is None else mirror(truth.segments),
            vessels=None if truth.vessels is None else mirror(truth.vessels),
        ),
    )


def label_map(drawn: Drawn, grid: str | Grid = "abdomen") -> tuple[npt.NDArray[np.uint8], Geometry]:
    """``Organ`` labels of a drawn patient at rest, without lesions, and their grid; much faster than ``render``."""
    geometry = place_grid(grid, drawn.anatomy)
    return paint_labels(drawn.anatomy, geometry), geometry


def _study(drawn: Drawn, geometry: Geometry, phases: dict[Phase, PhaseVolume], still: State) -> Study:
    rows = tuple(
        LesionRow(i + 1, one.lesion_class, _details(one, still, i + 1))
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


def _details(lesion: Lesion, still: State, number: int) -> dict[str, Any]:
    """What the table says of a lesion beside its class."""
    details: dict[str, Any] = {"long_axis_mm": round(lesion.long_axis_mm, 1), "variant": lesion.variant}
    if lesion.signs and lesion.signs.kind:
        details["origin" if lesion.lesion_class == "metastasis" else "kind"] = lesion.signs.kind
    if still.segments is not None:
        inside = still.segments[(still.lesions == number) & (still.segments > 0)]
        details["segment"] = int(np.bincount(inside).argmax()) if inside.size else None
    return details


def _plain(lesion: Lesion) -> dict[str, Any]:
    """A drawn lesion; without signs, what is written of it is what was written before there were any."""
    return {k: v for k, v in asdict(lesion).items() if v is not None or k not in ("signs", "around")}


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
        "lesions": [_plain(one) for one in drawn.lesions],
        "classes": list(LESION_CLASSES),
        "events": [asdict(event) for event in drawn.events],
    }
    if not drawn.population.domain.is_plain:  # records of the plain scanner stay as they were
        values |= {
            "population": drawn.population.name,
            "domain": drawn.population.domain.name,
            "scan": asdict(draw_scan(drawn.seed, drawn.population.domain)),
            "detail": asdict(drawn.population.detail),
            "liver_disease": asdict(drawn.anatomy.signs),
        }
    if grown := drawn.anatomy.vasculature:
        values["vessels"] = {"variants": grown.variants, "couinaud": asdict(grown.couinaud)}
    plain: dict[str, Any] = json.loads(json.dumps(values))
    return plain
