"""A four-phase DICOM study of any size, made from a simulated examination."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...datasets.example_dicom import write_slices
from ...phantom.seeds import DEMO_SEED
from ...phantom.simulate import simulate
from ...resample.grid import AIR_HU, resample
from ...study.geometry import Geometry
from ...study.study import PhaseVolume


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Of a scan."""

    shape_zyx: tuple[int, int, int] = (120, 512, 512)
    """Over the field of view of the simulated examination."""
    air_slices: int = 0
    """Of air above the body, and as many below."""


def write_study(folder: Path, size: Size) -> None:
    """The demo's patient, all four phases, a series each, resampled to ``size``.

    Detail below the 3 mm of the simulation is not there; what a reading costs depends on how many voxels there are.
    """
    for number, (phase, volume) in enumerate(simulate(DEMO_SEED, grid="abdomen").study.phases.items(), start=1):
        scan = _with_air(_resized(volume, size.shape_zyx), size.air_slices)
        write_slices(folder / f"{number}", scan, case="speed", number=number, text=f"series {phase}")


def _resized(volume: PhaseVolume, shape_zyx: tuple[int, int, int]) -> PhaseVolume:
    """The same field of view in other voxels."""
    old = volume.geometry
    spacing_mm = tuple(
        s * n / m for s, n, m in zip(old.spacing_xyz_mm, old.shape_zyx[::-1], shape_zyx[::-1], strict=True)
    )
    shift_mm = (np.asarray(spacing_mm) - np.asarray(old.spacing_xyz_mm)) / 2
    x, y, z = (np.asarray(old.origin_lps_mm) + np.asarray(old.direction) @ shift_mm).tolist()
    sx, sy, sz = spacing_mm
    grid = Geometry(shape_zyx, (sx, sy, sz), (x, y, z), old.direction)
    return replace(volume, hu=resample(volume.hu, old, grid), geometry=grid)


def _with_air(volume: PhaseVolume, num_slices: int) -> PhaseVolume:
    old = volume.geometry
    x, y, z = old.to_lps_mm((-num_slices, 0, 0)).tolist()
    depth, height, width = old.shape_zyx
    grid = replace(old, shape_zyx=(depth + 2 * num_slices, height, width), origin_lps_mm=(x, y, z))
    around = ((num_slices, num_slices), (0, 0), (0, 0))
    return replace(volume, hu=np.pad(volume.hu, around, constant_values=AIR_HU), geometry=grid)
