"""Prepared crops whose missing phases a generator makes; always marked, and never for validation or test."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.atomic import atomic_path
from ..base.errors import InputError, MissingPhaseError
from ..base.log import track
from ..study.phase import Phase
from ..synthesis.protocol import Generator
from .as_study import aligned
from .cohort import open_cohort, read_prepared
from .tasks.synthesis_samples import facts_of, held_still

Fields = dict[str, npt.NDArray[Any]]
HU_RANGE = (-1024, 3071)


def fill_crops(
    folder: Path,
    out: Path,
    generator: Generator,
    *,
    given: Sequence[Phase] = (),
    by: str = "",
    told: bool = True,
    quiet: bool = False,
) -> list[Path]:
    """Write every ``CASE.npz`` of ``folder`` to ``out`` with all four phases; files that are there are kept.

    Args:
        folder: prepared or simulated crops.
        out: where the filled ones go.
        generator: makes what is missing, at the time it was scanned where that is known, else at the usual time.
        given: what the generator sees, all scanned phases if empty; every other is made anew, though it was scanned.
        by: what made them, kept in the files.
        told: whether it learns what is known of patient, injection and tube.
        quiet: no progress bar.

    Raises:
        InputError: when ``folder`` holds no prepared case, or one that is filled already.
        MissingPhaseError: when a case has none of ``given``.
    """
    files = open_cohort(folder).files
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for path in track(files, title="Filling", total=len(files), quiet=quiet):
        target = out / path.name
        if not target.exists():
            _write(target, fill_fields(path, generator, given=given, by=by, told=told))
        written.append(target)
    return written


def fill_fields(
    path: Path, generator: Generator, *, given: Sequence[Phase] = (), by: str = "", told: bool = True
) -> Fields:
    """The fields of the case at ``path`` with the phases that ``given`` lacks made from it.

    ``generated`` (JSON) names them, and ``generated_by`` what made them. Scanned phases of a simulated case are taken
    in the breathing state of the masks, as after a registration without error; its noise-free volumes are kept for
    scanned phases only, so that training cannot take a truth for what was made.

    Raises:
        InputError: when the case is filled already.
        MissingPhaseError: when it has none of ``given``.
    """
    case = read_prepared(path)
    if case.generated:
        raise InputError(
            f"{path.name} holds generated phases already ({', '.join(case.generated)}). Fill scanned cases."
        )
    shown = tuple(p for p in Phase if p in case.hu and (not given or p in given))
    if not shown:
        raise MissingPhaseError(
            f"{', '.join(given)} of '{case.case}' was to be given, but it has {', '.join(case.hu)}. Change --given."
        )
    still = {p: np.asarray(held_still(case, p)) for p in shown}
    study = replace(aligned(replace(case, hu=still)), clinical=facts_of(case) if told else {})
    made = tuple(p for p in Phase if p not in shown)
    fields = _kept(path, shown)
    times = np.array([study.time_s.get(p, np.nan) for p in Phase], np.float32)
    for phase in made:
        generated = generator.generate(study, phase, time_s=case.times_s.get(phase) if phase in case.hu else None)
        fields[f"hu_{phase}"] = np.clip(np.rint(generated.hu), *HU_RANGE).astype(np.int16)
        times[list(Phase).index(phase)] = generated.time_s
    fields |= {f"hu_{p}": hu.astype(np.int16) for p, hu in still.items()}
    fields |= {f"clean_{p}": case.reference_hu[p] for p in shown if p in case.reference_hu}
    marks = {"generated": json.dumps(made), "generated_by": by}
    return fields | {"times_s": times} | {name: np.array(text) for name, text in marks.items()}


def _kept(path: Path, shown: Sequence[Phase]) -> Fields:
    """What the file says of the patient, without volumes."""
    volumes = ("hu_", "clean_")
    with np.load(path, allow_pickle=False) as file:
        return {name: array for name, array in file.items() if not name.startswith(volumes)}


def _write(target: Path, fields: Fields) -> None:
    with atomic_path(target) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **fields)  # type: ignore[arg-type]
