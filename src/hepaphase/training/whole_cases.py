"""Whole prepared crops with the lesions that are in them, phases chosen at random."""

import numpy as np

from ..diagnosis.diagnose import median_hu, widened
from .cohort import Cohort
from .data import Sample
from .patches import CLASS_INDEX, MAX_LESIONS, HasPatches, as_arrays


class WholeCases:
    """Examples for the namer: every case that has a lesion."""

    def __init__(self, cohort: Cohort, config: HasPatches, *, training: bool) -> None:
        self._cohort = cohort
        self._config = config.patch
        self._training = training
        self._numbers = [n for n in range(len(cohort)) if cohort.load(n).lesion_classes] or list(range(len(cohort)))

    def __len__(self) -> int:
        return len(self._numbers)

    def sample(self, index: int, rng: np.random.Generator) -> Sample:
        """One case.

        Fields: ``hu`` (4, z, y, x) float32, zero where absent; ``present`` (4,) bool; ``labels`` (z, y, x) int64, 1 ...
        K; ``classes`` (MAX_LESIONS,) int64, -1 beyond K; ``liver`` as the network reads it and ``inside``, the liver as
        it is, (z, y, x) bool; ``liver_hu`` (4,) float32.
        """
        case = self._cohort.load(self._numbers[index])
        lined_up = self._config.lined_up
        lie = lined_up.draw(case, rng) if self._training else lined_up.best(case)
        hu, _ = lie.volumes(dict(case.hu), dict(case.clean_hu), dict(case.reference_hu))
        shown = self._config.phases.draw(tuple(hu), rng) if self._training else tuple(hu)
        inside = case.masks["liver"] > 0
        levels = {phase: median_hu(hu[phase], inside) for phase in shown}
        labels = np.zeros(inside.shape, np.int64)
        classes = np.full(MAX_LESIONS, -1, np.int64)
        for count, (lesion_id, key) in enumerate(list(case.lesion_classes.items())[:MAX_LESIONS]):
            labels[case.masks["lesions"] == lesion_id] = count + 1
            classes[count] = CLASS_INDEX[key]
        return {
            **as_arrays({phase: hu[phase] for phase in shown}, levels, inside.shape),
            "labels": labels,
            "classes": classes,
            "liver": widened(inside),
            "inside": inside,
        }
