"""What a trained reader is shown of a test patient: measured, generated, shuffled, or without its lesions."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ...base.seeds import stream
from ...study.phase import Phase
from ...study.study import AlignedStudy
from ...synthesis.protocol import Generator
from ..cases import BenchmarkCase
from ..inputs import Inputs, apply_inputs, only
from .settings import GIVEN

Hu = dict[Phase, npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Shower:
    """Makes the study that a reading looks at."""

    generator: Generator
    told: bool = True
    """Whether it learns what is known of patient, injection and tube."""

    def show(self, case: BenchmarkCase, reading: str) -> AlignedStudy:
        """The study of ``case`` for ``reading``, one of ``settings.READINGS``."""
        study = case.study
        if reading.endswith("deleted"):
            study = without_lesions(study, case.truth.lesions)
        if reading.startswith("nc"):
            return only(study, GIVEN)
        if reading.startswith("generated"):
            missing = tuple(p for p in Phase if p in study.hu and p not in GIVEN)
            facts = case.facts if self.told else None
            return apply_inputs(study, Inputs("generated", GIVEN, missing), self.generator, facts=facts)
        return shuffled(study) if reading == "shuffled" else study


def shuffled(study: AlignedStudy) -> AlignedStudy:
    """Every phase under the name of another; which, is drawn by the name of the case."""
    phases = tuple(study.hu)
    rng = stream(0, "shuffled", study.case)
    order = rng.permutation(len(phases))
    while len(phases) > 1 and (order == np.arange(len(phases))).any():
        order = rng.permutation(len(phases))
    return replace(study, hu={p: study.hu[phases[k]] for p, k in zip(phases, order, strict=True)})


def without_lesions(study: AlignedStudy, lesions: npt.NDArray[np.integer]) -> AlignedStudy:
    """Lesions and a voxel around them replaced by liver taken from elsewhere in the same phase, noise and all.

    The same liver voxels are taken in all phases, so that what belongs together stays together.
    """
    grown = ndimage.binary_dilation(lesions > 0)
    source = np.flatnonzero((study.masks["liver"] > 0) & ~grown)
    gone = np.flatnonzero(grown & (study.masks["liver"] > 0))
    if not source.size or not gone.size:
        return study
    picked = stream(0, "without lesions", study.case).choice(source, gone.size)
    hu: Hu = {}
    for phase, volume in study.hu.items():
        flat = volume.copy().reshape(-1)
        flat[gone] = flat[picked]
        hu[phase] = flat.reshape(volume.shape)
    return replace(study, hu=hu)
