import numpy as np

from hepaphase.diagnosis.liver_max import liver_max, patient_scores
from hepaphase.study.lesions import LESION_CLASSES, MALIGNANT

CLASSES = tuple(LESION_CLASSES)


def test_the_largest_voxel_inside_the_liver_counts_and_nothing_outside() -> None:
    semantic = np.zeros((2, 2, 3, 4), dtype=np.float32)
    liver = np.zeros((2, 3, 4), dtype=bool)
    liver[0] = True
    semantic[0, 1, 1, 1] = 0.9  # outside
    semantic[0, 0, 2, 3] = 0.4
    semantic[1, 0, 0, 0] = 0.1
    assert liver_max(semantic, liver).tolist() == [np.float32(0.4), np.float32(0.1)]


def test_no_liver_no_score() -> None:
    assert liver_max(np.ones((3, 2, 2, 2), dtype=np.float32), np.zeros((2, 2, 2), dtype=bool)).tolist() == [0, 0, 0]


def test_malignant_is_the_largest_sum_in_one_voxel_not_a_sum_of_maxima() -> None:
    semantic = np.zeros((len(CLASSES) + 1, 1, 1, 3), dtype=np.float32)
    one, two, three = (CLASSES.index(key) for key in MALIGNANT)
    semantic[one, 0, 0] = [0.5, 0.0, 0.0]
    semantic[two, 0, 0] = [0.0, 0.4, 0.0]
    semantic[three, 0, 0] = [0.0, 0.3, 0.1]
    scores = patient_scores(semantic, np.ones((1, 1, 3), dtype=bool), CLASSES)
    assert abs(scores.malignant - 0.7) < 1e-6
    assert abs(scores.probabilities[MALIGNANT[0]] - 0.5) < 1e-6 and scores.probabilities["cyst"] == 0
    assert tuple(scores.probabilities) == CLASSES
