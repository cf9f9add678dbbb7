import numpy as np

from hepaphase.diagnosis.beside import not_beside, only


def test_what_lies_at_fat_is_left_out_of_finds_and_score() -> None:
    labels = np.zeros((3, 6, 8), np.uint16)
    labels[1, 1, 1:5], labels[1, 3, 1:6], labels[1, 5, 0:2] = 1, 2, 3
    liver = np.ones(labels.shape, bool)
    beside = np.zeros(labels.shape, np.uint8)
    beside[1, 1, 4:], beside[1, 3, 5:] = 1, 1  # a quarter of the first, a fifth of the second
    kept, scored = not_beside(labels, liver, beside)
    assert kept == [2, 3]
    assert (scored == (labels != 1)).all()
    assert only(labels, kept).max() == 2
    assert ((only(labels, kept) == 1) == (labels == 2)).all()


def test_a_wide_outline_does_not_hide_what_a_find_lies_at() -> None:
    labels = np.zeros((3, 6, 8), np.uint16)
    labels[1, 1, :], labels[1, 4, 1:6] = 1, 2
    core = np.zeros(labels.shape, bool)
    core[1, 1, 6:] = True
    beside = np.zeros(labels.shape, np.uint8)
    beside[1, 1, 7], beside[1, 4, 5] = 1, 1  # an eighth of the first, half of its core; the second has no core
    liver = np.ones(labels.shape, bool)
    assert not_beside(labels, liver, beside)[0] == [1, 2]
    kept, scored = not_beside(labels, liver, beside, core=core)
    assert kept == [2]
    assert (scored == (labels != 1)).all()


def test_without_a_mask_or_finds_all_stay() -> None:
    labels = np.zeros((2, 3, 4), np.uint16)
    liver = np.ones(labels.shape, bool)
    assert not_beside(labels, liver, np.ones_like(labels))[0] == []
    labels[0, 0, 0] = 1
    kept, scored = not_beside(labels, liver, None)
    assert kept == [1]
    assert scored.all()
