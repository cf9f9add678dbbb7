"""Prepared liver crops as examples for image generators: phases shown, one phase wanted."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ...base.errors import ConfigError
from ...study.phase import REFERENCE_ORDER, TYPICAL_TIME_S, Phase
from ...synthesis.trained_for import TrainedFor
from ..cohort import Cohort, PreparedCase
from ..data import Sample
from .synthesis_samples import crop_corner, cut, held_still, time_of, truth_of, with_reference

Array = npt.NDArray[Any]
_UNKNOWN_TIME_SHARE = 0.15
"""Exams whose times the network is not told, as in the kinetic generator's training."""


class ImageData(Protocol):
    """The part of a task's configuration that the samples look at."""

    @property
    def crop_zyx(self) -> tuple[int, int, int]: ...  # noqa: D102

    @property
    def validation_crop_zyx(self) -> tuple[int, int, int]: ...  # noqa: D102

    @property
    def inputs(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def targets(self) -> tuple[str, ...]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class ImageSamples:
    """Crops of prepared cases.

    Every sample has ``hu`` (P, z, y, x), ``scanned`` (P,) which of them are shown, ``given_s`` (P,), the place
    ``target`` and time ``target_s`` of the phase wanted, ``truth_hu`` (z, y, x), and the masks ``liver`` and
    ``lesions``. The phase wanted is never among those shown. The truth is free of noise where the case has it so, and
    the reference among the inputs lies where the truth lies.
    """

    cohort: Cohort
    config: ImageData
    training: bool

    def __len__(self) -> int:
        return len(self.cohort)

    def sample(self, index: int, rng: np.random.Generator) -> Sample:
        """Example ``index``; in validation phases and place are drawn once and for all.

        Raises:
            ConfigError: when the case lacks the phases that training is for.
        """
        case = self.cohort.load(index)
        size = self.config.crop_zyx if self.training else self.config.validation_crop_zyx
        corner = crop_corner(case, size, rng if self.training else None)
        shown, target = self._draw(case, rng)
        hu = np.stack([cut(case.hu.get(p), corner, size) for p in Phase]).astype(np.float32)
        still = np.stack([cut(held_still(case, p), corner, size) for p in Phase]).astype(np.float32)
        scanned = np.array([p in shown for p in Phase])
        untold = self.training and rng.random() < _UNKNOWN_TIME_SHARE
        times = [TYPICAL_TIME_S[p] if untold else time_of(case, p) for p in Phase]
        return {
            "hu": with_reference(hu, still, scanned) * scanned[:, None, None, None],
            "scanned": scanned,
            "given_s": np.array(times, dtype=np.float32) * scanned,
            "target": np.array(list(Phase).index(target)),
            "target_s": np.array(time_of(case, target), dtype=np.float32),
            "truth_hu": cut(truth_of(case, target), corner, size).astype(np.float32),
            **{n: cut(case.masks.get(n), corner, size, fill=0).astype(np.int32) for n in ("liver", "lesions")},
        }

    def _draw(self, case: PreparedCase, rng: np.random.Generator) -> tuple[tuple[Phase, ...], Phase]:
        """Phases shown and the phase wanted: any target, then any subset of the others, or the inputs as set."""
        known = [p for p in Phase if p in case.hu]
        fixed = [p for p in Phase if p in self.config.inputs]
        targets = [p for p in known if p in self.config.targets and p not in fixed and set(known) != {p}]
        if not targets or set(fixed) - set(known):
            raise ConfigError(
                f"Case '{case.case}' has {', '.join(known)}; training needs {', '.join(fixed) or 'another phase'} and "
                f"one of {', '.join(self.config.targets)}. Leave the case out, or change inputs and targets with --set."
            )
        target = targets[int(rng.integers(len(targets)))]
        if fixed:
            return tuple(fixed), target
        others = [p for p in known if p is not target]
        bits = int(rng.integers(1, 2 ** len(others)))
        alone = rng.random() < 1 / 3  # one reference alone, as practice has it
        if alone:
            return (next(p for p in (Phase.NC, *REFERENCE_ORDER) if p in others),), target
        return tuple(p for k, p in enumerate(others) if bits >> k & 1), target


def make_samples(cohort: Cohort, config: ImageData, *, training: bool) -> ImageSamples:
    """What a run calls."""
    return ImageSamples(cohort, config, training)


def check_data(
    crops: tuple[tuple[int, int, int], ...], multiple: int, inputs: tuple[str, ...], targets: tuple[str, ...]
) -> None:
    """Refuse crops that the network cannot halve, and phases that do not exist.

    Raises:
        ConfigError: saying which.
    """
    TrainedFor(inputs=inputs, targets=targets)
    if any(n % multiple or n < 1 for crop in crops for n in crop):
        raise ConfigError(f"Crops must be multiples of {multiple} voxels, got {', '.join(map(str, crops))}.")
