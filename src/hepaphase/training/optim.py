"""Learning rates as functions of progress, one optimiser step, averaged weights, mixed precision."""

import math
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from .task import Progress


def poly_lr(lr: float, progress: Progress, *, power: float = 0.9, warmup: int = 0) -> float:
    """``lr`` times (1 - fraction)^power (nnU-Net's schedule), after a linear warm-up of ``warmup`` steps."""
    return lr * _warm(progress, warmup) * math.pow(1 - progress.fraction, power)


def cosine_lr(lr: float, progress: Progress, *, final: float = 0.0, warmup: int = 0) -> float:
    """From ``lr`` to ``final`` along half a cosine, after a linear warm-up of ``warmup`` steps."""
    middle = 0.5 * (1 + math.cos(math.pi * progress.fraction))
    return _warm(progress, warmup) * (final + (lr - final) * middle)


def _warm(progress: Progress, warmup: int) -> float:
    return min(1.0, (progress.step + 1) / warmup) if warmup else 1.0


def set_lr(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Set the rate of every group; a group's ``scale`` entry, where it has one, multiplies it."""
    for group in optimizer.param_groups:
        group["lr"] = lr * group.get("scale", 1.0)


def half_where_fast(device: torch.device, *, amp: bool, cpu: bool) -> AbstractContextManager[Any]:
    """Around a forward pass whose losses are taken in single precision: bfloat16 where that was asked.

    On the CPU it doubles the speed of 3-D convolutions; their gradients are not the same twice where a volume is only
    two voxels deep (see docs/concepts/training.md).
    """
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=cpu if device.type == "cpu" else amp)


class Precision:
    """Single precision, or mixed on CUDA: bfloat16 where the device has it, else float16 with a scaled loss."""

    def __init__(self, device: torch.device, *, amp: bool) -> None:
        self._device = device
        self._amp = amp
        self._dtype = torch.bfloat16 if amp and torch.cuda.is_bf16_supported() else torch.float16
        self._scaler = torch.amp.GradScaler(device.type, enabled=amp and self._dtype == torch.float16)

    def autocast(self) -> AbstractContextManager[Any]:
        """Around the forward pass and the loss."""
        return torch.autocast(self._device.type, dtype=self._dtype, enabled=self._amp)

    def step(self, loss: Tensor, optimizer: torch.optim.Optimizer, *, max_norm: float = math.inf) -> float:
        """Backward and one step of ``optimizer``, its gradients clipped to ``max_norm`` together.

        Returns:
            The norm of the gradients before clipping.
        """
        self.backward(loss, optimizer)
        return self.apply(optimizer, max_norm=max_norm)

    def backward(self, loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
        """Fresh gradients of ``loss``, still scaled where losses are."""
        optimizer.zero_grad(set_to_none=True)
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]

    def apply(self, optimizer: torch.optim.Optimizer, *, max_norm: float = math.inf) -> float:
        """One step of ``optimizer`` along the gradients there are; returns their norm before clipping."""
        self._scaler.unscale_(optimizer)
        norm = nn.utils.clip_grad_norm_((p for g in optimizer.param_groups for p in g["params"]), max_norm)
        self._scaler.step(optimizer)
        self._scaler.update()
        return float(norm)

    def state_dict(self) -> dict[str, Any]:
        """The loss scale."""
        return self._scaler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Undo of :meth:`state_dict`."""
        if state:
            self._scaler.load_state_dict(state)


class Ema:
    """An exponential moving average of a module's floating-point state, its other buffers copied.

    Early on the decay is (1 + n) / (10 + n) after n updates where that is smaller (the usual warm-up).
    """

    def __init__(self, module: nn.Module, *, decay: float = 0.999) -> None:
        self._module = module
        self._decay = decay
        self._updates = 0
        self.weights = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
        """Name to averaged tensor; the names are the module's."""

    @torch.no_grad()
    def update(self) -> None:
        """Take the module's present weights into the average."""
        self._updates += 1
        weight = 1 - min(self._decay, (1 + self._updates) / (10 + self._updates))
        for name, tensor in self._module.state_dict().items():
            mean = self.weights[name]
            if mean.is_floating_point():
                mean.lerp_(tensor, weight)
            else:
                mean.copy_(tensor)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Inside the block the module has the averaged weights."""
        own = {name: tensor.detach().clone() for name, tensor in self._module.state_dict().items()}
        self._module.load_state_dict(self.weights)
        try:
            yield
        finally:
            self._module.load_state_dict(own)

    def restart(self) -> None:
        """Forget the past; after the module was given other weights from outside."""
        self._updates = 0
        self.weights = {name: tensor.detach().clone() for name, tensor in self._module.state_dict().items()}

    def state_dict(self) -> dict[str, Any]:
        """Average and number of updates."""
        return {"updates": self._updates, "weights": self.weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Undo of :meth:`state_dict`."""
        self._updates = state["updates"]
        for name, tensor in state["weights"].items():
            self.weights[name].copy_(tensor)


def num_parameters(modules: Iterable[nn.Module]) -> int:
    """Trainable numbers in all of ``modules``."""
    return sum(p.numel() for module in modules for p in module.parameters() if p.requires_grad)
