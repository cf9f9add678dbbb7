"""A folder of prepared liver crops, one ``.npz`` per case, and its split."""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.errors import ConfigError, InputError
from ..datasets.split import assign_folds
from ..study.phase import Phase
from .scans import all_scans, names, seen

NUM_FOLDS = 5
_TRIES = 4
SPLIT_FILE = "split.json"
"""``{"train": [cases], "validation": [...], "test": [...]}``, beside the crops; cases named nowhere are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedCase:
    """One case on the model grid; arrays are (z, y, x)."""

    case: str
    geometry: Mapping[str, Any]
    """``shape_zyx``, ``spacing_xyz_mm``, ``origin_lps_mm``, ``direction``."""
    hu: Mapping[Phase, npt.NDArray[np.int16]]
    """Phases present."""
    clean_hu: Mapping[Phase, npt.NDArray[np.int16]]
    """The same without noise; only of simulated cases."""
    reference_hu: Mapping[Phase, npt.NDArray[np.int16]]
    """Without noise and in the breathing state of the reference; only of simulated cases."""
    times_s: Mapping[Phase, float]
    """Of phases whose time is known."""
    masks: Mapping[str, npt.NDArray[Any]]
    """``liver``, ``lesions`` (one id per lesion), ``organs`` (labels), as far as known."""
    lesion_classes: Mapping[int, str]
    """Lesion id to class key."""
    clinical: Mapping[str, Any]
    exam: Mapping[str, Any]
    lesion_origins: Mapping[int, str] = field(default_factory=dict)
    """Lesion id to where a metastasis comes from; those of which it is not known are left out."""
    generated: tuple[Phase, ...] = ()
    """Phases in ``hu`` that a generator made (``training.filled``); such a case trains only."""
    added: Mapping[str, Any] = field(default_factory=dict)
    """What the lesion lab put in (``training.enriched``); such a case trains only."""

    @property
    def num_bytes(self) -> int:
        """Memory of the arrays."""
        maps = (self.hu, self.clean_hu, self.reference_hu, self.masks)
        return sum(array.nbytes for arrays in maps for array in arrays.values())


def read_prepared(path: Path) -> PreparedCase:
    """Read one prepared case.

    Raises:
        InputError: if the file is damaged or lacks a field.
    """
    fields = _fields(path)
    with _told(path):
        times = dict(zip(Phase, fields["times_s"].tolist(), strict=True))
        return PreparedCase(
            case=str(fields["case"]),
            geometry=json.loads(str(fields["geometry"])),
            hu={p: fields[f"hu_{p}"] for p in Phase if f"hu_{p}" in fields},
            clean_hu={p: fields[f"clean_{p}"] for p in Phase if f"clean_{p}" in fields},
            reference_hu={p: fields[f"clean_ref_{p}"] for p in Phase if f"clean_ref_{p}" in fields},
            times_s={p: time for p, time in times.items() if np.isfinite(time)},
            masks={name: fields[name] for name in ("liver", "lesions", "organs") if name in fields},
            lesion_classes=_lesion_classes(fields),
            clinical=json.loads(str(fields.get("clinical", "{}"))),
            exam=json.loads(str(fields.get("exam", "{}"))),
            lesion_origins=_lesion_origins(fields),
            generated=_generated(fields),
            added=_added(fields),
        )


def _fields(path: Path) -> dict[str, npt.NDArray[Any]]:
    """All fields of the file.

    Python 3.11 may say that parsing, which numpy does with each field's header, went wrong where two threads do it at
    once (cpython issue 106905); it is done again then.
    """
    for _ in range(_TRIES):
        with suppress(SystemError), _reading(path) as file:
            return dict(file.items())
    with _reading(path) as file:
        return dict(file.items())


@contextmanager
def _reading(path: Path) -> Iterator[Mapping[str, npt.NDArray[Any]]]:
    """The fields of the file, each read when asked for."""
    with _told(path), path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
        yield file


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """What is wrong with the file in one line."""
    try:
        yield
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path} is not a prepared case ({error}). Prepare the cohort again.") from error


@dataclass(frozen=True, slots=True)
class Cohort:
    """Prepared cases by number, read when asked for."""

    files: tuple[Path, ...]
    name: str = ""
    scanned_only: bool = False
    """Refuse cases with generated phases: the cohort validates."""

    def __len__(self) -> int:
        return len(self.files)

    def load(self, index: int) -> PreparedCase:
        """Case ``index``, read from disk.

        Raises:
            InputError: when the file is damaged, or holds generated phases where only scanned ones may be.
        """
        case = read_prepared(self.files[index])
        self._check(index, case.generated, case.added)
        return case

    def lesion_classes(self, index: int) -> dict[int, str]:
        """Lesion id to class of case ``index``, without its volumes.

        Raises:
            InputError: as :meth:`load`.
        """
        with _reading(self.files[index]) as fields:
            self._check(index, _generated(fields), _added(fields))
            return _lesion_classes(fields)

    def _check(self, index: int, generated: tuple[Phase, ...], added: Mapping[str, Any]) -> None:
        if self.scanned_only and generated:
            raise InputError(
                f"{self.files[index].name} is to validate, but {', '.join(generated)} are generated. Put cases "
                "with generated phases into COHORT/train and scanned ones into COHORT/validation."
            )
        if self.scanned_only and added:
            raise InputError(
                f"{self.files[index].name} is to validate, but its {added.get('class')} is from the lesion lab. "
                "Leave it in COHORT/train."
            )

    def fingerprint(self) -> str:
        """Changes when a file is added, removed, renamed or of another size."""
        lines = [f"{path.name} {path.stat().st_size}" for path in self.files]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def is_prepared(folder: Path) -> bool:
    """Whether ``folder`` holds prepared cases, or two folders of them, rather than a raw cohort."""
    return any(folder.glob("*.npz")) or any(folder.glob("train/*.npz"))


def open_cohort(folder: Path) -> Cohort:
    """All prepared cases of ``folder``, by name.

    Raises:
        InputError: when there is none.
    """
    files = tuple(path for path in sorted(folder.glob("*.npz")) if not path.name.startswith("."))
    if not files:
        raise InputError(f"{folder} holds no prepared case (.npz). Prepare it first: hepaphase prepare.")
    return Cohort(files, folder.resolve().name)


@dataclass(frozen=True, slots=True)
class Split:
    """Which cases train and which validate; no case does both."""

    training: Cohort
    validation: Cohort
    """Refuses cases with generated phases."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "validation", replace(self.validation, scanned_only=True))


