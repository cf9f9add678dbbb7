"""HU to network input: several windows side by side, and contrast against the liver. B batch, P phases, W windows."""

from dataclasses import dataclass

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


RELATIVE_HU = 12.0
"""HU per unit of contrast against the liver: less than what separates most lesions from it."""

MOST_RELATIVE = 6.0
"""Contrast is clipped to this many units either way."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What the network reads of a batch."""

    hu: Tensor
    """(B, P, z, y, x); what it holds for phases that are not there is never read."""
    present: Tensor
    """(B, P), true for phases that are there, at least one per study."""
    liver: Tensor
    """(B, z, y, x) boolean, with a margin."""
    liver_hu: Tensor
    """(B, P), median HU of the whole liver, lesions included; anything for phases that are not there."""
    clinical: Tensor | None = None
    """(B, F) as ``known_facts.clinical_numbers``; None where nothing is known."""


def apply_contrast(scan: Scan) -> Tensor:
    """HU above the liver's median, in units of ``RELATIVE_HU``, zero outside the liver: (B, P, 1, z, y, x).

    Dose, timing and body size move liver and lesion alike; what is left is what a reader looks at. The paper reads
    plain HU; this channel is our choice, since it saves most of the training.
    """
    units = (scan.hu - scan.liver_hu[:, :, None, None, None]) / RELATIVE_HU
    return (units.clamp(-MOST_RELATIVE, MOST_RELATIVE) * scan.liver[:, None])[:, :, None]


def network_channels(scan: Scan, windows_hu: WindowsHu, *, contrast: bool) -> Tensor:
    """All input channels, (B, P, W, z, y, x) with one more than there are windows where ``contrast`` is wanted."""
    windows = apply_windows(scan.hu, windows_hu)
    return torch.cat([windows, apply_contrast(scan)], dim=2) if contrast else windows
