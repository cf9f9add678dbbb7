"""A training image from a label map: contrast, scanner and field of view drawn at random, no physics of contrast."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..base.seeds import stream
from .appearance import AIR_HU, Appearance, Scanner
from .contents import fill_cavity, fill_liver, fill_shells, fill_stomach
from .labels import Organ
from .smooth import Field, smooth_noise
from .torso import SPACING_MM, Bools, Labels

METAL_HU = 2000.0


def paint(labels: Labels, look: Appearance) -> Field:
    """The image, float32 HU (z, y, x), of 3 mm labels with the appearance ``look``; a pure function of both.

    The method is that of SynthSeg (Billot et al. 2023): a network that never saw the same contrast twice must go by
    shape and place. Left stays left.
    """
    mean_hu = np.zeros(256, np.float32)
    texture_hu = np.zeros(256, np.float32)
    for organ in Organ:
        mean_hu[organ], texture_hu[organ] = look.mean_hu[organ.name], look.texture_hu[organ.name]
    hu = mean_hu[labels]
    for fill in (fill_cavity, fill_stomach, fill_shells, fill_liver):
        fill(hu, labels, look)
    shape = (labels.shape[0], labels.shape[1], labels.shape[2])
    hu += texture_hu[labels] * smooth_noise(stream(look.seed, "texture"), shape, look.texture_cell_voxels)
    return scan(hu, labels > 0, look.scanner, seed=look.seed)


def scan(hu: Field, body: Bools, scanner: Scanner, *, seed: int) -> Field:
    """What a scanner makes of noise-free ``hu`` at 3 mm: table, streaks, shading, blur and noise added. Pure."""
    hu = hu.copy()
    shape = (hu.shape[0], hu.shape[1], hu.shape[2])
    rng = stream(seed, "scanner")
    _add_table(hu, body, scanner, rng)
    _add_metal(hu, body, scanner, rng)
    hu += np.float32(scanner.bias_hu) * smooth_noise(rng, shape, 40)
    slice_sd = np.sqrt(max(0.0, scanner.slice_mm**2 - SPACING_MM**2)) / 2.355 / SPACING_MM
    hu = ndimage.gaussian_filter(hu, (slice_sd, scanner.blur_voxels, scanner.blur_voxels), truncate=2.5)
    noise = rng.standard_normal(shape, dtype=np.float32)
    if scanner.noise_cell_voxels > 0:
        cell = scanner.noise_cell_voxels
        noise = ndimage.gaussian_filter(noise, (cell / 2, cell, cell), truncate=2.5)
        noise /= noise.std()
    hu += np.float32(scanner.noise_hu) * noise
    return np.maximum(hu, np.float32(AIR_HU - 24))


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The part of an image that was scanned."""

    start: int
    """First slice."""
    stop: int
    radius_voxels: float | None
    """Of the reconstruction circle; None when it is wider than the image."""
    offset_voxels: tuple[float, float]
    """Of its middle from the middle of the image, (y, x)."""


def draw_view(rng: np.random.Generator, num_slices: int) -> View:
    """Any run of at least a fifth of the slices, half the time; sometimes a circle that cuts the body."""
    few = rng.random() < 0.6
    length = int(rng.integers(max(1, num_slices // 5), num_slices + 1)) if few else num_slices
    start = int(rng.integers(0, num_slices - length + 1))
    offset = rng.normal(0, 4, 2)
    return View(
        start=start,
        stop=start + length,
        radius_voxels=float(rng.uniform(48, 68)) if rng.random() < 0.15 else None,
        offset_voxels=(float(offset[0]), float(offset[1])),
    )


def outside(view: View, shape_zyx: tuple[int, int, int]) -> Bools:
    """Which voxels were not scanned, shape (z, y, x)."""
    nz, ny, nx = shape_zyx
    z = np.arange(nz)[:, None, None]
    out = np.broadcast_to((z < view.start) | (z >= view.stop), shape_zyx).copy()
    if view.radius_voxels is not None:
        y = np.arange(ny)[:, None] - (ny - 1) / 2 - view.offset_voxels[0]
        x = np.arange(nx)[None] - (nx - 1) / 2 - view.offset_voxels[1]
        out |= (np.hypot(y, x) > view.radius_voxels)[None]
    return out


def _add_table(hu: Field, body: Bools, scanner: Scanner, rng: np.random.Generator) -> None:
    """A curved, hollow or solid slab behind the back."""
    rows = np.flatnonzero(body.any(axis=(0, 2)))
    if scanner.table_gap_voxels is None or not len(rows):
        return
    _, ny, nx = hu.shape
    x = np.arange(nx) - nx / 2 + rng.normal(0, 4)
    half = rng.uniform(45, 80)
    depth = np.arange(ny)[:, None] - rows[-1] - scanner.table_gap_voxels - (x / half) ** 2 * rng.uniform(-6, 2)
    thick = scanner.table_thickness_voxels
    slab = (depth >= 0) & (depth < thick) & (np.abs(x) < half)
    core = slab & (depth >= 1) & (depth < thick - 1)
    profile = np.where(core, rng.uniform(-980, -700), scanner.table_hu)
    where = slab[None] & ~body
    hu[where] = np.broadcast_to(profile[None], hu.shape)[where]


def _add_metal(hu: Field, body: Bools, scanner: Scanner, rng: np.random.Generator) -> None:
    """One bright point whose streaks fall off with distance, in the slices around it."""
    if scanner.metal_hu is None or not body[::4, ::4, ::4].any():
        return
    places = np.argwhere(body[::4, ::4, ::4]) * 4
    z, y, x = (int(v) for v in places[rng.integers(len(places))])
    dy, dx = np.arange(hu.shape[1])[:, None] - y, np.arange(hu.shape[2])[None] - x
    angle = np.arctan2(dy, dx)
    rays = np.sum([rng.normal() * np.cos(2 * f * angle + rng.uniform(0, 6.28)) for f in rng.integers(2, 12, 5)], axis=0)
    slices = slice(max(0, z - 3), z + 4)
    hu[slices] += np.asarray(scanner.metal_hu * rays / (np.hypot(dy, dx) + 2), np.float32)[None]
    hu[slices, max(0, y - 1) : y + 1, max(0, x - 1) : x + 1] = METAL_HU
