"""From nnU-Net's probabilities to patients, by the reading and the score of the other rows. K classes."""

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...base.errors import InputError
from ...base.log import track
from ...diagnosis.postprocess import ReadConfig
from ...evaluation.reading import compare
from ...evaluation.rows import PatientRow
from ...recipes.table import recipe
from ...study.geometry import Geometry
from ...study.lesions import LESION_CLASSES
from ..ask import BACKGROUND_LOGITS, Said, answer, best_background
from ..cases import BenchmarkCase, load_case
from ..inputs import only
from .raw import PHASES

Floats = npt.NDArray[np.float32]


def chosen_reading(files: Sequence[Path], said: Path) -> ReadConfig:
    """How lesions are read of nnU-Net: as in the other rows, the background's logit chosen on ``files`` as there.

    Lesions are named as the voxels are: the other networks learn from examples that ask for each class equally often,
    for which shares of classes make up; nnU-Net draws patients as they come.
    """
    read: ReadConfig = replace(recipe().task.read, class_shares=(), background_logit=0.0)
    if not files:
        return read
    cases = (_opened(path, said) for path in files)
    best = best_background([_row(c, p, replace(read, background_logit=b)) for b in BACKGROUND_LOGITS] for c, p in cases)
    return replace(read, background_logit=best)


def read_rows_of(files: Sequence[Path], said: Path, read: ReadConfig, *, quiet: bool = False) -> list[PatientRow]:
    """The patients in ``files`` as nnU-Net's probabilities in ``said`` have them, scored by size.

    Raises:
        InputError: when it said nothing of a patient, or something of another shape.
    """
    shown = track(files, title="Reading", total=len(files), quiet=quiet)
    return [_row(*_opened(path, said), read) for path in shown]


def _opened(path: Path, said: Path) -> tuple[BenchmarkCase, Floats]:
    case = load_case(path)
    return case, read_probabilities(said / f"{path.stem}.npz", case.study.geometry)


def _row(case: BenchmarkCase, probabilities: Floats, read: ReadConfig) -> PatientRow:
    shifted = with_background(probabilities, read.background_logit)
    return compare(case.truth, answer(only(case.study, PHASES), Said(shifted, shifted, None), read, "size"))


def with_background(probabilities: Floats, logit: float) -> Floats:
    """``probabilities`` (K + 1, z, y, x), background last, with ``logit`` added to the background's."""
    weighed = probabilities.copy()
    weighed[-1] *= np.exp(logit)
    return np.asarray(weighed / np.maximum(weighed.sum(axis=0), 1e-12), np.float32)


def read_probabilities(path: Path, geometry: Geometry) -> Floats:
    """What nnU-Net wrote with ``--save_probabilities``, background moved from first to last: (K + 1, z, y, x).

    Raises:
        InputError: when the file is missing, damaged or of another shape.
    """
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            first = np.asarray(file["probabilities"], np.float32)
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            f"'{path}' does not hold what nnU-Net says of a patient ({error}). Remove it and the log of this step "
            "and run the same command again."
        ) from error
    wanted = (len(LESION_CLASSES) + 1, *geometry.shape_zyx)
    if first.shape != wanted:
        raise InputError(f"'{path}' has shape {first.shape}, expected {wanted}: classes and background, z, y, x.")
    return np.concatenate([first[1:], first[:1]])
