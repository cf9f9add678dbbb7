"""Phases moved by a known amount and lined up again; and the judge on what it must refuse."""

import csv
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..base.atomic import atomic_path
from ..base.log import track
from ..base.seeds import stream
from ..evaluation.bootstrap import Bootstrap, interval
from ..evaluation.patient import Statistic
from ..evaluation.table import markdown
from ..phantom.simulate import simulate
from ..prepare.gate import jacobian_of, judge
from ..prepare.line_up import middle_to_middle_mm
from ..prepare.register import Transform, register
from ..prepare.working import working_volumes
from ..resample.through import resample_through
from ..study.displacement import Displacement
from ..study.geometry import Geometry
from ..study.phase import Phase
from ..study.study import MaskArray, PhaseVolume
from .motion import MovedCase, move, points_in, target_error_mm

Segmenter = Callable[[PhaseVolume], MaskArray]

MOVED = (Phase.NC, Phase.AP, Phase.DP)
NUM_POINTS = 500
OTHER_EVERY = 4
"""Every fourth case is also shown a phase of the patient before; each costs a registration."""
GOOD_MM, BAD_MM = 3.0, 6.0
"""Mean target error up to which a phase must pass, and from which it must not: one and two voxels of the phantom."""
FAILURES = ("registered", "not registered", "shifted 20 mm", "folded", "half the liver", "other patient")
"""What the judge is shown: the transform found, then five that are wrong."""


@dataclass(frozen=True, slots=True)
class RegistrationRow:
    """One phase of one case, one transform."""

    case: str
    phase: Phase
    kind: str
    """One of ``FAILURES``."""
    figures: Mapping[str, float]
    refused: bool


def run(seeds: Sequence[int], segment: Segmenter, *, quiet: bool = False) -> list[RegistrationRow]:
    """Simulate each seed, move one phase (NC, AP and DP in turn), register it, and show the judge six transforms."""
    rows: list[RegistrationRow] = []
    before: MovedCase | None = None
    for number, seed in enumerate(track(seeds, title="Registering", total=len(seeds), quiet=quiet)):
        case = move(simulate(seed), MOVED[number % len(MOVED)], seed)
        rows += case_rows(f"sim-{seed:07d}", case, before if number % OTHER_EVERY == 1 else None, segment)
        before = case
    return rows


def case_rows(name: str, case: MovedCase, other: MovedCase | None, segment: Segmenter) -> list[RegistrationRow]:
    """Register one case as ``line_up`` does, and show the judge six transforms, one with a phase of ``other``."""
    grid = case.fixed.geometry
    liver = segment(case.fixed)
    own = segment(case.moving)
    start = time.perf_counter()
    found = register(case.fixed, case.moving, liver, start_mm=middle_to_middle_mm(liver, grid, own, grid))
    seconds = time.perf_counter() - start
    work = working_volumes(case.fixed, liver)
    points = points_in(case.liver > 0, grid, num=NUM_POINTS, seed=1)
    rows = []
    for kind in FAILURES:
        moving, moving_liver, transform = case.moving, own, found
        if kind == "not registered":
            transform = Transform.identity()
        elif kind == "shifted 20 mm":
            transform = replace(found, matrix=_shifted(found))
        elif kind == "folded":
            transform = _folded(found, work.geometry)
        elif kind == "half the liver":
            moving, moving_liver = _cut(case.moving, own)
        elif kind == "other patient":
            if other is None:
                continue
            moving, moving_liver = other.moving, segment(other.moving)
            start_mm = middle_to_middle_mm(liver, grid, moving_liver, moving.geometry)
            transform = register(case.fixed, moving, liver, start_mm=start_mm)
        quality = judge(work, moving, ((liver, grid), moving_liver), transform)
        figures = dict(quality.figures())
        if moving is case.moving:
            figures |= _figures(case, transform, points)
        if kind == "registered":
            figures["seconds"] = seconds
        rows.append(RegistrationRow(name, case.phase, kind, figures, bool(quality.failures())))
    return rows


def _figures(case: MovedCase, transform: Transform, points: npt.NDArray[np.float64]) -> dict[str, float]:
    """Against the truth: target error, true overlap, change of lesion volume."""
    grid = case.fixed.geometry
    error = target_error_mm(transform, case.motion, points)
    lined = resample_through(
        case.moved_liver.astype(np.float32), grid, grid, matrix=transform.matrix, bend=transform.bend, fill=0.0
    )
    there, true = lined > 0.5, case.liver > 0
    figures = {
        "error_mm": float(error.mean()),
        "error_p95_mm": float(np.quantile(error, 0.95)),
        "true_dice": float(2 * np.count_nonzero(there & true) / (np.count_nonzero(there) + np.count_nonzero(true))),
    }
    ids = np.unique(case.lesions[case.lesions > 0])
    if ids.size:
        at = grid.to_lps_mm(np.array(ndimage.center_of_mass(case.lesions > 0, case.lesions, ids)))
        figures["lesion_error_mm"] = float(target_error_mm(transform, case.motion, at).mean())
        ratio = _volume_change(case, transform, ids) / _volume_change(case, case.motion, ids)
        figures["lesion_volume_ratio"] = float(np.exp(np.log(np.clip(ratio, 1e-3, None)).mean()))
    return figures


