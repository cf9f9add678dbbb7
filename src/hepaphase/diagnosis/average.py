"""Several looks at one study, averaged: mirrored (eight times the cost), and by several networks (as many times)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations

import torch
from torch import Tensor

from .window import Scan

Read = Callable[[Scan], Tensor]

AXES = (-3, -2, -1)
FLIPS = tuple(axes for count in range(len(AXES) + 1) for axes in combinations(AXES, count))
"""Axes reversed in each of the eight looks; the first is the study as it is."""


def flipped_mean(read: Read) -> Read:
    """``read`` averaged over all mirrorings of a scan, each answer mirrored back."""

    def averaged(scan: Scan) -> Tensor:
        return torch.stack([read(mirrored(scan, axes)).flip(axes) for axes in FLIPS]).mean(0)

    return averaged


def mean_of(reads: Sequence[Read]) -> Read:
    """Several readings averaged."""

    def averaged(scan: Scan) -> Tensor:
        return torch.stack([read(scan) for read in reads]).mean(0)

    return averaged


def mirrored(scan: Scan, axes: tuple[int, ...]) -> Scan:
    """The scan with ``axes`` of its volumes reversed."""
    return replace(scan, hu=scan.hu.flip(axes), liver=scan.liver.flip(axes))
