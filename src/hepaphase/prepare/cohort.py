"""A cohort folder becomes prepared cases: one file per case with every phase on the liver grid."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.atomic import atomic_path, write_json, write_text
from ..base.errors import InputError, PhaseDoubtError, StudyError
from ..base.log import logger, track
from ..datasets.protocol import open_cohort
from ..datasets.unnamed import Namer
from ..study.phase import Phase
from ..study.study import AlignedStudy, PhaseVolume, Study
from .align import align
from .cache import Cache, case_key
from .crop import LiverGrid, liver_grid

Segmenter = Callable[[PhaseVolume], npt.NDArray[np.uint8]]
"""Liver mask of one phase on its own grid, for cases that come without one."""


Check = Callable[[Study], Sequence[str]]
"""What contradicts itself in a study: a sentence each."""

_log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What preparation may use that lies above it or outside of it."""

    segment: Segmenter | None = None
    """For cases without a liver mask; without it they are refused."""
    namer: Namer | None = None
    """For sources that do not tell phases; without it their adapters do what they can, with a warning."""
    check: Check | None = None
    """Looked at for each case that is made; what it says becomes warnings, and changes nothing."""
    fingerprint: str = ""
    """Of the weights behind these; part of the key of every case."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What ``prepare_cohort`` made or kept."""

    paths: tuple[Path, ...]
    warnings: tuple[tuple[str, str], ...]
    """Case and sentence; of kept cases too."""
    left_out: tuple[str, ...]
    """Cases whose phases cannot be told surely."""


def prepare_cohort(
    cohort: Path, out: Path, *, grid: LiverGrid | None = None, tools: Tools | None = None, quiet: bool = False
) -> Prepared:
    """Write ``out/CASE.npz`` for every case of ``cohort``, and ``warnings.csv``.

    A case that is there already is kept as long as its files, its row of the table, the grid and the tools are what it
    was made from. Cases are read one at a time, so memory is that of the largest case. A case whose phases cannot be
    told surely is left out, with the question in the log.

    Raises:
        InputError: when the cohort holds no case, or none could be prepared.
        StudyError: for a case without a liver mask when there is no tool that draws one.
    """
    tools = tools or Tools()
    adapter = open_cohort(cohort, namer=tools.namer)
    cases = adapter.cases()
    if not cases:
        raise InputError(f"{cohort.name} holds no case. Expected one folder per case; see the how-to on data.")
    paths: dict[str, Path] = {}
    odd: list[tuple[str, str]] = []
    cache = Cache(out)
    for case in track(cases, title="Preparing", total=len(cases), quiet=quiet):
        path = out / f"{case}.npz"
        key = case_key(adapter.paths(case), adapter.clinical(case), grid, tools=tools.fingerprint)
        if not cache.holds(case, path, key):
            try:
                study = adapter.load(case)
            except PhaseDoubtError as error:
                _log.warning("%s left out. %s", case, error)
                odd.append((case, "Left out: its phases cannot be told surely; the log says what was seen."))
                path.unlink(missing_ok=True)
                continue
            found = tools.check(study) if tools.check is not None else ()
            for text in found:
                _log.warning("%s: %s", case, text)
            write_prepared(path, prepare_case(study, grid=grid, segment=tools.segment))
            cache.put(case, path, key, (*study.warnings, *found))
            del study
        paths[case] = path
        odd += [(case, text) for text in cache.warnings(case)]
    if not paths:
        raise InputError(f"No case of {cohort.name} has phases that can be told surely. Name them: see the how-to.")
    patients = {case: adapter.patient(case) for case in paths}  # so that a split never parts a patient
    write_json(out / "prepared.json", {"schema": "hepaphase-prepared/1", "patients": patients})
    write_text(out / "warnings.csv", _table(odd))
    return Prepared(tuple(paths.values()), tuple(odd), tuple(case for case in cases if case not in paths))


def _table(rows: Sequence[tuple[str, str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("case", "warning"), *rows])
    return text.getvalue()


def prepare_case(study: Study, *, grid: LiverGrid | None = None, segment: Segmenter | None = None) -> AlignedStudy:
    """One study on the liver grid of its reference phase.

    Raises:
        StudyError: without a liver mask and without ``segment``, or when the mask is empty.
    """
    reference = study.reference()
    volume = study.phase(reference)
    if "liver" in study.masks:
        liver, geometry = study.masks["liver"]
    elif segment is not None:
        liver, geometry = segment(volume), volume.geometry
    else:
        raise StudyError(f"Case '{study.case}' has no liver mask. Add liver.nii.gz, or allow segmentation.")
    return align(study, liver_grid(liver, geometry, grid), masks={"liver": (liver, geometry)})


def write_prepared(path: Path, study: AlignedStudy) -> None:
    """Write one prepared case, whole or not at all.

    Fields: ``case``, ``geometry`` (JSON), ``hu_PHASE`` int16 for each phase there is, ``times_s`` (4,) in order of
    phases with NaN where absent, ``liver``, ``lesions`` (ids), ``lesion_ids``, ``lesion_classes``, ``clinical`` (JSON).
    """
    rows = study.lesion_table or ()
    shape = study.geometry.shape_zyx
    fields: dict[str, npt.NDArray[Any]] = {
        "case": np.array(study.case),
        "geometry": np.array(json.dumps(_geometry_fields(study))),
        "times_s": np.array([study.time_s.get(p, np.nan) for p in Phase], np.float32),
        "liver": study.masks["liver"].astype(np.uint8),
        "lesions": study.masks.get("lesions", np.zeros(shape, np.uint16)).astype(np.uint16),
        "lesion_ids": np.array([row.lesion_id for row in rows], np.int32),
        "lesion_classes": np.array([row.lesion_class for row in rows], dtype=np.str_),
        "clinical": np.array(json.dumps(dict(study.clinical))),
    }
    for phase, hu in study.hu.items():
        fields[f"hu_{phase}"] = np.clip(np.round(hu), -32768, 32767).astype(np.int16)
    with atomic_path(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **fields)  # type: ignore[arg-type]


def _geometry_fields(study: AlignedStudy) -> dict[str, object]:
    geometry = study.geometry
    return {
        "shape_zyx": geometry.shape_zyx,
        "spacing_xyz_mm": geometry.spacing_xyz_mm,
        "origin_lps_mm": geometry.origin_lps_mm,
        "direction": geometry.direction,
    }
