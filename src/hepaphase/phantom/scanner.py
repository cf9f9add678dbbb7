"""What the scanner does to a phase: timing along the body, hardening, slices, noise that varies, and failures."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..base.seeds import stream
from ..study.geometry import Geometry
from ..study.phase import Phase
from .domain import Domain
from .events import Event, find_event
from .space import Field, grid_axes_mm

Floats = npt.NDArray[np.float64]
NOT_SCANNED_HU = -1024.0
METAL_HU = 3000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """How one examination was scanned, beside what ``Exam`` holds."""

    helical_s: Mapping[Phase, float]
    """Duration of the scan of each phase; 0 for an instant."""
    cupping_hu: float
    """Deficit in the middle of a body of 30 cm without contrast."""
    pseudo_hu: float
    """Spurious enhancement of a small cyst beside liver enhanced by 50 HU."""
    center_noise: float
    thick_slices: bool


def draw_scan(seed: int, domain: Domain) -> Scan:
    """The scanner's state in one examination."""
    rng = stream(seed, "scanner", domain.name)
    low, high = domain.helical_s or (0.0, 0.0)
    helical = {p: float(rng.uniform(low, high)) for p in Phase}
    cupping = float(rng.uniform(*domain.hardening_hu)) if domain.hardening_hu else 0.0
    pseudo = float(rng.uniform(2, 6)) if domain.hardening_hu else 0.0
    return Scan(
        helical_s=helical,
        cupping_hu=cupping,
        pseudo_hu=pseudo,
        center_noise=domain.center_noise,
        thick_slices=domain.thick_slices,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Slopes:
    """How fast HU change at the middle of a phase's scan, HU/s, and what lies where."""

    organ: Mapping[int, float]
    lesion: Mapping[int, float]
    organs: npt.NDArray[np.uint8]
    lesions: npt.NDArray[np.uint16]


def add_helix(hu: Field, slopes: Slopes, duration_s: float) -> Field:
    """Each slice at its own time: the table runs from the head end down; the middle slice is at the phase's time.

    First order in time, with the slope of each organ and lesion as a whole.
    """
    num = len(hu)
    late_s = np.linspace(0.5, -0.5, num, dtype=np.float32) * np.float32(duration_s)  # slices count from the feet up
    lookup = np.zeros(256, np.float32)
    for organ, slope in slopes.organ.items():
        lookup[organ] = slope
    rate = lookup[slopes.organs]
    for lesion, slope in slopes.lesion.items():
        rate[slopes.lesions == lesion] = slope
    return np.asarray(hu + rate * late_s[:, None, None], np.float32)


def harden(hu: Field, geometry: Geometry, *, cupping_hu: float, iodine_hu: float, diameter_cm: float) -> Field:
    """Cupping: darker in the middle, more so in a large body and with iodine in the aorta (physics notes, C)."""
    depth = np.float32(cupping_hu * (diameter_cm / 30) * (0.6 + 0.4 * min(iodine_hu / 300, 1.5)))
    soft = np.clip((hu + 300) / 200, 0, 1)  # air and lung are not darkened
    return np.asarray(hu - depth * np.exp(-_radius2(geometry, diameter_cm)) * soft, np.float32)


def noise_gain(geometry: Geometry, *, center: float, diameter_cm: float) -> Field:
    """Noise against its mean over the body, (1, y, x): more where rays are longest."""
    bell = np.exp(-_radius2(geometry, diameter_cm))
    return np.asarray(1 + (center - 1) * (2 * bell - 0.7), np.float32)


def _radius2(geometry: Geometry, diameter_cm: float) -> Field:
    """Squared distance from the axis of the body over its squared half width, (1, y, x)."""
    _, y, x = grid_axes_mm(geometry)
    half_mm = 5 * diameter_cm * 1.1
    return np.asarray(((y[:, None] / half_mm) ** 2 + (x[None] / half_mm) ** 2)[None], np.float32)


def blur_slices(hu: Field, geometry: Geometry, width_mm: float) -> Field:
    """The average over ``width_mm`` along the body, less what the grid's own slices already average."""
    own = geometry.spacing_zyx_mm[0]
    sd = float(np.sqrt(max(width_mm**2 - own**2, 0.0) / 12)) / own
    return np.asarray(ndimage.gaussian_filter1d(hu, sd, axis=0, mode="nearest"), np.float32) if sd > 0 else hu


def spoil(hu: Field, geometry: Geometry, events: tuple[Event, ...], phase: Phase) -> Field:
    """The failures that show in the picture of one phase, in the order in which they come about."""
    out = hu.copy()
    if event := find_event(events, "arms_down"):
        out += _arm_streaks(geometry, event)
    if event := find_event(events, "metal"):
        _add_metal(out, geometry, event)
    if event := find_event(events, "clipped_hu", phase):
        np.clip(out, -200, event.amount, out=out)
    if event := find_event(events, "wrong_rescale", phase):
        out += np.float32(event.amount)
    if event := find_event(events, "truncated_fov"):
        _, y, x = grid_axes_mm(geometry)
        out[:, np.hypot(y[:, None], x[None]) > event.amount] = NOT_SCANNED_HU
    if event := find_event(events, "partial_liver", phase):
        num = round(abs(event.amount) * len(out))
        missing = slice(len(out) - num, None) if event.amount > 0 else slice(0, num)
        out[missing] = NOT_SCANNED_HU
    return out


def _arm_streaks(geometry: Geometry, event: Event) -> Field:
    """Streaks from side to side."""
    rng = np.random.default_rng(event.seed)
    white = rng.standard_normal(geometry.shape_zyx, dtype=np.float32)
    z_mm, y_mm, x_mm = geometry.spacing_zyx_mm
    streaks = ndimage.gaussian_filter(white, (2 / z_mm, 1.5 / y_mm, 60 / x_mm), mode="nearest")
    return np.asarray(streaks * (event.amount / (streaks.std() + 1e-6)), np.float32)


def _add_metal(hu: Field, geometry: Geometry, event: Event) -> None:
    """A bright clip whose streaks fall off with distance, in the slices around it."""
    rng = np.random.default_rng(event.seed)
    z, y, x = (int(rng.uniform(0.3, 0.7) * n) for n in geometry.shape_zyx)
    reach = max(1, round(9 / geometry.spacing_zyx_mm[0]))
    dy, dx = np.arange(hu.shape[1])[:, None] - y, np.arange(hu.shape[2])[None] - x
    angle = np.arctan2(dy, dx)
    rays = sum(rng.normal() * np.cos(2 * f * angle + rng.uniform(0, 6.28)) for f in rng.integers(2, 12, 5))
    slices = slice(max(0, z - reach), z + reach + 1)
    hu[slices] += np.asarray(event.amount * rays / (np.hypot(dy, dx) + 2), np.float32)[None]
    hu[slices, y : y + 2, x : x + 2] = METAL_HU
