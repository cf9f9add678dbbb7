"""One phase around one place: what a change to it needs, and the change put back."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..base.seeds import stream
from ..resample.crop import Box
from ..resample.grid import resample
from ..study.geometry import Geometry, Xyz
from ..study.phase import Phase
from .bench import Bench
from .canonical import Canonical, box_at
from .parenchyma import Parenchyma, borrow_texture, choose_donors, look_at

Field = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

SURROUNDINGS_MM = 45.0
"""Liver around a change that texture is borrowed from (our choice)."""
KERNEL_MM = 1.2
"""Width of the scanner's blur on what is painted (physics notes, C: 1.0 to 1.6 mm)."""


@dataclass(frozen=True)
class Local:
    """A box of one phase, axes along LPS; arrays (z, y, x)."""

    phase: Phase
    volume: Field
    """Copy of the whole phase; ``hu`` is a part of it."""
    hu: Field
    geometry: Geometry
    """Of the box, in the space of the phase."""
    rest: Geometry
    """Of the box, in the space of the reference phase: breathing undone."""
    liver: Bools
    lesions: npt.NDArray[np.uint16]

    @classmethod
    def of(cls, bench: Bench, phase: Phase, center: Xyz, reach_mm: float, *, hu: Field | None = None) -> "Local":
        """``phase`` within ``reach_mm`` of ``center``, a place in the reference phase; with ``hu`` as its voxels."""
        volume = bench.study.phases[phase]
        shift = bench.shift_mm[phase]
        canonical = Canonical.of(volume.geometry)
        copy = (volume.hu if hu is None else hu).copy()
        moved = (center[0] + shift[0], center[1] + shift[1], center[2] + shift[2])
        box = box_at(canonical.geometry, moved, reach_mm)
        geometry = box.geometry(canonical.geometry)
        origin = np.subtract(geometry.origin_lps_mm, shift)
        rest = Geometry(geometry.shape_zyx, geometry.spacing_xyz_mm,
                        (float(origin[0]), float(origin[1]), float(origin[2])), geometry.direction)  # fmt: skip
        liver = resample(bench.liver.astype(np.uint8), bench.geometry, rest, order=0) > 0
        lesions = resample(bench.lesions, bench.geometry, rest, order=0)
        return cls(phase, copy, canonical.view(copy)[box.slices], geometry, rest, liver, lesions)

    @property
    def width_mm(self) -> float:
        """Of a voxel."""
        return float(np.cbrt(np.prod(self.geometry.spacing_xyz_mm)))

    @cached_property
    def liver_share(self) -> Field:
        """The liver with a soft edge of a voxel."""
        return np.asarray(ndimage.uniform_filter(self.liver.astype(np.float32), 3))

    def blur(self, field: Field) -> Field:
        """As the scanner would, beyond what a voxel averages."""
        sigma = [np.sqrt(max(KERNEL_MM**2 - s**2, 0)) / 2.355 / s for s in self.geometry.spacing_zyx_mm]
        return np.asarray(ndimage.gaussian_filter(field, sigma)) if any(sigma) else field

    def parenchyma(self, hole: Bools) -> Parenchyma:
        """What the liver is like without lesions and ``hole``."""
        return look_at(self.hu, self.liver, (self.lesions > 0) | hole, self.geometry)

    def texture(self, parenchyma: Parenchyma, where: Bools, seed: int) -> Field:
        """Texture borrowed from elsewhere; phases on one grid borrow from one place."""
        shifts = choose_donors(stream(seed, "lab", "donors"), where, parenchyma.clean)
        return borrow_texture(stream(seed, "lab", "texture", self.phase), parenchyma, where, shifts)

    def lay(self, hu: Field, part: Field) -> None:
        """Put ``hu`` over the box as far as ``part`` says."""
        np.add(self.hu, part * (hu - self.hu), out=self.hu)


def whole_mask(bench: Bench, local: Local, part: Field) -> Bools:
    """Voxels of the reference grid that ``part`` covers by half; of the smallest, those that hold most of it."""
    canonical = Canonical.of(bench.geometry)
    mask = np.zeros(bench.geometry.shape_zyx, bool)
    start = np.round(canonical.geometry.to_index_zyx(local.geometry.origin_lps_mm)).astype(int)
    stop = start + local.geometry.shape_zyx
    box = Box((int(start[0]), int(start[1]), int(start[2])), (int(stop[0]), int(stop[1]), int(stop[2])))
    canonical.view(mask)[box.slices] = part > min(0.5, 0.9 * float(part.max(initial=0.0)))
    return mask
