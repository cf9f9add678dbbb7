"""Which found lesion is which true one."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

SMALLEST_MM3 = 113.0
"""A sphere of 3 mm radius; smaller lesions are ignored both ways (PLAN; product definition)."""
SMALLEST_DICE = 0.2
"""Overlap at which a found lesion counts as the true one (PLAN)."""

Labels = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class LesionMatch:
    """Lesions of one case after matching."""

    pairs: tuple[tuple[int, int], ...]
    """(found id, true id), one to one."""
    num_true: int
    """True lesions of 113 mm^3 or more."""
    num_found: int
    """Found lesions of 113 mm^3 or more, without those that lie on an ignored true lesion."""
    true_ids: tuple[int, ...] = ()
    """Those that ``num_true`` counts."""
    found_ids: tuple[int, ...] = ()
    """Those that ``num_found`` counts."""

    def num_named_right(self, found_class: Mapping[int, str], true_class: Mapping[int, str]) -> int:
        """Matched lesions whose found class is the true one."""
        return sum(found_class[f] == true_class[t] for f, t in self.pairs)


def match_lesions(found: Labels, true: Labels, *, voxel_mm3: float) -> LesionMatch:
    """Match lesions one to one so that the summed Dice of pairs of 0.2 or more is greatest.

    Lesions smaller than 113 mm^3 are ignored both ways: a small true lesion need not be found, and a found lesion that
    matches nothing else but overlaps a small true one with Dice 0.2 is not false.

    Args:
        found: (z, y, x) ids, zero outside.
        true: the same for the truth.
        voxel_mm3: volume of a voxel.
    """
    found_ids, true_ids, overlap, size_f, size_t = _overlaps(found, true)
    score = 2 * overlap / np.maximum(size_f[:, None] + size_t[None, :], 1)
    large_f, large_t = size_f * voxel_mm3 >= SMALLEST_MM3, size_t * voxel_mm3 >= SMALLEST_MM3
    valid = np.where((score >= SMALLEST_DICE) & large_f[:, None] & large_t[None, :], score, 0.0)
    pairs = [(i, j) for i, j in zip(*linear_sum_assignment(-valid), strict=True) if valid[i, j] > 0]
    matched = {i for i, _ in pairs}
    excused = {i for i in range(len(found_ids)) if i not in matched and (score[i, ~large_t] >= SMALLEST_DICE).any()}
    counted = [i for i in range(len(found_ids)) if large_f[i] and i not in excused]
    return LesionMatch(
        pairs=tuple((int(found_ids[i]), int(true_ids[j])) for i, j in pairs),
        num_true=int(large_t.sum()),
        num_found=len(counted),
        true_ids=tuple(int(i) for i in true_ids[large_t]),
        found_ids=tuple(int(found_ids[i]) for i in counted),
    )


def _overlaps(found: Labels, true: Labels) -> tuple[Labels, Labels, Labels, Labels, Labels]:
    found_ids, size_f = _sizes(found)
    true_ids, size_t = _sizes(true)
    overlap = np.zeros((len(found_ids), len(true_ids)), np.int64)
    both = (found > 0) & (true > 0)
    pairs, counts = np.unique(np.stack([found[both], true[both]], axis=1), axis=0, return_counts=True)
    if len(pairs):
        overlap[np.searchsorted(found_ids, pairs[:, 0]), np.searchsorted(true_ids, pairs[:, 1])] = counts
    return found_ids, true_ids, overlap, size_f, size_t


def _sizes(labels: Labels) -> tuple[Labels, Labels]:
    ids, counts = np.unique(labels[labels > 0], return_counts=True)
    return ids, counts
