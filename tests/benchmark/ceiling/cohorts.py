"""Cohorts in numbers whose truth the tests know: each class has its own HU in each phase."""

import numpy as np

from hepaphase.benchmark.ceiling.candidates import QUANTILES
from hepaphase.benchmark.ceiling.describe import NUM_PHASES, SHAPE, VALUES
from hepaphase.benchmark.ceiling.draws import Draws
from hepaphase.benchmark.ceiling.measure import CLASSES, CLINICAL, NOTHING, PROTOCOL, Measured

CLASS_HU = 12.0 * np.arange(len(CLASSES))[:, None] + 30.0 * np.arange(NUM_PHASES)[None]
"""(classes, phases)."""
SPREAD = VALUES.index("sd")


def values(classes: np.ndarray, noise_hu: float, rng: np.random.Generator) -> np.ndarray:
    hu = np.repeat(CLASS_HU[classes][:, :, None], len(VALUES), axis=2)
    hu = hu + noise_hu * rng.standard_normal(hu.shape)
    hu[:, :, SPREAD] = noise_hu
    return hu


def make_measured(num: int, *, noise_hu: float = 100.0, seed: int = 0) -> Measured:
    """Every third patient is free of lesions, the others have one each."""
    rng = np.random.default_rng(seed)
    owner = np.flatnonzero(np.arange(num) % 3)
    classes = np.arange(len(owner)) % len(CLASSES)
    truth = np.zeros((num, len(CLASSES)), bool)
    truth[owner, classes] = True
    context = np.full((num, NUM_PHASES, 2), 60.0)
    nothing = np.full(num, NOTHING)
    return Measured(
        case=np.array([f"p{i}" for i in range(num)]),
        truth=truth,
        clinical=np.zeros((num, len(CLINICAL))),
        protocol=np.zeros((num, len(PROTOCOL))),
        times_s=np.tile([0.0, 35.0, 70.0, 180.0], (num, 1)),
        clean_context=context,
        noisy_context=context + rng.standard_normal(context.shape),
        histogram=rng.standard_normal((num, NUM_PHASES, len(QUANTILES))),
        lesion_owner=owner,
        lesion_class=classes,
        lesion_clean=values(classes, 1.0, rng),
        lesion_noisy=values(classes, noise_hu, rng),
        lesion_shape=np.ones((len(owner), len(SHAPE))),
        candidate_owner=np.concatenate([owner, np.arange(num)]),
        candidate_class=np.concatenate([classes, nothing]),
        candidate_phase=np.zeros(len(owner) + num, np.int64),
        candidate_noisy=np.concatenate([values(classes, noise_hu, rng), 500 + values(nothing * 0, 1.0, rng)]),
        candidate_shape=np.ones((len(owner) + num, len(SHAPE))),
    )


def make_draws(num: int, *, seed: int = 1) -> Draws:
    """One lesion per patient, classes in turn; lesion, liver and vessels without noise."""
    rng = np.random.default_rng(seed)
    classes = np.arange(num) % len(CLASSES)
    return Draws(
        owner=np.arange(num),
        lesion_class=classes,
        pure=values(classes, 1.0, rng),
        mixed=values(classes, 1.0, rng),
        shape=np.ones((num, len(SHAPE))),
        main_class=classes,
        context=np.full((num, NUM_PHASES, 3), 60.0),
        clinical=np.zeros((num, len(CLINICAL))),
        protocol=np.zeros((num, len(PROTOCOL))),
        times_s=np.tile([0.0, 35.0, 70.0, 180.0], (num, 1)),
    )
