"""The lower end per patient: spots of the noisy liver, named by boosting, added up by logistic regression."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ...base.extras import need
from ...base.seeds import stream
from ...study.lesions import MALIGNANT
from .describe import Floats
from .measure import CLASSES, NOTHING, Measured
from .observe import Posterior, largest_by_patient, region_features

_NOTHING_PER_LESION = 4
"""Spots without a lesion kept for each one with; more teach little."""
_ROUNDS = 60
_PENALTY = 0.01
"""Inverse, as scikit-learn counts it; chosen on main-validation."""


def read_candidates(train: Measured, test: Measured, phases: Sequence[int], clinical: bool) -> tuple[Floats, Floats]:
    """Class scores (patients, classes) and malignant score (patients,) of ``test``.

    Two observers name spots, each trained on one half of the patients and asked about the other, so that what is added
    up was never trained on; test patients get the mean of the two.
    """
    spots = [_spots(cohort, phases) for cohort in (train, test)]
    half = stream(0, "halves").permutation(len(train.case)) % 2
    inside = np.zeros((len(train.case), len(CLASSES)))
    outside = np.zeros((2, len(test.case), len(CLASSES)))
    for side in (0, 1):
        features, truth, owner = spots[0]
        learned = np.flatnonzero((half[owner] != side) & _some(truth))
        observer = Posterior.fit(features[learned], truth[learned], rounds=_ROUNDS)
        asked = half[owner] == side
        said = largest_by_patient(observer.of(features[asked]), owner[asked], len(train.case))
        inside[half == side] = said[half == side]
        outside[side] = largest_by_patient(observer.of(spots[1][0]), spots[1][2], len(test.case))
    ours = _patient_features(train, inside, phases, clinical)
    theirs = _patient_features(test, outside.mean(axis=0), phases, clinical)
    labels = [*train.truth.T, train.truth[:, [CLASSES.index(key) for key in MALIGNANT]].any(axis=1)]
    scores = np.stack([_logistic(ours, label, theirs) for label in labels], axis=1)
    return scores[:, :-1], scores[:, -1]


def _spots(cohort: Measured, phases: Sequence[int]) -> tuple[Floats, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Features, class and patient of the spots seen in the given phases."""
    seen = np.isin(cohort.candidate_phase, list(phases))
    owner = cohort.candidate_owner[seen]
    features = region_features(
        cohort.candidate_noisy[seen],
        cohort.candidate_shape[seen],
        cohort.noisy_context[owner][:, :, :1],
        cohort.times_s[owner],
        phases,
    )
    in_phase = cohort.candidate_phase[seen][:, None]
    return np.concatenate([features, in_phase], axis=1), cohort.candidate_class[seen], owner


def _some(truth: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """All spots on lesions and about four times as many others."""
    nothing = truth == NOTHING
    share = _NOTHING_PER_LESION * (~nothing).sum() / max(nothing.sum(), 1)
    return np.asarray(~nothing | (stream(0, "nothing").random(len(truth)) < share))


def _patient_features(cohort: Measured, spots: Floats, phases: Sequence[int], clinical: bool) -> Floats:
    """Logits of the best spot of each class, how HU are spread in the liver, and clinical data if given."""
    p = np.clip(spots, 1e-4, 1 - 1e-4)
    histogram = cohort.histogram[:, list(phases)]
    middle = histogram.shape[2] // 2
    spread = np.arcsinh((histogram - histogram[:, :, middle : middle + 1]) / 10).reshape(len(spots), -1)
    parts = [np.log(p / (1 - p)), spread, histogram[:, :, middle]]
    return np.concatenate([*parts, *([np.nan_to_num(cohort.clinical)] if clinical else [])], axis=1)


def _logistic(features: Floats, truth: npt.NDArray[np.bool_], wanted: Floats) -> Floats:
    """Log odds of ``truth`` (n,) at ``wanted``; zero everywhere when nobody or everybody has it."""
    if truth.all() or not truth.any():
        return np.zeros(len(wanted))
    linear = need("sklearn.linear_model", extra="benchmark")
    mean, sd = features.mean(axis=0), features.std(axis=0) + 1e-9
    model = linear.LogisticRegression(C=_PENALTY, max_iter=500).fit((features - mean) / sd, truth)
    return np.asarray(model.decision_function((wanted - mean) / sd), np.float64)
