"""Sharpness-aware minimisation (Foret et al. 2020): a step along the gradient of the worst place nearby."""

import torch
from torch import Tensor

from ..base.errors import ConfigError


class SharpnessAware:
    """Wraps an optimiser; between :meth:`climb` and :meth:`back` the weights are the worst ones within ``radius``.

    After a first backward pass ``climb`` moves every weight along its gradient, all together by ``radius`` (the paper's
    rho, which LIDIA does not give; 0.05 is the default of Foret et al.). After a second backward pass ``back`` restores
    the weights, and the optimiser steps along the second gradient. Nothing is kept from one step to the next, so a
    checkpoint needs the optimiser's state alone.

    Raises:
        ConfigError: for a radius that is not above zero.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, *, radius: float) -> None:
        if radius <= 0:
            raise ConfigError(f"The radius of sharpness-aware minimisation must be above zero, got {radius}.")
        self._optimizer = optimizer
        self._radius = radius
        self._before: list[tuple[Tensor, Tensor]] = []

    @torch.no_grad()
    def climb(self) -> float:
        """To the worst place nearby; returns the norm of the gradient. Where that is zero or not finite, stay."""
        assert not self._before, "climbed twice without going back"
        moved = [p for group in self._optimizer.param_groups for p in group["params"] if p.grad is not None]
        if not moved:
            return 0.0
        gradients = [p.grad for p in moved if p.grad is not None]
        norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(g) for g in gradients]))
        self._before = [(p, p.detach().clone()) for p in moved]
        if bool(torch.isfinite(norm)) and float(norm) > 0:
            for weight, gradient in zip(moved, gradients, strict=True):
                weight.add_(gradient, alpha=self._radius / float(norm))
        return float(norm)

    @torch.no_grad()
    def back(self) -> None:
        """Exactly to where the climb began; the copies are put back, so nothing is lost in rounding."""
        for weight, value in self._before:
            weight.copy_(value)
        self._before = []
