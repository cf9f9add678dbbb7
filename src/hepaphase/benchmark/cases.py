"""Prepared cases with known truth, as a benchmark reads them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.errors import InputError
from ..study.geometry import Geometry
from ..study.phase import Phase, Provenance
from ..study.study import AlignedStudy, HuArray, LesionRow, known_time_s


@dataclass(frozen=True, slots=True)
class BenchmarkCase:
    """One prepared case and its truth."""

    study: AlignedStudy
    """Every phase there is, with the ``liver`` mask."""
    lesions: npt.NDArray[np.uint16]
    """(z, y, x) ids."""
    lesion_classes: Mapping[int, str]
    """Id to class."""
    clean_hu: Mapping[Phase, HuArray]
    """Noise-free phases of a simulated case; empty otherwise."""


def load_case(path: Path) -> BenchmarkCase:
    """Read one file that ``prepare`` wrote.

    Raises:
        InputError: when the file is not a prepared case.
    """
    try:
        with np.load(path) as file:
            fields = {name: file[name] for name in file.files}
        return _case(fields)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path.name} is not a prepared case ({error}). Make it with: hepaphase prepare.") from error


def _case(fields: Mapping[str, npt.NDArray[Any]]) -> BenchmarkCase:
    simulated = any(name.startswith("clean_") for name in fields)
    provenance = Provenance.SIMULATED if simulated else Provenance.MEASURED
    hu = {p: fields[f"hu_{p}"].astype(np.float32) for p in Phase if f"hu_{p}" in fields}
    times = dict(zip(Phase, fields["times_s"].tolist(), strict=True))
    ids, names = fields["lesion_ids"].tolist(), fields["lesion_classes"].tolist()
    study = AlignedStudy(
        case=str(fields["case"]),
        geometry=_geometry(str(fields["geometry"])),
        reference=next(p for p in (Phase.PVP, Phase.AP, Phase.DP, Phase.NC) if p in hu),
        hu=hu,
        provenance=dict.fromkeys(hu, provenance),
        time_s={p: known_time_s(p, None if np.isnan(times[p]) else times[p]) for p in hu},
        transforms=dict.fromkeys(hu, np.eye(4)),
        masks={"liver": fields["liver"]},
        lesion_table=tuple(LesionRow(i, name) for i, name in zip(ids, names, strict=True)),
    )
    clean = {p: fields[f"clean_{p}"].astype(np.float32) for p in Phase if f"clean_{p}" in fields}
    return BenchmarkCase(study, fields["lesions"], dict(zip(ids, names, strict=True)), clean)


def _geometry(text: str) -> Geometry:
    fields = json.loads(text)
    x, y, z = fields["direction"]
    return Geometry(
        tuple(fields["shape_zyx"]),
        tuple(fields["spacing_xyz_mm"]),
        tuple(fields["origin_lps_mm"]),
        (tuple(x), tuple(y), tuple(z)),
    )
