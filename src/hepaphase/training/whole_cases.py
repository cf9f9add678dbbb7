"""Whole prepared crops with the lesions that are in them, phases chosen at random."""

from collections.abc import Callable
from functools import partial

import numpy as np

from ..diagnosis.diagnose import median_hu, widened
from ..diagnosis.origins import ORIGIN_INDEX, UNKNOWN
from .cohort import Cohort, PreparedCase
from .data import Sample
from .neighbors import blood_levels
from .patches import CLASS_INDEX, MAX_LESIONS, HasPatches, as_arrays


def has_origin(case: PreparedCase) -> bool:
    """Whether the origin of a metastasis is known."""
    return any(case.lesion_origins.values())


class WholeCases:
    """Examples for what reads whole cases: every case, or those ``wanted``, all of them where none is.

    In training, phases are chosen, and the mask and what lies beside the liver are changed, as ``PatchConfig`` says.
    """

    def __init__(
        self,
        cohort: Cohort,
        config: HasPatches,
        *,
        training: bool,
        wanted: Callable[[PreparedCase], bool] | None = None,
    ) -> None:
        self._cohort = cohort
        self._config = config.patch
        self._training = training
        every = list(range(len(cohort)))
        self._numbers = every if wanted is None else [n for n in every if wanted(cohort.load(n))] or every

    def __len__(self) -> int:
        return len(self._numbers)

    def sample(self, index: int, rng: np.random.Generator) -> Sample:
        """One case.

        Fields: ``hu`` (4, z, y, x) float32, zero where absent; ``present`` (4,) bool; ``labels`` (z, y, x) int64, 1 ...
        K; ``classes`` and ``origins`` (MAX_LESIONS,) int64, -1 beyond K and where unknown; ``liver`` as the network
        reads it and ``inside``, the liver as it is, (z, y, x) bool; ``liver_hu`` (4,) float32.
        """
        case = self._cohort.load(self._numbers[index])
        lined_up = self._config.lined_up
        lie = lined_up.draw(case, rng) if self._training else lined_up.best(case)
        hu, clean = lie.volumes(dict(case.hu), dict(case.clean_hu), dict(case.reference_hu))
        shown = self._config.phases.draw(tuple(hu), rng) if self._training else tuple(hu)
        inside = case.masks["liver"] > 0
        if self._training:
            lesions = case.masks["lesions"]
            blood = blood_levels(case) if self._config.neighbors.share else {}
            painted = self._config.neighbors.paint(clean, inside, lesions, blood, rng)
            hu = {phase: volume + painted[phase] if phase in painted else volume for phase, volume in hu.items()}
            inside = self._config.mask_errors.apply(inside, lesions, rng)
        levels = {phase: median_hu(hu[phase], inside) for phase in shown}
        labels = np.zeros(inside.shape, np.int64)
        classes, origins = (np.full(MAX_LESIONS, UNKNOWN, np.int64) for _ in range(2))
        for count, (lesion_id, key) in enumerate(list(case.lesion_classes.items())[:MAX_LESIONS]):
            labels[case.masks["lesions"] == lesion_id] = count + 1
            classes[count] = CLASS_INDEX[key]
            origins[count] = ORIGIN_INDEX.get(case.lesion_origins.get(lesion_id, ""), UNKNOWN)
        return {
            **as_arrays({phase: hu[phase] for phase in shown}, levels, inside.shape),
            "labels": labels,
            "classes": classes,
            "origins": origins,
            "liver": widened(inside),
            "inside": inside,
        }


CasesOfKnownOrigin = partial(WholeCases, wanted=has_origin)
"""Examples for the head of origins."""
