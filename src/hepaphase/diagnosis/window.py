"""HU to network input: several windows side by side. B batch, P phases, W windows."""

import torch
from torch import Tensor

from ..base.errors import ConfigError

WindowsHu = tuple[tuple[float, float], ...]


def check_windows(windows_hu: WindowsHu) -> None:
    """Refuse windows that are empty or upside down.

    Raises:
        ConfigError: naming the window.
    """
    if not windows_hu:
        raise ConfigError("windows_hu needs at least one (low, high) pair.")
    for low, high in windows_hu:
        if not low < high:
            raise ConfigError(f"A window needs low < high, got ({low}, {high}) HU.")


def apply_windows(hu: Tensor, windows_hu: WindowsHu) -> Tensor:
    """Clip ``hu`` (B, P, z, y, x) to each window and scale it to [-1, 1]: (B, P, W, z, y, x)."""
    channels = [(hu.clamp(low, high) - low) * (2.0 / (high - low)) - 1.0 for low, high in windows_hu]
    return torch.stack(channels, dim=2)
