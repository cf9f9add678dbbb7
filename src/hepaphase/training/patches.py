"""Patches around lesions and in the liver, from a cohort of prepared crops."""

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..base.errors import ConfigError
from ..study.lesions import LESION_CLASSES
from ..study.phase import Phase
from .augment import Augmentation
from .cohort import Cohort, PreparedCase
from .data import Sample
from .phase_choice import PhaseChoice

MAX_LESIONS = 48
"""Most lesions of one patch that are trained on, fewer than there are queries; further ones are ignored."""

CLASS_INDEX = {key: index for index, key in enumerate(LESION_CLASSES)}

Corner = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchConfig:
    """What a training example looks like.

    Raises:
        ConfigError: for a share outside [0, 1], or a size below one.
    """

    shape_zyx: tuple[int, int, int] = (24, 32, 32)
    """At 4 mm, 96 x 128 x 128 mm: a lesion and the vessels about it, at an eighth of the cost of the whole liver."""
    lesion_share: float = 0.75
    """Share of examples of patients with lesions that hold one of them; the others lie anywhere in the liver."""
    min_voxels: int = 2
    """Lesions with fewer voxels (113 mm^3 at 4 mm) are not asked for."""
    liver_margin: int = 2
    """Voxels by which the liver is widened, so that a rough liver mask does no harm."""
    repeat: int = 3
    """How often at most a case with a rare class comes up for one with common ones only."""
    phases: PhaseChoice = field(default_factory=PhaseChoice)
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        if min(*self.shape_zyx, self.min_voxels, self.repeat) < 1 or self.liver_margin < 0:
            raise ConfigError(f"Sizes must be at least one, got {self}.")
        if not 0 <= self.lesion_share <= 1:
            raise ConfigError(f"lesion_share must be a share, got {self.lesion_share}.")


class HasPatches(Protocol):
    """A task's configuration that says what its examples look like."""

    @property
    def patch(self) -> PatchConfig: ...  # noqa: D102


class LesionPatches:
    """Examples for stage II. Cases are read once and kept in memory, about 4 MB each."""

    def __init__(self, cohort: Cohort, config: HasPatches, *, training: bool) -> None:
        self._cohort = cohort
        self._config = config.patch
        self._training = training
        self._kept: dict[int, PreparedCase] = {}
        self._order = self._balanced() if training else list(range(len(cohort)))

    def __len__(self) -> int:
        return len(self._order)

    def sample(self, index: int, rng: np.random.Generator) -> Sample:
        """One patch.

        Fields: ``hu`` (4, z, y, x) float32, zero where absent; ``present`` (4,) bool; ``labels`` (z, y, x) int64,
        1 ... K for the lesions asked for; ``classes`` (MAX_LESIONS,) int64, -1 beyond K; ``liver`` and ``ignore``
        (z, y, x) bool.
        """
        case = self._case(self._order[index])
        corner = place(case, self._config, rng)
        hu = {phase: cut(volume, corner, self._config.shape_zyx, -1000) for phase, volume in case.hu.items()}
        flips: tuple[int, ...] = ()
        if self._training:
            change = self._config.augmentation.draw(rng)
            clean = {p: cut(v, corner, self._config.shape_zyx, -1000) for p, v in case.clean_hu.items()}
            shown = self._config.phases.draw(tuple(hu), rng)
            hu, flips = change.hu({p: hu[p] for p in shown}, clean), change.flips
        truth = truth_of(case, corner, self._config)
        return {**as_arrays(hu, self._config.shape_zyx), **{k: _flipped(k, v, flips) for k, v in truth.items()}}

    def _balanced(self) -> list[int]:
        classes = [set(self._case(number).lesion_classes.values()) for number in range(len(self._cohort))]
        return balanced(classes, self._config.repeat)

    def _case(self, number: int) -> PreparedCase:
        if number not in self._kept:
            self._kept[number] = self._cohort.load(number)
        return self._kept[number]


