"""Prepared cases read piece by piece: each phase and mask is a compressed chunk of its own in the file of its case."""

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from ..base.errors import InputError, MissingPhaseError
from ..study.phase import Phase

_PREFIX = "hu_"


def phases_in(path: Path) -> tuple[Phase, ...]:
    """The phases of a prepared case, from its directory alone: no voxel is read.

    Raises:
        InputError: when the file is no prepared case.
    """
    try:
        with zipfile.ZipFile(path) as file:
            names = {name.removesuffix(".npy") for name in file.namelist()}
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"'{path}' is not a prepared case ({error}). Prepare the cohort again.") from error
    return tuple(phase for phase in Phase if f"{_PREFIX}{phase}" in names)


def read_phase(source: Path | IO[bytes], phase: Phase) -> npt.NDArray[np.int16]:
    """HU of one phase, (z, y, x); the other phases stay on disk.

    Raises:
        InputError: when the file is damaged.
        MissingPhaseError: when the case lacks the phase.
    """
    try:
        with np.load(source, allow_pickle=False) as file:
            name = f"{_PREFIX}{phase}"
            if name not in file.files:
                raise MissingPhaseError(f"The prepared case has no {phase} phase. It holds: {', '.join(file.files)}.")
            return np.asarray(file[name], np.int16)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"'{source}' is not a prepared case ({error}). Prepare the cohort again.") from error


def stream_phase(folder: Path, phase: Phase) -> Iterator[tuple[str, npt.NDArray[np.int16]]]:
    """Name and HU of every case that has ``phase``, in order of names; one case is in memory at a time.

    Raises:
        InputError: when a file is damaged.
    """
    for path in sorted(folder.glob("*.npz")):
        if not path.name.startswith(".") and phase in phases_in(path):
            yield path.stem, read_phase(path, phase)
