"""Examples for GALS-CE's classifier, from a cohort of prepared crops: a patient each."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ..base.errors import ConfigError
from ..diagnosis.galsce.box import BOX_ZYX, channels
from ..diagnosis.galsce.network import GalsceConfig
from ..diagnosis.galsce.scheme import Labels, SeenLesion, scheme
from ..diagnosis.known_facts import clinical_numbers
from .augment import Augmentation
from .cohort import Cohort, PreparedCase
from .data import Sample
from .kept import KeptCases
from .lined_up import LinedUp
from .phase_choice import PhaseChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxConfig:
    """What an example looks like.

    Raises:
        ConfigError: for a size below one.
    """

    shape_zyx: tuple[int, int, int] = BOX_ZYX
    phases: PhaseChoice = field(default_factory=PhaseChoice)
    lined_up: LinedUp = field(default_factory=LinedUp)
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        if min(self.shape_zyx) < 1:
            raise ConfigError(f"Sizes must be at least one, got {self}.")


class HasBoxes(Protocol):
    """A task's configuration that says what its examples look like."""

    @property
    def box(self) -> BoxConfig: ...  # noqa: D102
    @property
    def network(self) -> GalsceConfig: ...  # noqa: D102


class LiverBoxes:
    """One example per patient of the task; the others are left out."""

    def __init__(self, cohort: Cohort, config: HasBoxes, *, training: bool) -> None:
        self._box, self._training = config.box, training
        asked = scheme(config.network.scheme)
        self._cases = KeptCases(cohort)
        labeled = ((number, asked.labels(seen_lesions(self._cases[number]))) for number in range(len(cohort)))
        self._labels = [(number, labels) for number, labels in labeled if labels is not None]
        sizes = (len(asked.first), len(asked.second), len(asked.outputs))
        self._counts = counts([labels for _, labels in self._labels], sizes)

    def __len__(self) -> int:
        return len(self._labels)

    def sample(self, index: int, rng: np.random.Generator) -> Sample:
        """One patient.

        Fields: ``x`` (4, 2, z, y, x) float32; ``present`` (4,) bool; ``clinical`` (F,) float32; ``labels`` (3,) int64
        of the two experts and the whole; ``counts_first``, ``counts_second``, ``counts_outputs``, patients of each
        class among all examples.
        """
        number, labels = self._labels[index]
        case = self._cases[number]
        lie = self._box.lined_up.draw(case, rng) if self._training else self._box.lined_up.best(case)
        hu, clean = lie.volumes(dict(case.hu), dict(case.clean_hu), dict(case.reference_hu))
        masks = [case.masks[name] > 0 for name in ("liver", "lesions")]
        if self._training:
            change = self._box.augmentation.draw(rng)
            shown = self._box.phases.draw(tuple(hu), rng)
            hu = dict(change.hu({p: hu[p] for p in shown}, clean))
            masks = [change.flip(mask) for mask in masks]
        x, present = channels(hu, masks[0], masks[1], self._box.shape_zyx)
        return {
            "x": x,
            "present": present,
            "clinical": clinical_numbers(case.clinical),
            "labels": np.array(labels, np.int64),
            **{f"counts_{name}": c for name, c in zip(("first", "second", "outputs"), self._counts, strict=True)},
        }


def seen_lesions(case: PreparedCase) -> list[SeenLesion]:
    """The lesions of a case that have a voxel."""
    sizes = np.bincount(np.asarray(case.masks["lesions"]).ravel(), minlength=max(case.lesion_classes, default=0) + 1)
    return [
        SeenLesion(key, case.lesion_origins.get(number, ""), int(sizes[number]))
        for number, key in case.lesion_classes.items()
        if sizes[number]
    ]


def counts(labels: list[Labels], sizes: tuple[int, int, int]) -> tuple[npt.NDArray[np.int64], ...]:
    """For each of the three answers, examples of each class."""
    columns = np.array(labels, np.int64).reshape(-1, 3).T
    return tuple(np.bincount(c[c >= 0], minlength=n).astype(np.int64) for c, n in zip(columns, sizes, strict=True))
