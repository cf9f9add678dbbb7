"""Lesions drawn from the simulator's own distributions, without a body around them: a hundred times faster."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ...base.log import track
from ...evaluation.lesions import SMALLEST_MM3
from ...phantom.exam import Exam, draw_exam
from ...phantom.growth import Painted, paint
from ...phantom.labels import Organ
from ...phantom.lesions import Lesion
from ...phantom.population import Person, Population, draw_person
from ...phantom.seeds import seed_range
from ...phantom.simulate import draw_contents
from ...phantom.space import Places
from ...phantom.tissues import Enhancement, organ_hu
from ...study.phase import Phase
from .describe import SHAPE, VALUES, Floats, describe, shape_of
from .measure import CLASSES, clinical_values, protocol_values

VOXEL_MM = 4.0
"""Of the crops that the models see."""
FIRST_SEED = seed_range("train").start + 500_000
"""Far beyond the training patients of every cohort, inside the range that no test patient is from."""
WITH_LESION = Population(name="ceiling", lesion_free=0.0)
_TEXTURE_HU = 3.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """L lesions of N patients, noise-free, in all four phases."""

    owner: npt.NDArray[np.int64]
    """(L,)."""
    lesion_class: npt.NDArray[np.int64]
    """(L,)."""
    pure: Floats
    """(L, P, values): of the lesion alone."""
    mixed: Floats
    """(L, P, values): with the partial volume of a crop's voxels."""
    shape: Floats
    """(L, shape)."""
    main_class: npt.NDArray[np.int64]
    """(N,) what the patient came with; other lesions were found beside it."""
    context: Floats
    """(N, P, 3): liver, aorta, portal vein."""
    clinical: Floats
    """(N, clinical)."""
    protocol: Floats
    """(N, protocol)."""
    times_s: Floats
    """(N, P)."""


def draws_for(population: Population) -> Population:
    """Patients with lesions by the table's prevalence, whose lesions, livers and scanner are those of a population."""
    return replace(WITH_LESION, domain=population.domain, detail=population.detail)


def draw_many(
    num_patients: int, *, first_seed: int = FIRST_SEED, population: Population = WITH_LESION, quiet: bool = False
) -> Draws:
    """Patients of a population, each with an examination of their own in which nothing fails.

    Lesions smaller than 113 mm^3 on the grid are left out, as in the cohorts. What lesions do around them, and what
    the scanner adds beside its offset, is not drawn.
    """
    seeds = range(first_seed, first_seed + num_patients)
    rows = [_draw_one(seed, population) for seed in track(seeds, title="Drawing", total=num_patients, quiet=quiet)]
    owner = np.repeat(np.arange(num_patients), [len(row.classes) for row in rows])
    return Draws(
        owner=owner,
        lesion_class=np.concatenate([row.classes for row in rows]),
        pure=np.concatenate([row.pure for row in rows]),
        mixed=np.concatenate([row.mixed for row in rows]),
        shape=np.concatenate([row.shape for row in rows]),
        main_class=np.array([CLASSES.index(row.person.classes[0]) for row in rows]),
        context=np.stack([row.context for row in rows]),
        clinical=np.stack([clinical_values(row.person.clinical) for row in rows]),
        protocol=np.stack([row.protocol for row in rows]),
        times_s=np.array([[row.exam.times_s[p] for p in Phase] for row in rows]),
    )


@dataclass(frozen=True, slots=True)
class _Row:
    person: Person
    exam: Exam
    classes: npt.NDArray[np.int64]
    pure: Floats
    mixed: Floats
    shape: Floats
    context: Floats
    protocol: Floats


def _draw_one(seed: int, population: Population) -> _Row:
    person = draw_person(seed, population)
    exam, circulation = draw_exam(
        seed,
        sex=person.sex,
        age_years=person.age_years,
        cirrhosis=person.cirrhosis,
        domain=population.domain,
    )
    enhancement = Enhancement(exam, circulation)
    tissue, lesions = draw_contents(seed, person, np.zeros((1, 3)), population.detail)
    liver = enhancement.hu([tissue])[0]
    organs = organ_hu(seed, exam, circulation, liver)
    offset = np.array([exam.offset_hu[p] for p in Phase])
    rng = np.random.default_rng(seed)
    parts = [_measured(lesion, enhancement, liver, offset, rng) for lesion in lesions]
    kept = [(CLASSES.index(one.lesion_class), *part) for one, part in zip(lesions, parts, strict=True) if part]
    columns: Sequence[Sequence[Floats]] = list(zip(*(row[1:] for row in kept), strict=True)) or [[], [], []]
    record = {
        "patient": {name: getattr(exam.patient, name) for name in ("weight_kg", "cardiac_output_factor")}
        | {"haematocrit": circulation.haematocrit},
        "injection": {
            name: getattr(exam.injection, name) for name in ("concentration_mg_per_ml", "volume_ml", "rate_ml_per_s")
        },
        "kappa": exam.kappa,
    }
    values = (-1, len(Phase), len(VALUES))
    return _Row(
        person=person,
        exam=exam,
        classes=np.array([row[0] for row in kept], np.int64),
        pure=np.reshape(columns[0], values),
        mixed=np.reshape(columns[1], values),
        shape=np.reshape(columns[2], (-1, len(SHAPE))),
        context=np.stack([organs[o] + offset for o in (Organ.LIVER, Organ.AORTA, Organ.PORTAL_VEIN)], axis=1),
        protocol=protocol_values(record),
    )


def _measured(
    lesion: Lesion, enhancement: Enhancement, liver: Floats, offset: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats] | None:
    """Of one lesion alone and in liver, and its size; None when it is smaller than 113 mm^3."""
    painted = painted_on_crop(lesion, enhancement)
    region = painted.share > min(0.5, 0.9 * float(painted.share.max()))
    if region.sum() * VOXEL_MM**3 < SMALLEST_MM3:
        return None
    texture = rng.normal(0, _TEXTURE_HU, region.shape)
    parenchyma = liver[:, None, None, None] + texture
    around = parenchyma + (painted.halo_hu[:, None, None, None] - parenchyma) * painted.halo
    mixed = around + (painted.hu - around) * painted.share
    shift = offset[:, None]
    everywhere = np.ones(region.shape, bool)
    pure = describe(np.asarray(painted.hu, np.float64), region, everywhere) + shift * _moves()
    return pure, describe(mixed, region, everywhere) + shift * _moves(), shape_of(region, VOXEL_MM)


def _moves() -> Floats:
    """1 for values that a calibration offset shifts, 0 for spreads, (values,)."""
    return np.array([0.0 if name == "sd" else 1.0 for name in VALUES])


def painted_on_crop(lesion: Lesion, enhancement: Enhancement) -> Painted:
    """The lesion on voxels of 4 mm, wherever its middle lies between them."""
    reach = lesion.long_axis_mm * 0.625 + 4 * VOXEL_MM
    axes = [
        (VOXEL_MM * np.arange(np.floor((c - reach) / VOXEL_MM), np.ceil((c + reach) / VOXEL_MM) + 1)).astype(np.float32)
        for c in lesion.center[::-1]
    ]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    return paint(lesion, Places(x, y, z), enhancement, VOXEL_MM)
