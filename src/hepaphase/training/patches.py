"""Patches around lesions and in the liver, from a cohort of prepared crops."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ..base.errors import ConfigError
from ..diagnosis.diagnose import median_hu, widened
from ..diagnosis.known_facts import clinical_numbers
from ..diagnosis.origins import ORIGIN_INDEX, UNKNOWN
from ..study.lesions import LESION_CLASSES
from ..study.phase import Phase
from .augment import Augmentation, Change
from .cohort import Cohort, PreparedCase
from .data import Sample
from .kept import MOST_KEPT_BYTES, KeptCases
from .lined_up import LinedUp
from .mask_errors import MaskErrors
from .neighbors import Neighbors, blood_levels
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

    shape_zyx: tuple[int, int, int] = (24, 24, 24)
    """At 4 mm, 96 mm a side: a lesion and the vessels about it, at a fourteenth of the cost of the whole liver."""
    lesion_share: float = 0.85
    """Share of examples that hold a lesion, each class equally often; the others lie anywhere in the liver."""
    min_voxels: int = 2
    """Lesions with fewer voxels (113 mm^3 at 4 mm) are not asked for."""
    hide_facts: float = 0.0
    """Chance for each fact of the patient to be hidden, for a network that looks at them: any may be missing."""
    phases: PhaseChoice = field(default_factory=PhaseChoice)
    lined_up: LinedUp = field(default_factory=LinedUp)
    augmentation: Augmentation = field(default_factory=Augmentation)
    mask_errors: MaskErrors = field(default_factory=MaskErrors)
    neighbors: Neighbors = field(default_factory=Neighbors)

    def __post_init__(self) -> None:
        if min(*self.shape_zyx, self.min_voxels) < 1:
            raise ConfigError(f"Sizes must be at least one, got {self}.")
        if not (0 <= self.lesion_share <= 1 and 0 <= self.hide_facts <= 1):
            raise ConfigError(f"lesion_share and hide_facts must be shares, got {self}.")


class Wanted(NamedTuple):
    """What one example is to show."""

    number: int
    """Of the case."""
    key: str | None
    """Lesion class that the patch holds one of; None for any part of the liver."""


class HasPatches(Protocol):
    """A task's configuration that says what its examples look like."""

    @property
    def patch(self) -> PatchConfig: ...  # noqa: D102


class LesionPatches:
    """Examples for stage II."""

    def __init__(
        self, cohort: Cohort, config: HasPatches, *, training: bool, most_bytes: int = MOST_KEPT_BYTES
    ) -> None:
        """``most_bytes`` of the arrays of cases are kept; examples do not depend on it."""
        self._config = config.patch
        self._training = training
        self._cases = KeptCases(cohort, most_bytes=most_bytes)
        self._levels: dict[tuple[int, bool], dict[Phase, float]] = {}
        self._blood: dict[int, dict[Phase, float]] = {}
        classes = [set(cohort.lesion_classes(number).values()) for number in range(len(cohort))]
        self._order = balanced(classes, self._config.lesion_share) if training else one_each(classes)

    def __len__(self) -> int:
        return len(self._order)

    def sample(self, index: int, rng: np.random.Generator) -> Sample:
        """One patch.

        Fields: ``hu`` (4, z, y, x) float32, zero where absent; ``present`` (4,) bool; ``labels`` (z, y, x) int64,
        1 ... K for the lesions asked for; ``classes`` (MAX_LESIONS,) int64, -1 beyond K; ``liver`` and ``ignore``
        (z, y, x) bool; ``liver_hu`` (4,) float32; ``origins`` (MAX_LESIONS,) int64, -1 where unknown; ``clinical``
        (F,) float32.
        """
        number, key = self._order[index]
        case = self._cases[number]
        lie = self._config.lined_up.draw(case, rng) if self._training else self._config.lined_up.best(case)
        corner = place(case, key, self._config, rng)
        shape = self._config.shape_zyx
        truth = truth_of(case, corner, self._config)
        parts = ({p: cut(v, corner, shape, -1000) for p, v in of.items()} for of in _all(case))
        hu, clean = lie.volumes(*parts)
        truth["clinical"] = clinical_numbers(case.clinical)
        liver_hu = self._liver_hu(number, case, lined=lie.lined)
        if not self._training:
            return {**as_arrays(hu, liver_hu, shape), **truth}
        painted = self._config.neighbors.paint(
            clean, truth["liver"], (truth["labels"] > 0) | truth["ignore"], self._blood_hu(number, case), rng
        )
        hu, clean = ({p: v + painted[p] if p in painted else v for p, v in of.items()} for of in (hu, clean))
        truth["liver"] = self._config.mask_errors.apply(truth["liver"], truth["labels"], rng)
        change = self._config.augmentation.draw(rng)
        shown = self._config.phases.draw(tuple(hu), rng)
        changed = change.hu({phase: hu[phase] for phase in shown}, clean)
        liver_hu = {phase: change.level_hu(phase, level) for phase, level in liver_hu.items()}
        if self._config.hide_facts:
            truth["clinical"][rng.random(len(truth["clinical"])) < self._config.hide_facts] = 0
        return {**as_arrays(changed, liver_hu, shape), **{k: _flipped(k, v, change) for k, v in truth.items()}}

    def _liver_hu(self, number: int, case: PreparedCase, *, lined: bool) -> dict[Phase, float]:
        if (number, lined) not in self._levels:
            hu = case.reference_hu if lined else case.hu
            self._levels[number, lined] = {p: median_hu(v, case.masks["liver"] > 0) for p, v in hu.items()}
        return self._levels[number, lined]

    def _blood_hu(self, number: int, case: PreparedCase) -> dict[Phase, float]:
        if number not in self._blood:
            self._blood[number] = blood_levels(case) if self._config.neighbors.share else {}
        return self._blood[number]


