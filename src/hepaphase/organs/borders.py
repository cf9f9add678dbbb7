"""Where the borders of the liver's segments lie, as draws from what is known of them. N draws."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .liver_veins import AZIMUTHS, STEP_RAD

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.uint8]

NUM_DRAWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Mean and standard deviation, among livers, of shares of the volume; those of sectors without segment 1."""

    lateral: tuple[float, float] = (0.16, 0.04)
    """Segments 2 and 3."""
    medial: tuple[float, float] = (0.17, 0.04)
    """Segment 4."""
    anterior: tuple[float, float] = (0.40, 0.07)
    """Segments 5 and 8."""
    upper_anterior: tuple[float, float] = (0.60, 0.08)
    """Segment 8 of 5 and 8."""
    upper_posterior: tuple[float, float] = (0.62, 0.10)
    """Segment 7 of 6 and 7."""
    upper_lateral: tuple[float, float] = (0.47, 0.10)
    """Segment 2 of 2 and 3."""


@dataclass(frozen=True, slots=True)
class Borders:
    """Each (N,): azimuths in radians, heights and distances in mm."""

    left: Floats
    middle: Floats
    right: Floats
    lateral_mm: Floats
    """Height of the border between segments 2 and 3."""
    anterior_mm: Floats
    """Between 8 and 5."""
    posterior_mm: Floats
    """Between 7 and 6."""
    caudate_mm: Floats
    """How far from the axis of the vena cava segment 1 reaches."""

    def median(self) -> "Borders":
        """The middle of all draws, as one."""
        return Borders(*(np.median(getattr(self, name), keepdims=True) for name in self.__slots__))

    def sd(self, name: str) -> float:
        """Standard deviation of one border."""
        return float(np.std(getattr(self, name)))


CAUDATE_MM = (28.0, 4.0)
"""How far segment 1 reaches from the axis of the vena cava (physics notes, F: about 25 mm; our choice)."""
_CAUDATE_LEFT, _CAUDATE_RIGHT = np.radians(20.0), np.radians(112.0)
_CAUDATE_BEHIND = 1.6
"""Left of and behind the vena cava segment 1 reaches this many times as far: there is nothing else."""
_CAUDATE_BELOW_MM = 15.0
"""So far below the height of the portal vein."""


def label(borders: Borders, azimuth: Floats, away_mm: Floats, z_mm: Floats) -> Labels:
    """Segment 1 to 8 of V places in each draw, (N, V); rule of the physics notes, F, with segment 4 undivided."""

    def each(values: Floats) -> Floats:
        return values[:, None]

    upper_right = np.where(z_mm > each(borders.anterior_mm), 8, 5)
    out = np.where(azimuth > each(borders.middle), upper_right, 4)
    out = np.where(azimuth > each(borders.right), np.where(z_mm > each(borders.posterior_mm), 7, 6), out)
    out = np.where(azimuth < each(borders.left), np.where(z_mm > each(borders.lateral_mm), 2, 3), out)
    reach = each(borders.caudate_mm) * np.where(azimuth < _CAUDATE_LEFT, _CAUDATE_BEHIND, 1.0)
    first = (azimuth < _CAUDATE_RIGHT) & (away_mm < reach) & (z_mm > each(borders.anterior_mm) - _CAUDATE_BELOW_MM)
    return np.asarray(np.where(first, 1, out), np.uint8)


def log_normal(value: npt.ArrayLike, told: tuple[float, float]) -> Floats:
    """Log of the density of a normal distribution, up to a constant."""
    return np.asarray(-(((np.asarray(value) - told[0]) / told[1]) ** 2) / 2)


def draw_planes(
    volume: Floats, scores: Floats, more: tuple[Floats, Floats], shares: Shares, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Azimuths of the planes of the left, middle and right hepatic vein, (N,) each.

    The three form a chain: the share of the liver left of the first, that between first and second, between second and
    third. Each plane gains by what the picture says of a vein there; all veins enter at one height, which is drawn too.

    Args:
        volume: (A,) share of the liver, without segment 1, at azimuths below each of ``AZIMUTHS``.
        scores: (A, E) log likelihood ratio of a vein at each azimuth, for each height of entry.
        more: (A,) each, what else speaks for the left and for the middle plane.
        shares: what is known of livers.
        rng: what to draw with.
    """
    density = np.log(np.maximum(np.gradient(volume), 1e-6))
    left_more, middle_more = more
    first = log_normal(volume, shares.lateral) + density + left_more
    between = volume[None, :] - volume[:, None]
    rising = np.where(np.arange(len(volume))[None, :] > np.arange(len(volume))[:, None], 0.0, -np.inf)
    second = log_normal(between, shares.medial) + (density + middle_more)[None, :] + rising
    third = log_normal(between, shares.anterior) + density[None, :] + rising
    after = [_log_sum(third + s[None, :], axis=1) for s in scores.T]
    later = [_log_sum(second + (s + r)[None, :], axis=1) for s, r in zip(scores.T, after, strict=True)]
    whole = np.array([_log_sum(first + s + m, axis=0) for s, m in zip(scores.T, later, strict=True)])
    found = np.zeros((3, NUM_DRAWS))
    for n, entry in enumerate(rng.choice(len(whole), NUM_DRAWS, p=_shares(whole))):
        s = scores[:, entry]
        left = rng.choice(len(volume), p=_shares(first + s + later[entry]))
        mid = rng.choice(len(volume), p=_shares(second[left] + s + after[entry]))
        right = rng.choice(len(volume), p=_shares(third[mid] + s))
        found[:, n] = AZIMUTHS[[left, mid, right]]
    found += rng.uniform(-0.5, 0.5, found.shape) * STEP_RAD
    return found[0], found[1], found[2]


def draw_height(z_mm: Floats, told: tuple[float, float], rng: np.random.Generator) -> Floats:
    """Heights (N,) of the border within a sector.

    Args:
        z_mm: (V,) heights of the voxels of the sector, at least one.
        told: mean and standard deviation of the share above the border.
        rng: what to draw with.
    """
    return np.quantile(z_mm, 1 - np.clip(rng.normal(*told, NUM_DRAWS), 0.0, 1.0))


def _shares(log_weights: Floats) -> Floats:
    weights = np.exp(log_weights - log_weights.max())
    return np.asarray(weights / weights.sum())


def _log_sum(values: Floats, *, axis: int) -> Floats:
    top = np.maximum(values.max(axis=axis, keepdims=True), -1e300)
    return np.asarray(np.squeeze(top, axis) + np.log(np.exp(values - top).sum(axis=axis) + 1e-300))
