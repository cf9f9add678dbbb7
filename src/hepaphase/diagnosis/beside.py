"""What stage II finds in fissures, or where heart and liver meet, is no lesion."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

BESIDE = "beside"
"""Name of the mask of what lies at fat from outside or at the heart (``organs.beside``); a study may have it."""
_SHARE = 0.25
"""A find is left out when this much of it lies there (our choice)."""

Bools = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.uint16]


def not_beside(
    labels: Labels, liver: Bools, beside: npt.NDArray[Any] | None, *, core: Bools | None = None
) -> tuple[list[int], Bools]:
    """Which of the lesions in ``labels`` (z, y, x) stay, and ``liver`` without those that do not.

    The network marks the fat of a fissure as it marks any small dark spot. Where a quarter of a find lies at
    fat that is of one piece with the fat around the liver, or at the heart (``beside``, on the grid of ``labels``), the
    find is that; it does not count for the patient's score either. Without the mask all stay. Of a find that has voxels
    in ``core`` (z, y, x) only those are judged: a wide outline takes in liver, and the share falls.
    """
    num = int(labels.max())
    if beside is None or not num:
        return list(range(1, num + 1)), liver
    judged = labels
    if core is not None:
        inner = np.bincount(labels[core], minlength=num + 1) > 0
        judged = np.where(core | ~inner[labels], labels, 0)
    sizes = np.bincount(judged.ravel(), minlength=num + 1)
    there = np.bincount(judged[beside > 0], minlength=num + 1)
    dropped = there >= _SHARE * sizes
    dropped[0] = False
    kept = [k for k in range(1, num + 1) if not dropped[k]]
    return kept, np.asarray(liver & ~dropped[labels])


def only(labels: Labels, kept: Sequence[int]) -> Labels:
    """``labels`` with the lesions ``kept``, numbered anew in their order."""
    table = np.zeros(int(labels.max()) + 1, np.uint16)
    table[list(kept)] = np.arange(1, len(kept) + 1)
    return table[labels]