def balanced(classes: Sequence[Set[str]], lesion_share: float) -> list[Wanted]:
    """What to show in one pass: each lesion class equally often, and parts of the liver without asking for a lesion.

    The cases of a class come up in turn until it has as many examples as the commonest class. Examples without a lesion
    come from lesion-free cases where there are any.

    Args:
        classes: per case, the classes of its lesions.
        lesion_share: share of the examples that ask for a lesion.
    """
    holders = {key: [n for n, held in enumerate(classes) if key in held] for key in CLASS_INDEX}
    most = max(len(numbers) for numbers in holders.values())
    order = [Wanted(n, key) for key, numbers in holders.items() if numbers for n in islice(cycle(numbers), most)]
    free = [n for n, held in enumerate(classes) if not held] or list(range(len(classes)))
    num_free = round(len(order) * (1 - lesion_share) / lesion_share) if lesion_share and order else len(free)
    return (order if lesion_share else []) + [Wanted(n, None) for n in islice(cycle(free), num_free)]


def one_each(classes: Sequence[Set[str]]) -> list[Wanted]:
    """One example of every case, at a lesion where it has one."""
    return [Wanted(n, min(held, key=CLASS_INDEX.__getitem__) if held else None) for n, held in enumerate(classes)]


def place(case: PreparedCase, key: str | None, config: PatchConfig, rng: np.random.Generator) -> Corner:
    """Lowest corner of a patch that holds a lesion of class ``key``, or a point of the liver; not at its very edge."""
    ids = [lesion_id for lesion_id, own in case.lesion_classes.items() if own == key]
    wanted = case.masks["lesions"] == rng.choice(ids) if ids else None
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
    classes, origins = (np.full(MAX_LESIONS, -1, dtype=np.int64) for _ in range(2))
    count = 0
    for lesion_id, key in case.lesion_classes.items():
        voxels = lesions == lesion_id
        if count < MAX_LESIONS and voxels.sum() >= config.min_voxels:
            classes[count] = CLASS_INDEX[key]
            origins[count] = ORIGIN_INDEX.get(case.lesion_origins.get(lesion_id, ""), UNKNOWN)
            count += 1
            labels[voxels] = count
    ignore = (lesions > 0) & (labels == 0)
    return {"labels": labels, "classes": classes, "origins": origins, "liver": widened(liver), "ignore": ignore}


def as_arrays(
    hu: Mapping[Phase, npt.NDArray[Any]], liver_hu: Mapping[Phase, float], shape: tuple[int, int, int]
) -> dict[str, npt.NDArray[Any]]:
    """``hu`` (4, z, y, x), ``present`` (4,) and ``liver_hu`` (4,)."""
    volumes = np.zeros((len(Phase), *shape), dtype=np.float32)
    for index, phase in enumerate(Phase):
        if phase in hu:
            volumes[index] = hu[phase]
    return {
        "hu": volumes,
        "present": np.array([phase in hu for phase in Phase]),
        "liver_hu": np.array([liver_hu.get(phase, 0.0) for phase in Phase], dtype=np.float32),
    }


def _all(case: PreparedCase) -> tuple[Mapping[Phase, npt.NDArray[Any]], ...]:
    return case.hu, case.clean_hu, case.reference_hu


def _flipped(name: str, array: npt.NDArray[Any], change: Change) -> npt.NDArray[Any]:
    return array if name in ("classes", "origins", "clinical") else change.flip(array)
