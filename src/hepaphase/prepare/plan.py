"""From the facts of a cohort to settings one can read: spacing, crop, windows, patch, batch for a stated memory."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ..base.atomic import write_json
from ..base.errors import ConfigError
from .crop import LiverGrid
from .fingerprint import Fingerprint

_BYTES_PER_VOXEL = 4 * 160
"""Of one training example: float32 features of a net of 16 channels at full size, kept forward and backward (our
estimate, on the safe side)."""
_MODEL_GIB = 1.0
"""Interpreter, libraries, weights and optimizer (our estimate)."""
_BASE_MIB = 900.0
"""Interpreter, libraries, examinations, organ network and registration while preparing (measured: about 720)."""
_COPIES = 4.0
"""Copies of the largest phase beside the case itself, while a float64 file is unpacked, livers are found or phases are
lined up. Measured with all of these: 1118 MiB for one phase of 160 MiB, 1290 for four of 96, 763 for four of 4."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Settings for one cohort and one memory."""

    spacing_mm: float
    shape_zyx: tuple[int, int, int]
    """The crop around the liver, which is also the patch."""
    windows_hu: dict[str, tuple[float, float]]
    """Phase to the HU that nearly all liver voxels lie between."""
    batch_size: int
    memory_gib: float
    prepare_peak_mib: float
    """Preparation needs at most this; measured by ``docs/measure_prepare.py``."""
    reasons: tuple[str, ...]


def make_plan(facts: Fingerprint, *, memory_gib: float, grid: LiverGrid | None = None) -> Plan:
    """The plan for a cohort like ``facts`` on a machine with ``memory_gib``.

    Raises:
        ConfigError: when not even one example fits, or preparing may take more; with the memory that would do.
    """
    grid = grid or LiverGrid()
    needed = (np.asarray(facts.liver_size_zyx_mm) + 2 * grid.margin_mm) / grid.spacing_mm
    a, b, c = (
        max(least, int(np.ceil(n / grid.multiple)) * grid.multiple)
        for least, n in zip(grid.shape_zyx, needed, strict=True)
    )
    example_gib = a * b * c * _BYTES_PER_VOXEL / 2**30
    batch = int((memory_gib - _MODEL_GIB) / example_gib)
    if batch < 1:
        raise ConfigError(
            f"One example of {a}x{b}x{c} voxels needs about {_MODEL_GIB + example_gib:.1f} GiB, got {memory_gib:g} GiB."
        )
    peak_mib = _BASE_MIB + facts.largest_case_mib + _COPIES * facts.largest_volume_mib
    if peak_mib > memory_gib * 1024:
        raise ConfigError(
            f"Preparing this cohort may take {peak_mib:.0f} MiB, its largest case is {facts.largest_case_mib:.0f} MiB; "
            f"got {memory_gib:g} GiB."
        )
    reasons = (
        f"spacing {grid.spacing_mm:g} mm: the grid of the shipped models (median of the cohort {facts.spacing_zyx_mm})",
        f"crop {a}x{b}x{c}: holds 95 % of the livers, {facts.liver_size_zyx_mm} mm, and {grid.margin_mm:g} mm around",
        f"batch {min(batch, 16)}: an example takes about {example_gib:.2f} GiB beside {_MODEL_GIB:g} GiB",
    )
    windows = {phase: (low, high) for phase, (low, _, high) in facts.liver_hu.items()}
    return Plan(grid.spacing_mm, (a, b, c), windows, min(batch, 16), memory_gib, round(peak_mib, 1), reasons)


def write_plan(path: Path, facts: Fingerprint, plan: Plan) -> None:
    """Write both as JSON."""
    write_json(path, {"schema": "hepaphase-plan/1", "fingerprint": asdict(facts), "plan": asdict(plan)})
