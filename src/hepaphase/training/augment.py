"""Change a training example without changing what is true of it: draw the change first, then apply it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..base.errors import ConfigError
from ..study.phase import Phase

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """How far examples are changed; spreads are standard deviations (all our choice).

    Flips are along any axis: left and right are not the same in a patient, but the class of a lesion does not depend on
    it, and a reader should not learn classes by place.

    Raises:
        ConfigError: for a negative spread or a share outside [0, 1].
    """

    shift_hu: float = 4.0
    """Of all phases together."""
    phase_shift_hu: float = 2.0
    """Of each phase on its own."""
    gain: float = 0.04
    """Relative, about 0 HU."""
    noise_range: tuple[float, float] = (0.3, 1.5)
    """Simulated examples: the noise is laid elsewhere and multiplied by a factor from this range."""
    noise_hu: float = 3.0
    """Largest added white noise where no noise-free volume is known."""
    grain_share: float = 0.0
    """Of the examples whose noise is made coarser: in real livers at 4 mm neighboring voxels go together (correlation
    0.55 to 0.67 in three of four scans), in simulated ones less (docs/concepts/simulator.md)."""
    grain_voxels: tuple[float, float] = (0.4, 1.0)
    """Width of the Gaussian that does it; the size of the noise stays."""
    flip: float = 0.3
    """Chance of a flip, per axis."""

    def __post_init__(self) -> None:
        low, high = self.noise_range
        if min(self.shift_hu, self.phase_shift_hu, self.gain, self.noise_hu, low) < 0 or high < low:
            raise ConfigError(f"Spreads must not be negative and noise_range must rise, got {self}.")
        if not (0 <= self.flip <= 1 and 0 <= self.grain_share <= 1):
            raise ConfigError(f"flip and grain_share must be shares, got {self}.")
        if not 0 < self.grain_voxels[0] <= self.grain_voxels[1]:
            raise ConfigError(f"grain_voxels must be above zero and rise, got {self.grain_voxels}.")

    def draw(self, rng: np.random.Generator) -> "Change":
        """What to do to one example."""
        coarser = self.grain_share > 0 and rng.random() < self.grain_share
        return Change(
            grain_voxels=float(rng.uniform(*self.grain_voxels)) if coarser else 0.0,
            shift_hu=tuple(float(v) for v in rng.normal(0, self.shift_hu) + rng.normal(0, self.phase_shift_hu, 4)),
            gain=float(1 + rng.normal(0, self.gain)),
            noise_factor=float(rng.uniform(*self.noise_range)),
            noise_roll=tuple(int(v) for v in rng.integers(0, 64, 3)),
            noise_hu=float(rng.uniform(0, self.noise_hu)),
            noise_seed=int(rng.integers(2**31)),
            flips=tuple(axis for axis in range(3) if rng.random() < self.flip),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One drawn change."""

    shift_hu: tuple[float, ...]
    """Per phase in order of time."""
    gain: float
    noise_factor: float
    noise_roll: tuple[int, ...]
    """Voxels, (z, y, x)."""
    noise_hu: float
    noise_seed: int
    flips: tuple[int, ...]
    """Axes of (z, y, x)."""
    grain_voxels: float = 0.0
    """Width of the Gaussian over the noise; zero leaves it as it is."""

    def hu(self, hu: Mapping[Phase, npt.NDArray[Any]], clean: Mapping[Phase, npt.NDArray[Any]]) -> dict[Phase, Floats]:
        """Changed volumes; ``clean`` holds the noise-free ones where they are known."""
        rng = np.random.default_rng(self.noise_seed)
        changed = {}
        for phase, volume in hu.items():
            index = list(Phase).index(phase)
            noisy = self._noisy(volume, clean.get(phase), rng)
            changed[phase] = self.flip((noisy * self.gain + self.shift_hu[index]).astype(np.float32))
        return changed

    def level_hu(self, phase: Phase, hu: float) -> float:
        """What a level of ``hu`` in ``phase`` becomes."""
        return hu * self.gain + self.shift_hu[list(Phase).index(phase)]

    def flip(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The array with its drawn axes reversed."""
        return np.ascontiguousarray(np.flip(array, self.flips))

    def _noisy(self, hu: npt.NDArray[Any], clean: npt.NDArray[Any] | None, rng: np.random.Generator) -> Floats:
        if clean is None:
            return np.asarray(hu + self._coarser(rng.normal(0, self.noise_hu, hu.shape)), dtype=np.float32)
        noise = self._coarser(hu.astype(np.float32) - clean)
        return np.asarray(clean + self.noise_factor * np.roll(noise, self.noise_roll, (0, 1, 2)), dtype=np.float32)

    def _coarser(self, noise: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if not self.grain_voxels:
            return noise
        smooth = ndimage.gaussian_filter(noise, self.grain_voxels, mode="wrap")
        return np.asarray(smooth * (noise.std() / max(float(smooth.std()), 1e-6)))