def _volume_change(case: MovedCase, transform: Transform, ids: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """For each lesion how many times larger it is in the phase than in the reference, by the transform."""
    grid = case.fixed.geometry
    if transform.bend is None:
        return np.ones(len(ids))
    return np.asarray(ndimage.mean(jacobian_of(transform, grid), case.lesions, ids), np.float64)


def _shifted(found: Transform) -> npt.NDArray[np.float64]:
    matrix = found.matrix.copy()
    matrix[2, 3] += 20.0
    return matrix


def _folded(found: Transform, grid: Geometry) -> Transform:
    """The transform found with a rough field on top that squeezes and folds."""
    rng = stream(0, "fold")
    rough = np.stack([ndimage.gaussian_filter(rng.standard_normal(grid.shape_zyx), 3.0) for _ in range(3)])
    rough = (6.0 * rough / rough.std()).astype(np.float32)
    mm = rough if found.bend is None else found.bend.mm + rough
    return Transform(found.matrix, Displacement(mm, grid))


def _cut(volume: PhaseVolume, liver: MaskArray) -> tuple[PhaseVolume, MaskArray]:
    """The lower part of a scan that ends in the middle of the liver."""
    where = np.flatnonzero(liver.any(axis=(1, 2)))
    if not where.size:
        return volume, liver
    stop = int((where[0] + where[-1]) // 2)
    grid = volume.geometry.crop((0, 0, 0), (stop, *volume.geometry.shape_zyx[1:]))
    return replace(volume, hu=np.ascontiguousarray(volume.hu[:stop]), geometry=grid), liver[:stop]


def write(rows: Sequence[RegistrationRow], out: Path, facts: Mapping[str, str], config: Bootstrap | None = None) -> str:
    """Write ``rows.csv`` below ``out`` and return the table in Markdown."""
    names = sorted({name for row in rows for name in row.figures})
    with atomic_path(out / "rows.csv") as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["case", "phase", "kind", *names, "refused", *facts])
        for row in rows:
            values = [f"{row.figures[n]:.4f}" if n in row.figures else "" for n in names]
            writer.writerow([row.case, row.phase, row.kind, *values, int(row.refused), *facts.values()])
    return markdown({"registered": statistics(rows, config)})


def statistics(rows: Sequence[RegistrationRow], config: Bootstrap | None = None) -> list[Statistic]:
    """Errors before and after, overlap, lesions, seconds; then the judge: what it refuses of good and of bad."""
    found = []
    for kind, when in (("not registered", "before"), ("registered", "after")):
        chosen = [row.figures for row in rows if row.kind == kind]
        for name in ("error_mm", "error_p95_mm", "lesion_error_mm", "true_dice"):
            found += _mean(f"{name}, {when}", [f[name] for f in chosen if name in f], config)
    chosen = [row.figures for row in rows if row.kind == "registered"]
    for name in ("lesion_volume_ratio", "jacobian_min", "jacobian_max", "likeness", "dice", "seconds"):
        found += _mean(name, [f[name] for f in chosen if name in f], config)
    good = [r for r in rows if r.figures.get("error_mm", np.inf) <= GOOD_MM and r.kind == "registered"]
    found += _mean(f"false alarms, error up to {GOOD_MM:g} mm", [float(r.refused) for r in good], config)
    bad = [r for r in rows if r.kind in FAILURES[2:] or r.figures.get("error_mm", 0.0) >= BAD_MM]
    found += _mean(f"refused of all that is wrong (error from {BAD_MM:g} mm, or as below)",
                   [float(r.refused) for r in bad], config)  # fmt: skip
    for kind in FAILURES[2:]:
        found += _mean(f"refused: {kind}", [float(r.refused) for r in rows if r.kind == kind], config)
    return found


def _mean(name: str, values: Sequence[float], config: Bootstrap | None) -> list[Statistic]:
    if not values:
        return []
    array = np.asarray(values, float)
    spread = interval(lambda picked: float(array[picked].mean()), np.zeros(len(array)), config)
    return [Statistic(name, spread, len(array))]
