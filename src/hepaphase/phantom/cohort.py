"""Many simulated patients on disk: case folders, or crops ready for training."""

import csv
import io
import json
import multiprocessing
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.atomic import atomic_path, write_json, write_text
from ..base.errors import ConfigError, InputError, OutputError
from ..base.log import track
from ..io.case import STUDY_FILE, write_case
from ..io.nifti import write_nifti
from ..study.phase import Phase
from .grids import Grid
from .manifest import DRAWN, MANIFEST, cohort_hash, drawn_hash, phases_on_disk, read_facts, volume_stats
from .population import REFERRAL, Population
from .simulate import PHANTOM_VERSION, SimulatedCase, simulate

METADATA = "metadata.csv"
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortOptions:
    """How a cohort is written.

    Raises:
        ConfigError: for a number of workers below one.
    """

    grid: str | Grid = "abdomen"
    population: Population = REFERRAL
    prepared: bool = False
    """One ``.npz`` per case with everything on one grid, for training, instead of a case folder."""
    workers: int = 1
    name: str = ""
    """Of the cohort, if it has a frozen one."""
    weights: Mapping[int, float] = field(default_factory=dict)
    """Seed to sampling weight; a seed that is not there has weight 1."""

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ConfigError(f"At least one worker is needed, got {self.workers}.")


def write_cohort(out: Path, seeds: Sequence[int], options: CohortOptions, *, quiet: bool = False) -> list[str]:
    """Write one case per seed below ``out``, a manifest and a table of patients; returns the names of the cases.

    A case depends on its seed alone, so the bytes are the same with any number of workers. Cases that are already
    there are kept, which lets a stopped run go on; those of other seeds stay in the manifest and the table.

    Raises:
        OutputError: when ``out`` holds a cohort of another kind.
    """
    seeds = [*seeds, *_earlier(out, seeds, options)]
    plain = replace(options, weights={})  # sent to every worker with every case
    jobs = [(out, seed, plain) for seed in seeds]
    rows: list[_Row] = []
    if options.workers == 1:
        rows += track((_write_one(job) for job in jobs), title="Simulating", total=len(jobs), quiet=quiet)
    else:
        with _one_thread_each(), multiprocessing.get_context("spawn").Pool(options.workers) as pool:
            rows += track(pool.imap(_write_one, jobs), title="Simulating", total=len(jobs), quiet=quiet)
    cases = [_manifest_row(row, options.weights.get(row.seed, 1.0)) for row in rows]
    manifest = {
        "schema": "hepaphase-cohort/1",
        **_kind(options),
        "drawn_sha256": cohort_hash(cases),
        "cases": cases,
    }
    write_json(out / MANIFEST, manifest)
    write_text(out / METADATA, _table(rows))
    return [row.case for row in rows]


def _kind(options: CohortOptions) -> dict[str, Any]:
    """What all cases of one folder share."""
    return {
        "phantom_version": PHANTOM_VERSION,
        "cohort": options.name,
        "population": options.population.name,
        "grid": options.grid if isinstance(options.grid, str) else asdict(options.grid),
    }


