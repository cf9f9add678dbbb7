"""Whether a division of the liver into segments can be believed: volumes and pieces against what livers allow."""

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from .couinaud import Division

RANGES = {
    "right liver (5 to 8)": ((5, 6, 7, 8), 0.49, 0.82),
    "left liver (2 to 4)": ((2, 3, 4), 0.17, 0.49),
    "left lateral sector (2 and 3)": ((2, 3), 0.05, 0.27),
    "segment 8": ((8,), 0.111, 0.380),
}
"""Part to segments and the range of its share of the volume in adults without liver disease.

Segment 8: 107 livers, Mise et al., HPB 2014;16:487. The others: 102 patients, Abdalla et al., Surgery 2004;135:404, as
recalled, not read again.
"""
_LEAST_PIECE = 0.8
"""Share of a segment that must be of one piece (our choice)."""


def implausible(division: "Division") -> list[str]:
    """Why a division is not to be believed, one sentence each; none when nothing is odd."""
    shares, found = division.shares, []
    for part, (numbers, low, high) in RANGES.items():
        share = sum(shares[n] for n in numbers)
        if not low <= share <= high:
            found.append(f"The {part} would hold {share:.0%} of the liver; known are {low:.0%} to {high:.0%}.")
    for number in range(2, 9):
        inside = division.labels == number
        pieces, num = ndimage.label(inside, structure=np.ones((3, 3, 3)))
        if not num:
            found.append(f"Segment {number} would be missing.")
        elif (largest := np.bincount(pieces[inside]).max() / inside.sum()) < _LEAST_PIECE:
            found.append(f"Segment {number} would fall into {num} pieces, the largest {largest:.0%} of it.")
    return found
