"""What a predicted curve costs. B batch, N voxels, T times."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .network import Predicted

_LARGEST_ERROR_HU = 100.0
"""Errors above this (a rib that moved) teach the standard deviation no more."""
_STANDS_OUT_HU = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LossWeights:
    """Shares of the terms (our choice)."""

    error: float = 0.1
    """Per HU of absolute error: the median is what is learned."""
    likelihood: float = 0.1
    """Of the Gaussian negative log-likelihood, which fits the standard deviation to the error as it is."""
    pattern: float = 0.08
    """Per HU by which a voxel of plain liver differs from its liver's mean otherwise than in the truth; what goes
    beyond ``_STANDS_OUT_HU`` counts twice, for there a lesion is made up."""
    residual: float = 0.005
    """Per HU of residual, so that the tissue model says what it can."""


def curve_loss(
    predicted: Predicted, truth_hu: Tensor, weight: Tensor, shares: LossWeights, plain: Tensor | None = None
) -> dict[str, Tensor]:
    """Terms and their sum, ``loss``.

    The likelihood sees the error as a constant: it moves the standard deviation and never trades accuracy for it.

    Args:
        predicted: at the times of the truth, (B, N, T).
        truth_hu: (B, N, T); anything where the weight is zero.
        weight: of each time of each exam, (B, T).
        shares: of the terms.
        plain: voxels of the liver that are no lesion and no vessel, bool (B, N); None for none.
    """
    counted = (weight / weight.sum().clamp(min=1e-6))[:, None, :] / truth_hu.shape[1]
    error = (predicted.hu - truth_hu).abs()
    seen = error.detach().clamp(max=_LARGEST_ERROR_HU)
    likelihood = 0.5 * (seen / predicted.sd_hu) ** 2 + predicted.sd_hu.log()
    terms = {
        "error": (error * counted).sum(),
        "likelihood": (likelihood * counted).sum(),
        "residual": (predicted.residual_hu.abs() * counted).sum(),
    }
    if plain is not None:
        terms["pattern"] = _pattern(predicted.hu - truth_hu, weight, plain.to(truth_hu.dtype))
    return {
        "loss": sum((getattr(shares, name) * term for name, term in terms.items()), truth_hu.new_zeros(())),
        **terms,
    }


def _pattern(error: Tensor, weight: Tensor, plain: Tensor) -> Tensor:
    """Mean over exams and times of how far errors (B, N, T) in the plain liver (B, N) scatter around their mean."""
    number = plain.sum(dim=1).clamp(min=1)[:, None]
    mean = torch.einsum("bnt,bn->bt", error, plain) / number
    off = (error - mean[:, None, :]).abs().clamp(max=_LARGEST_ERROR_HU)
    off = off + (off - _STANDS_OUT_HU).clamp(min=0)
    each = torch.einsum("bnt,bn->bt", off, plain) / number
    return (each * weight).sum() / weight.sum().clamp(min=1e-6)


def all_finite(module: torch.nn.Module) -> bool:
    """Whether every gradient of ``module`` is finite."""
    return all(bool(p.grad.isfinite().all()) for p in module.parameters() if p.grad is not None)
