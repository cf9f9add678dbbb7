"""What a cohort's manifest says about its cases, and whether the files still agree."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.errors import InputError
from ..base.log import track
from ..io.nifti import read_nifti
from ..study.phase import Phase

MANIFEST = "manifest.json"
DRAWN = "drawn.json"
"""Beside each case: everything that was drawn about the patient."""
TOLERANCE_HU = 0.05
"""Two machines may round differently; more than this is another volume."""
_DIGITS = 6
_PERCENTILES = (1, 25, 50, 75, 99)


def volume_stats(hu: npt.NDArray[Any]) -> dict[str, float]:
    """Mean, standard deviation and percentiles of a volume, HU."""
    values = np.asarray(hu, np.float64)
    marks = np.percentile(values, _PERCENTILES)
    stats = {"mean": values.mean(), "sd": values.std()} | {f"p{q}": v for q, v in zip(_PERCENTILES, marks, strict=True)}
    return {name: round(float(value), 3) for name, value in stats.items()}


def drawn_hash(drawn: Mapping[str, Any]) -> str:
    """Hash of drawn parameters, floats to six digits: the last bit of a processor's arithmetic does not count."""
    return _hash(json.dumps(_rounded(drawn), sort_keys=True))


def cohort_hash(cases: Sequence[Mapping[str, Any]]) -> str:
    """Hash of the drawn parameters of all cases of a manifest, in order."""
    return _hash("\n".join(f"{row['case']} {row['drawn_sha256']}" for row in cases))


def check_cohort(folder: Path, *, quiet: bool = False) -> list[str]:
    """What differs between a simulated cohort on disk and its manifest; nothing when it is as it was written.

    Raises:
        InputError: when there is no manifest with the facts to check.
    """
    manifest = _read_manifest(folder)
    problems = [] if cohort_hash(manifest["cases"]) == manifest["drawn_sha256"] else ["the list of cases was changed"]
    for row in track(manifest["cases"], title="Checking", total=len(manifest["cases"]), quiet=quiet):
        problems += [f"{row['case']}: {problem}" for problem in _check_case(folder, row)]
    return problems


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not all({"case", "drawn_sha256", "volumes"} <= set(row) for row in manifest["cases"]):
            raise KeyError("drawn_sha256")
        manifest["drawn_sha256"] = str(manifest["drawn_sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder} has no manifest of a simulated cohort that can be checked ({error!r}). Simulate it again."
        ) from error
    return manifest


def _check_case(folder: Path, row: Mapping[str, Any]) -> Iterator[str]:
    try:
        drawn, volumes = read_facts(folder, row["case"], list(row["volumes"]))
    except (OSError, ValueError, KeyError, InputError) as error:
        yield f"cannot be read ({error})"
        return
    if drawn_hash(drawn) != row["drawn_sha256"]:
        yield "other parameters than were drawn"
    for phase, stats in volumes.items():
        for name, value in row["volumes"][phase].items():
            if abs(stats[name] - value) > TOLERANCE_HU:
                yield f"{phase} {name} is {stats[name]} HU, was {value} HU"


def read_facts(folder: Path, case: str, phases: Sequence[str]) -> tuple[dict[str, Any], dict[str, dict[str, float]]]:
    """What was drawn about a case on disk, and the statistics of its phases."""
    packed = folder / f"{case}.npz"
    if packed.exists():
        with np.load(packed, allow_pickle=False) as file:
            return json.loads(str(file["exam"])), {p: volume_stats(file[f"hu_{p}"]) for p in phases}
    drawn: dict[str, Any] = json.loads((folder / case / DRAWN).read_text(encoding="utf-8"))
    return drawn, {p: volume_stats(read_nifti(folder / case / f"{p}.nii.gz")[0]) for p in phases}


def phases_on_disk(folder: Path, case: str) -> list[str]:
    """Phases a written case has."""
    packed = folder / f"{case}.npz"
    if packed.exists():
        with np.load(packed, allow_pickle=False) as file:
            return [str(p) for p in Phase if f"hu_{p}" in file.files]
    return [str(p) for p in Phase if (folder / case / f"{p}.nii.gz").exists()]


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, Mapping):
        return {str(key): _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
