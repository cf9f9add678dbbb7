"""What is known of a patient as numbers that a network reads, and as tokens that queries look at."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from .clinical import FACTS

NUM_FACTS = 3 + len(FACTS)
"""Sex (two numbers), age, and what else is known."""


def clinical_numbers(clinical: Mapping[str, Any]) -> npt.NDArray[np.float32]:
    """Sex (female, male), age in centuries, and 1, -1 or 0 for each fact that is so, is not so or is unknown: (F,).

    Whatever is unknown is zero.
    """
    sex = [float(clinical.get("sex") == s) for s in ("F", "M")]
    age = clinical.get("age")
    century = float(age) / 100 if isinstance(age, (int, float)) and not isinstance(age, bool) else 0.0
    facts = [0.0 if not isinstance(clinical.get(f), bool) else 1.0 if clinical[f] else -1.0 for f in FACTS]
    return np.array([*sex, century, *facts], np.float32)


class ClinicalTokens(nn.Module):
    """One token per fact, for queries to look at beside the voxels; B batch, F facts, D width."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.offset = nn.Embedding(NUM_FACTS, width)
        self.slope = nn.Embedding(NUM_FACTS, width)

    def forward(self, clinical: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens (B, F, D) of ``clinical`` (B, F), and which are known (B, F): the others must not be looked at."""
        return self.offset.weight + clinical[..., None] * self.slope.weight, clinical != 0


def beside(
    tokens: Tensor, places: Tensor, allowed: Tensor, facts: tuple[Tensor, Tensor] | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Tokens (B, N, D), their places and where queries may look (B, Q, N), with the facts behind the voxels."""
    if facts is None:
        return tokens, places, allowed
    values, known = facts
    may = known[:, None].expand(-1, allowed.shape[1], -1)
    nowhere = torch.zeros_like(values, dtype=places.dtype)
    together = torch.cat([tokens, values.to(tokens.dtype)], dim=1)
    return together, torch.cat([places, nowhere], dim=1), torch.cat([allowed, may], dim=2)
