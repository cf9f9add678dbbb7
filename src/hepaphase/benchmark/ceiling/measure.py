"""One pass over a prepared cohort: everything that the observers are given, as arrays in one cache file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ...base.atomic import atomic_path
from ...base.errors import InputError
from ...base.log import track
from ...evaluation.lesions import SMALLEST_MM3
from ...evaluation.reading import Truth, patient_labels
from ...phantom.labels import Organ
from ...phantom.population import POPULATIONS, REFERRAL, draw_person
from ...study.lesions import LESION_CLASSES
from ...study.phase import Phase
from ...training.cohort import PreparedCase, open_cohort, read_prepared
from .candidates import find_candidates
from .describe import NUM_PHASES, SHAPE, VALUES, Floats, describe, grown, shape_of

CLINICAL = ("sex", "age", "cirrhosis", "hbv", "afp", "ca19_9", "cea", "cancer")
PROTOCOL = ("weight_kg", "iodine_g", "duration_s", "kappa", "cardiac_output_factor", "haematocrit")
"""Of the record of a simulated examination; what a lower end of the error is given beside the scan."""
CLASSES = tuple(LESION_CLASSES)
NOTHING = -1
_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A cohort in numbers; N patients, L true lesions of 113 mm^3 or more, B candidates, P phases."""

    case: npt.NDArray[np.str_]
    truth: npt.NDArray[np.bool_]
    """(N, classes): the labels that a reader is held against."""
    clinical: Floats
    """(N, clinical), NaN where not known."""
    protocol: Floats
    """(N, protocol)."""
    times_s: Floats
    """(N, P), NaN where not scanned."""
    clean_context: Floats
    """(N, P, 2): noise-free liver and aorta."""
    noisy_context: Floats
    """(N, P, 2)."""
    histogram: Floats
    """(N, P, quantiles): of the smoothed noisy liver."""
    lesion_owner: npt.NDArray[np.int64]
    """(L,) index of the patient."""
    lesion_class: npt.NDArray[np.int64]
    """(L,) index of the class."""
    lesion_clean: Floats
    """(L, P, values): noise-free, in the breathing state of the masks."""
    lesion_noisy: Floats
    """(L, P, values): as scanned, under the true mask."""
    lesion_shape: Floats
    """(L, shape)."""
    candidate_owner: npt.NDArray[np.int64]
    candidate_class: npt.NDArray[np.int64]
    """(B,) index of the class of the lesion it lies on, or NOTHING."""
    candidate_phase: npt.NDArray[np.int64]
    """(B,) in which phase it was seen."""
    candidate_noisy: Floats
    """(B, P, values): of the smoothed noisy volumes."""
    candidate_shape: Floats

    def only(self, kept: npt.NDArray[np.bool_]) -> "Measured":
        """The patients that ``kept`` (N,) marks."""
        number = np.cumsum(kept) - 1
        columns = {}
        for field in fields(Measured):
            kind, values = field.name.split("_")[0], getattr(self, field.name)
            rows = kept[getattr(self, f"{kind}_owner")] if kind in ("lesion", "candidate") else kept
            columns[field.name] = number[values[rows]] if field.name.endswith("_owner") else values[rows]
        return Measured(**columns)


def measured(prepared: Path, cache: Path, *, quiet: bool = False) -> Measured:
    """The numbers of a prepared cohort; from ``cache`` when that was made from the same files.

    Raises:
        InputError: when the folder holds no case, or a case without noise-free phases and masks.
    """
    cohort = open_cohort(prepared)
    key = f"{_FORMAT} {cohort.fingerprint()}"
    if cache.is_file():
        with np.load(cache, allow_pickle=False) as file:
            if str(file["key"]) == key:
                return Measured(**{f.name: file[f.name] for f in fields(Measured)})
    cases = (read_prepared(path) for path in track(cohort.files, title="Measuring", total=len(cohort), quiet=quiet))
    found = gather(measure_case(case) for case in cases)
    with atomic_path(cache) as partial, partial.open("wb") as file:
        np.savez_compressed(file, key=np.array(key), **{f.name: getattr(found, f.name) for f in fields(Measured)})
    return found


def gather(rows: Iterator[Mapping[str, Any]]) -> Measured:
    """Cases one after another, with owners numbered."""
    columns: dict[str, list[Any]] = {f.name: [] for f in fields(Measured)}
    for number, row in enumerate(rows):
        for name, value in row.items():
            columns[name].append(value)
        columns["lesion_owner"].append(np.full(len(row["lesion_class"]), number))
        columns["candidate_owner"].append(np.full(len(row["candidate_class"]), number))
    per_patient = ("case", "truth", "clinical", "protocol", "times_s", "clean_context", "noisy_context", "histogram")
    return Measured(**{k: (np.stack if k in per_patient else np.concatenate)(v) for k, v in columns.items()})


