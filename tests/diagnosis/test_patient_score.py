import numpy as np
import pytest

from hepaphase.diagnosis.patient_score import score_by_branch, score_by_size
from hepaphase.study.lesions import LESION_CLASSES, MALIGNANT

CLASSES = tuple(LESION_CLASSES)


def test_size_ranks_by_voxels_won_and_zero_means_none() -> None:
    semantic = np.zeros((len(CLASSES) + 1, 2, 3, 4), np.float32)
    semantic[-1] = 0.5
    one, two, three = (CLASSES.index(key) for key in MALIGNANT)
    semantic[one, 0, 0, :2] = 0.6
    semantic[two, 1] = 0.6  # 12 voxels
    semantic[three] = 0.45  # everywhere and never the likeliest
    scores = score_by_size(semantic, CLASSES, voxel_mm3=64.0)
    p = scores.probabilities
    assert 0 < p[MALIGNANT[0]] < p[MALIGNANT[1]] < scores.malignant < 1
    assert all(p[key] == 0 for key in CLASSES if key not in MALIGNANT[:2])
    assert p[MALIGNANT[1]] == pytest.approx(np.log1p(12 * 64) / np.log1p(1e7))


def test_the_branch_is_taken_at_its_word() -> None:
    said = np.linspace(0.1, 0.8, len(CLASSES))
    scores = score_by_branch(said, CLASSES)
    assert scores.probabilities == dict(zip(CLASSES, said.tolist(), strict=True))
    assert scores.malignant == max(said[CLASSES.index(key)] for key in MALIGNANT)