def balanced(classes: Sequence[Set[str]], repeat: int) -> list[int]:
    """Case numbers, those with rare lesion classes up to ``repeat`` times.

    A case comes up sqrt(f_max / f) times, rounded, f being the share of cases with its rarest class.

    Args:
        classes: per case, the classes of its lesions.
        repeat: most that a case comes up.
    """
    counts = {key: sum(key in held for held in classes) for key in CLASS_INDEX}
    most = max([*counts.values(), 1])
    order = []
    for number, held in enumerate(classes):
        rarest = min((counts[key] for key in held), default=most)
        order += [number] * int(np.clip(round((most / rarest) ** 0.5), 1, repeat))
    return order


def place(case: PreparedCase, config: PatchConfig, rng: np.random.Generator) -> Corner:
    """Lowest corner of a patch that holds a lesion, or a point of the liver, anywhere but at its very edge."""
    ids = list(case.lesion_classes)
    wanted = case.masks["lesions"] == rng.choice(ids) if ids and rng.random() < config.lesion_share else None
    inside = case.masks["liver"] > 0 if wanted is None or not wanted.any() else wanted
    voxels = np.flatnonzero(inside)
    shape = inside.shape
    number = voxels[rng.integers(len(voxels))] if len(voxels) else np.prod(shape) // 2
    center = np.array(np.unravel_index(number, shape))
    offset = [rng.integers(size // 6, size - size // 6) for size in config.shape_zyx]
    highest = np.maximum(np.subtract(shape, config.shape_zyx), 0)
    z, y, x = (int(v) for v in np.clip(center - offset, 0, highest))
    return (z, y, x)


def cut(array: npt.NDArray[Any], corner: Corner, shape: tuple[int, int, int], fill: int) -> npt.NDArray[Any]:
    """The patch at ``corner``, padded at the far ends where the array is smaller."""
    part = array[tuple(slice(c, c + s) for c, s in zip(corner, shape, strict=True))]
    missing = [(0, size - got) for size, got in zip(shape, part.shape, strict=True)]
    return np.pad(part, missing, constant_values=fill) if any(m[1] for m in missing) else part


def truth_of(case: PreparedCase, corner: Corner, config: PatchConfig) -> dict[str, npt.NDArray[Any]]:
    """``labels``, ``classes``, ``liver`` and ``ignore`` of a patch; see ``LesionPatches.sample``."""
    lesions = cut(case.masks["lesions"], corner, config.shape_zyx, 0)
    liver = cut(case.masks["liver"], corner, config.shape_zyx, 0) > 0
    labels = np.zeros(lesions.shape, dtype=np.int64)
    classes = np.full(MAX_LESIONS, -1, dtype=np.int64)
    count = 0
    for lesion_id, key in case.lesion_classes.items():
        voxels = lesions == lesion_id
        if count < MAX_LESIONS and voxels.sum() >= config.min_voxels:
            classes[count] = CLASS_INDEX[key]
            count += 1
            labels[voxels] = count
    if config.liver_margin and liver.any():
        liver = ndimage.binary_dilation(liver, iterations=config.liver_margin)
    return {"labels": labels, "classes": classes, "liver": liver, "ignore": (lesions > 0) & (labels == 0)}


def as_arrays(hu: dict[Phase, npt.NDArray[Any]], shape: tuple[int, int, int]) -> dict[str, npt.NDArray[Any]]:
    """``hu`` (4, z, y, x) and ``present`` (4,)."""
    volumes = np.zeros((len(Phase), *shape), dtype=np.float32)
    for index, phase in enumerate(Phase):
        if phase in hu:
            volumes[index] = hu[phase]
    return {"hu": volumes, "present": np.array([phase in hu for phase in Phase])}


def _flipped(name: str, array: npt.NDArray[Any], flips: tuple[int, ...]) -> npt.NDArray[Any]:
    return array if name == "classes" else np.ascontiguousarray(np.flip(array, flips))
