"""Simulated crops whose phases lie where they were scanned: the same crops, lined up."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.atomic import atomic_path
from ..base.errors import InputError
from ..base.log import track
from ..resample.through import resample_through
from ..study.geometry import Geometry
from ..study.phase import REFERENCE_ORDER, Phase, Provenance
from ..study.study import PhaseVolume
from .register import Transform, register

Fields = dict[str, npt.NDArray[Any]]
_FILL = -1000.0


def line_up_crops(folder: Path, out: Path, *, workers: int = 1, quiet: bool = False) -> list[Path]:
    """Write every ``CASE.npz`` of ``folder`` to ``out`` with its phases lined up; files that are there are kept.

    ``hu_PHASE`` and ``clean_PHASE`` are seen through the transform to the reference; ``lined_up`` (JSON) holds the
    phases and their rigid parts. The liver mask is that of the file. What comes does not depend on ``workers``.

    Raises:
        InputError: when ``folder`` holds no prepared case.
    """
    files = sorted(path for path in folder.glob("*.npz") if not path.name.startswith("."))
    if not files:
        raise InputError(f"{folder} holds no prepared case (.npz). Prepare or simulate it first.")
    jobs = [(path, out / path.name) for path in files]
    return list(track(_in_order(jobs, workers), title="Lining up", total=len(jobs), quiet=quiet))


def _in_order(jobs: Sequence[tuple[Path, Path]], workers: int) -> Iterator[Path]:
    if workers == 1:
        with _single_threaded():  # sums over several threads differ in their last bits
            yield from map(_write, jobs)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        yield from pool.map(_write, jobs)


@contextmanager
def _single_threaded() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _write(job: tuple[Path, Path]) -> Path:
    source, target = job
    if not target.exists():
        with np.load(source, allow_pickle=False) as file:
            fields = line_up_fields(dict(file.items()))
        with atomic_path(target) as partial, partial.open("wb") as out:
            np.savez_compressed(out, **fields)  # type: ignore[arg-type]
    return target


def line_up_fields(fields: Fields) -> Fields:
    """The fields of one prepared case with its phases lined up with the reference."""
    grid = _geometry(fields)
    present = [p for p in Phase if f"hu_{p}" in fields]
    reference = next(p for p in REFERENCE_ORDER if p in present)
    fixed = _volume(fields[f"hu_{reference}"], grid)
    done, matrices = dict(fields), {str(reference): np.eye(4).tolist()}
    for phase in present:
        if phase is reference:
            continue
        found = register(fixed, _volume(fields[f"hu_{phase}"], grid), fields["liver"])
        matrices[str(phase)] = found.matrix.round(5).tolist()
        for name in (f"hu_{phase}", f"clean_{phase}"):
            if name in fields:
                done[name] = _through(fields[name], grid, found)
    return {**done, "lined_up": np.array(json.dumps(matrices))}


def _through(array: npt.NDArray[Any], grid: Geometry, found: Transform) -> npt.NDArray[np.int16]:
    hu = resample_through(
        array.astype(np.float32), grid, grid, matrix=found.matrix, bend=found.bend, order=1, fill=_FILL
    )
    return np.asarray(np.round(hu), np.int16)


def _volume(array: npt.NDArray[Any], grid: Geometry) -> PhaseVolume:
    return PhaseVolume(array.astype(np.float32), grid, Provenance.SIMULATED)


def _geometry(fields: Fields) -> Geometry:
    known = json.loads(str(fields["geometry"]))
    x, y, z = (tuple(row) for row in known["direction"])
    return Geometry(tuple(known["shape_zyx"]), tuple(known["spacing_xyz_mm"]), tuple(known["origin_lps_mm"]), (x, y, z))