def open_split(folder: Path, *, fold: int | None = None) -> Split:
    """The prepared cases of ``folder`` in two: its folders ``train`` and ``validation``, or as :func:`split` does.

    Raises:
        InputError: when there is no prepared case.
        ConfigError: as :func:`split`; also for a fold of a cohort that is split into folders, or a scan that is on both
            sides, whatever its cases are called.
    """
    if any(folder.glob("*.npz")) or not any(folder.glob("train/*.npz")):
        return _apart(split(open_cohort(folder), fold=fold))
    if fold is not None:
        raise ConfigError(f"{folder} is split into folders already. Leave --fold out.")
    name = folder.resolve().name
    training = replace(open_cohort(folder / "train"), name=name)
    if not any(folder.glob("validation/*.npz")):
        return Split(training, Cohort((), name))
    return _apart(Split(training, replace(open_cohort(folder / "validation"), name=name)))


def split(cohort: Cohort, *, fold: int | None = None) -> Split:
    """Split by patient.

    With a ``split.json`` beside the crops and no ``fold``, as it says. Otherwise fold ``fold`` (0 if None) of five, or
    of as many as there are patients, validates; cases that ``split.json`` keeps for testing stay out. Who is whose
    patient stands in ``prepared.json``; a case not named there is a patient of its own. A single patient trains only.

    Raises:
        ConfigError: for a fold that does not exist, or a split file that names no known case or one twice.
    """
    listed = _read_split(cohort)
    if listed and fold is None:
        return Split(_pick(cohort, listed, "train"), _pick(cohort, listed, "validation"))
    test = set(listed.get("test", ()))
    rest = replace(cohort, files=tuple(path for path in cohort.files if path.stem not in test))
    owners = _beside(cohort, "prepared.json").get("patients", {})
    patients = {path.stem: owners.get(path.stem, path.stem) for path in rest.files}
    num_folds = min(NUM_FOLDS, len(set(patients.values())))
    if not 0 <= (fold or 0) < max(num_folds, 1):
        raise ConfigError(f"Fold {fold} does not exist. Choose 0 to {num_folds - 1}.")
    if num_folds < 2:
        return Split(rest, replace(cohort, files=()))
    folds = assign_folds(patients, num_folds=num_folds, seed=0)
    inside = tuple(path for path in rest.files if folds[path.stem] != (fold or 0))
    outside = tuple(path for path in rest.files if folds[path.stem] == (fold or 0))
    return Split(replace(cohort, files=inside), replace(cohort, files=outside))


