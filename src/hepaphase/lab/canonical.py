"""Volumes seen along LPS whatever the order of their axes, so that shapes drawn in the patient fall into place."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from ..phantom.space import Places
from ..resample.crop import Box
from ..study.geometry import Geometry, Xyz


@dataclass(frozen=True, slots=True)
class Canonical:
    """How an array is seen with z, y, x running towards superior, posterior and left, as nearly as its axes allow."""

    axes: tuple[int, int, int]
    """Which axis of the array is z, y and x."""
    flips: tuple[bool, bool, bool]
    geometry: Geometry
    """Of the view."""

    @classmethod
    def of(cls, geometry: Geometry) -> "Canonical":
        """For arrays on ``geometry``."""
        turned = np.asarray(geometry.direction)[::-1, ::-1]  # rows: z, y, x of the patient; columns: axes of the array
        _, columns = linear_sum_assignment(-np.abs(turned))
        axes = (int(columns[0]), int(columns[1]), int(columns[2]))
        flips = tuple(bool(turned[row, axis] < 0) for row, axis in enumerate(axes))
        corner = [geometry.shape_zyx[a] - 1 if f else 0 for a, f in zip(axes, flips, strict=True)]
        origin_index = [0, 0, 0]
        for axis, at in zip(axes, corner, strict=True):
            origin_index[axis] = at
        step = geometry.affine_lps[:3, :3][:, ::-1]  # columns: axes of the array
        signed = np.stack([step[:, a] * (-1 if f else 1) for a, f in zip(axes, flips, strict=True)], axis=1)
        affine = np.eye(4)
        affine[:3, :3] = signed[:, ::-1]
        affine[:3, 3] = geometry.to_lps_mm(origin_index)
        shape = tuple(geometry.shape_zyx[a] for a in axes)
        view = Geometry.from_affine((shape[0], shape[1], shape[2]), affine)
        return cls(axes, (flips[0], flips[1], flips[2]), view)

    def view(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The same memory, (z, y, x) along LPS."""
        turned = array.transpose(self.axes)
        return turned[tuple(slice(None, None, -1) if f else slice(None) for f in self.flips)]


def box_at(geometry: Geometry, center: Xyz, reach_mm: float) -> Box:
    """Voxels within ``reach_mm`` of ``center`` along each axis, inside the volume; may be empty."""
    middle = geometry.to_index_zyx(center)
    reach = reach_mm / np.asarray(geometry.spacing_zyx_mm)
    start = np.clip(np.floor(middle - reach), 0, geometry.shape_zyx).astype(int)
    stop = np.clip(np.ceil(middle + reach) + 1, start, geometry.shape_zyx).astype(int)
    return Box((int(start[0]), int(start[1]), int(start[2])), (int(stop[0]), int(stop[1]), int(stop[2])))


def places_of(geometry: Geometry, shift_mm: Xyz = (0.0, 0.0, 0.0)) -> Places:
    """Where every voxel lies in the patient as it was in the reference phase, ``shift_mm`` before."""
    index = np.stack(np.meshgrid(*(np.arange(n) for n in geometry.shape_zyx), indexing="ij"), axis=-1)
    at = (geometry.to_lps_mm(index) - np.asarray(shift_mm)).astype(np.float32)
    return Places(x=at[..., 0], y=at[..., 1], z=at[..., 2])