def measure_case(case: PreparedCase) -> dict[str, Any]:
    """One patient in numbers."""
    if set(case.reference_hu) != set(Phase) or not {"liver", "lesions", "organs"} <= case.masks.keys():
        raise InputError(f"Case {case.case} lacks masks or noise-free phases; a ceiling needs a simulated cohort.")
    clean = np.stack([case.reference_hu[p] for p in Phase]).astype(np.float32)
    nowhere = np.full(clean.shape[1:], np.nan, np.float32)
    noisy = np.stack([case.hu[p].astype(np.float32) if p in case.hu else nowhere for p in Phase])
    voxel_mm = float(np.cbrt(np.prod(case.geometry["spacing_xyz_mm"])))
    lesions, liver = case.masks["lesions"], case.masks["liver"] > 0
    found = find_candidates(noisy, liver, lesions, case.lesion_classes, voxel_mm)
    return {
        "case": np.array(case.case),
        "truth": np.array(list(_labels(case, voxel_mm).values()), bool),
        "clinical": clinical_values(known_clinical(case)),
        "protocol": protocol_values(case.exam),
        "times_s": np.array([case.times_s.get(p, np.nan) if p in case.hu else np.nan for p in Phase]),
        "clean_context": _context(clean, liver & (lesions == 0), case.masks["organs"] == Organ.AORTA),
        "noisy_context": _context(noisy, liver, case.masks["organs"] == Organ.AORTA),
        "histogram": found.histogram,
        **_lesions(case, clean, noisy, voxel_mm),
        "candidate_class": found.classes,
        "candidate_phase": found.phases,
        "candidate_noisy": found.values,
        "candidate_shape": found.shapes,
    }


def _labels(case: PreparedCase, voxel_mm: float) -> dict[str, bool]:
    truth = Truth(
        case=case.case,
        liver=case.masks["liver"],
        lesions=case.masks["lesions"],
        lesion_classes=case.lesion_classes,
        voxel_mm3=voxel_mm**3,
    )
    return patient_labels(truth)


def _lesions(case: PreparedCase, clean: npt.NDArray[Any], noisy: npt.NDArray[Any], voxel_mm: float) -> dict[str, Any]:
    labels = case.masks["lesions"]
    around = (case.masks["liver"] > 0) & (labels == 0)
    classes, parts = [], []
    for number, box in enumerate(ndimage.find_objects(labels.astype(np.int32)), start=1):
        if box is None:
            continue
        near = grown(box, labels.shape)
        region = labels[near] == number
        if region.sum() * voxel_mm**3 < SMALLEST_MM3:
            continue
        classes.append(CLASSES.index(case.lesion_classes[number]))
        both = (describe(hu[(slice(None), *near)], region, around[near]) for hu in (clean, noisy))
        parts.append((*both, shape_of(region, voxel_mm)))
    names = ("lesion_clean", "lesion_noisy", "lesion_shape")
    empty = ((0, NUM_PHASES, len(VALUES)), (0, NUM_PHASES, len(VALUES)), (0, len(SHAPE)))
    stacked = [np.stack(one) for one in zip(*parts, strict=True)] if parts else [np.zeros(e) for e in empty]
    return {"lesion_class": np.array(classes, np.int64), **dict(zip(names, stacked, strict=True))}


def _context(hu: npt.NDArray[np.float32], liver: npt.NDArray[np.bool_], aorta: npt.NDArray[np.bool_]) -> Floats:
    middle = [np.median(hu[:, m], axis=1) if m.any() else np.full(len(hu), np.nan) for m in (liver, aorta)]
    return np.stack(middle, axis=1).astype(np.float64)


def known_clinical(case: PreparedCase) -> Mapping[str, Any]:
    """What is known beside the scan; crops written before markers were drawn get them from their own record."""
    record = case.exam
    if {"seed", "phantom_version"} <= record.keys() and not set(CLINICAL) <= case.clinical.keys():
        population = POPULATIONS[record.get("population", REFERRAL.name)]
        return {**draw_person(int(record["seed"]), population).clinical, **case.clinical}
    return case.clinical


def clinical_values(clinical: Mapping[str, Any]) -> Floats:
    """Clinical data as numbers, (clinical,), NaN where not known."""
    values = {**clinical, "sex": {"M": 1.0, "F": 0.0}.get(str(clinical.get("sex")), np.nan)}
    return np.array([float(values.get(name, np.nan)) for name in CLINICAL])


def protocol_values(record: Mapping[str, Any]) -> Floats:
    """Body, injection and scanner of a recorded examination, (protocol,), NaN where there is no record."""
    if not {"patient", "injection", "kappa"} <= record.keys():
        return np.full(len(PROTOCOL), np.nan)
    patient, injection = record["patient"], record["injection"]
    iodine_g = injection["concentration_mg_per_ml"] * injection["volume_ml"] / 1000
    return np.array(
        [
            patient["weight_kg"],
            iodine_g,
            injection["volume_ml"] / injection["rate_ml_per_s"],
            record["kappa"],
            patient["cardiac_output_factor"],
            patient["haematocrit"],
        ]
    )