def _apart(sides: Split) -> Split:
    """The split itself, after a look whether a scan is on both sides, under one name or two."""
    twins = seen(sides.validation.files, all_scans(sides.training.files))
    if twins:
        raise ConfigError(
            f"{len(twins)} of {len(sides.validation)} cases that validate show scans that train too ({names(twins)}), "
            f"be it under other names. Remove them, or keep them on one side with {SPLIT_FILE} or one patient's name "
            "(hepaphase doctor lists doubles of a raw cohort)."
        )
    return sides


def _beside(cohort: Cohort, name: str) -> dict[str, Any]:
    path = cohort.files[0].parent / name
    if not path.is_file():
        return {}
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path} is not JSON ({error}). Repair or remove it.") from error
    return content


def _read_split(cohort: Cohort) -> dict[str, list[str]]:
    listed: dict[str, list[str]] = _beside(cohort, SPLIT_FILE)
    names = [case for cases in listed.values() for case in cases]
    if len(set(names)) < len(names):
        twice = next(case for case in names if names.count(case) > 1)
        raise ConfigError(f"{SPLIT_FILE} puts case '{twice}' on two sides of the split. Keep it on one.")
    return listed


def _pick(cohort: Cohort, listed: Mapping[str, list[str]], side: str) -> Cohort:
    wanted = set(listed.get(side, ()))
    files = tuple(path for path in cohort.files if path.stem in wanted)
    if side == "train" and not files:
        raise ConfigError(f"{SPLIT_FILE} names no training case that is in the cohort. Check its 'train' list.")
    return replace(cohort, files=files)


def _lesion_classes(fields: Mapping[str, npt.NDArray[Any]]) -> dict[int, str]:
    if "lesion_ids" not in fields:
        return {}
    return {int(i): str(c) for i, c in zip(fields["lesion_ids"], fields["lesion_classes"], strict=True)}


def _lesion_origins(fields: Mapping[str, npt.NDArray[Any]]) -> dict[int, str]:
    if "lesion_origins" not in fields:
        return {}
    pairs = zip(fields["lesion_ids"], fields["lesion_origins"], strict=True)
    return {int(i): str(origin) for i, origin in pairs if str(origin)}


def _generated(fields: Mapping[str, npt.NDArray[Any]]) -> tuple[Phase, ...]:
    return tuple(Phase(name) for name in json.loads(str(fields.get("generated", "[]"))))


def _added(fields: Mapping[str, npt.NDArray[Any]]) -> dict[str, Any]:
    added: dict[str, Any] = json.loads(str(fields.get("added", "{}")))
    return added