def _earlier(out: Path, seeds: Sequence[int], options: CohortOptions) -> list[int]:
    """Seeds of the cases in ``out`` besides those asked for, after a look that they are of the same kind."""
    try:
        manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
        there = {int(row["seed"]): str(row["case"]) for row in manifest["cases"]}
    except (OSError, ValueError, KeyError, TypeError):
        return []  # nothing there, or of a run that was stopped
    for name, value in json.loads(json.dumps(_kind(options))).items():
        if (found := manifest.get(name)) != value:
            raise OutputError(f"{out} holds a cohort with {name} {found!r}, asked for {value!r}. Give another folder.")
    suffix = ".npz" if options.prepared else ""
    return [seed for seed, case in there.items() if seed not in set(seeds) and (out / f"{case}{suffix}").exists()]


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes started meanwhile multiply matrices on one thread: with more, those of two workers wait for each other.

    The libraries read this when they are loaded, in a new process before any code of ours, so it cannot be an argument.
    """
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@dataclass(frozen=True, slots=True)
class _Row:
    """What the manifest and the table of patients say about one case."""

    case: str
    seed: int
    lesions: list[str]
    clinical: dict[str, Any]
    drawn_sha256: str
    volumes: dict[str, dict[str, float]]


def _manifest_row(row: _Row, weight: float) -> dict[str, Any]:
    return {
        "case": row.case,
        "seed": row.seed,
        "lesions": row.lesions,
        "sampling_weight": round(weight, 6),
        "drawn_sha256": row.drawn_sha256,
        "volumes": row.volumes,
    }


def read_weights(folder: Path) -> dict[str, float]:
    """Case to sampling weight, from the manifest of a simulated cohort; with them it has its population's prevalence.

    Raises:
        InputError: when there is no manifest.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return {row["case"]: float(row.get("sampling_weight", 1.0)) for row in manifest["cases"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder} has no readable {MANIFEST} ({error!r}). Simulate it again.") from error


def _table(rows: Sequence[_Row]) -> str:
    """Patients as CSV: case, label (classes of lesion, largest lesion first), clinical columns."""
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row.clinical))
    writer = csv.DictWriter(text, ["case", "label", *names], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        label = "+".join(dict.fromkeys(row.lesions)) or "none"
        writer.writerow({"case": row.case, "label": label, **row.clinical})
    return text.getvalue()


def _write_one(job: tuple[Path, int, CohortOptions]) -> _Row:
    out, seed, options = job
    if options.prepared:
        path = out / f"{case_name(seed)}.npz"
        if not path.exists():
            write_prepared(path, simulate(seed, grid=options.grid, population=options.population))
        with np.load(path, allow_pickle=False) as file:
            lesions, clinical = [str(name) for name in file["lesion_classes"]], json.loads(str(file["clinical"]))
        return _row(out, seed, lesions, clinical)
    folder = out / case_name(seed)
    if not (folder / DRAWN).exists():  # written last
        return _write_folder(folder, simulate(seed, grid=options.grid, population=options.population))
    facts = json.loads((folder / STUDY_FILE).read_text(encoding="utf-8"))
    return _row(out, seed, [row["class"] for row in facts["lesions"]], facts["clinical"])


def _write_folder(folder: Path, case: SimulatedCase) -> _Row:
    """What the row says is what will be on disk: NIfTI keeps float32 as it is, so nothing need be read again."""
    study, drawn = case.study, case.truth.drawn
    for left in folder.glob(".partial-*"):  # by a run that was killed
        left.unlink()
    write_case(study, folder)
    for name, array in truth_maps(case).items():
        write_nifti(folder / f"{name}.nii.gz", array, study.masks["liver"][1])
    write_json(folder / DRAWN, drawn)
    volumes = {str(p): volume_stats(v.hu) for p, v in study.phases.items()}
    lesions = [row.lesion_class for row in study.lesion_table or ()]
    return _Row(folder.name, drawn["seed"], lesions, dict(study.clinical), drawn_hash(drawn), volumes)


def truth_maps(case: SimulatedCase) -> dict[str, npt.NDArray[np.uint8]]:
    """Segments of the liver and its vessels, (z, y, x), where they are known: in patients whose vessels were grown."""
    maps = {"segments": case.truth.segments, "vessels": case.truth.vessels}
    return {name: array for name, array in maps.items() if array is not None}


def _row(out: Path, seed: int, lesions: list[str], clinical: dict[str, Any]) -> _Row:
    """From the files as they are on disk, so that a resumed run says the same."""
    name = case_name(seed)
    drawn, volumes = read_facts(out, name, phases_on_disk(out, name))
    return _Row(name, seed, lesions, clinical, drawn_hash(drawn), volumes)


def case_name(seed: int) -> str:
    """The name of the patient of a seed."""
    return f"sim-{seed:07d}"


def write_prepared(path: Path, case: SimulatedCase) -> None:
    """Write a case as one compressed ``.npz``, whole or not at all.

    Fields: ``case``; ``geometry``, ``exam``, ``clinical`` (JSON); ``hu_PHASE``, ``clean_PHASE`` (noise-free, in the
    breathing state of that phase; both of the phases that were scanned) and ``clean_ref_PHASE`` (noise-free, in that of
    the reference, all four), int16; ``times_s`` (4,) in order of phases, NaN where not scanned; ``liver`` uint8,
    ``lesions`` uint16 ids, ``organs`` uint8 (``Organ``), and where vessels were grown ``segments`` (1 to 8) and
    ``vessels`` (``VESSEL_LABELS``), uint8; ``lesion_ids``, ``lesion_classes``, and ``lesion_origins`` where any is
    known. All arrays (z, y, x) in LPS order, masks in the breathing state of the reference.
    """
    study, truth = case.study, case.truth
    rows = study.lesion_table or ()
    geometry = study.masks["liver"][1]
    volumes = {f"hu_{p}": volume.hu for p, volume in study.phases.items()}
    volumes |= {f"clean_{p}": hu for p, hu in truth.clean_hu.items()}
    volumes |= {f"clean_ref_{p}": truth.reference_hu[p] for p in Phase}
    times = [study.phases[p].time_s if p in study.phases else np.nan for p in Phase]
    fields: dict[str, Any] = {
        "case": study.case,
        "geometry": json.dumps(asdict(geometry)),
        "times_s": np.array(times, np.float32),
        "liver": study.masks["liver"][0],
        "lesions": study.masks["lesions"][0],
        "organs": truth.organs,
        "lesion_ids": np.array([row.lesion_id for row in rows], np.int32),
        "lesion_classes": np.array([row.lesion_class for row in rows], dtype=np.str_),
        "exam": json.dumps(truth.drawn),
        "clinical": json.dumps(dict(study.clinical)),
        "phantom_version": np.array(PHANTOM_VERSION),
    }
    if any("origin" in row.details for row in rows):
        fields["lesion_origins"] = np.array([str(row.details.get("origin", "")) for row in rows], dtype=np.str_)
    fields |= truth_maps(case)
    fields |= {name: np.round(np.clip(hu, -1024, 3071)).astype(np.int16) for name, hu in volumes.items()}
    with atomic_path(path) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as pack:
        for name, value in fields.items():  # what numpy.savez writes, in half the time
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.asarray(value), allow_pickle=False)
            pack.writestr(zipfile.ZipInfo(f"{name}.npy"), buffer.getvalue(), zipfile.ZIP_DEFLATED, 1)
