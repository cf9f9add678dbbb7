"""The level of the liver in time, expected of what the phases measure, and the circulation that agrees with it.

B batch, K told numbers, S voxels of the liver, N knots, L library of circulations.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..nn.unet import SLOPE
from .circulations import Mixture

KNOTS_S = (0.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 85.0, 105.0, 130.0, 165.0, 210.0, 260.0, 330.0)
"""Where the level is given; between them it runs straight."""
LEVEL_SCALE_HU = 50.0
_FITTED = (0, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12)
"""Knots at which the circulation is asked to agree: after 20 s nothing has arrived yet, 330 s was hardly trained."""
_RANKED = 4
"""Of those, the knot at 70 s, by which the middle half of the liver's voxels is chosen."""
_SCALE_SPREAD, _SHARE_SPREAD = 0.3, 0.3
"""How far, relatively, the whole circulation and each member of the library may be from what was read of the scan."""
_LEVEL_SPREAD_HU = 1.5
_EARLY, _USUAL_EARLY_HU = KNOTS_S.index(20.0), 7.0
"""Nothing has arrived in the liver at 20 s. What is expected then beyond the level without contrast agent is an error
of the expectation; beyond that of nine simulated exams of ten the exam is unlike those it was fitted on, and the excess
counts as spread at every knot."""
_LARGEST_GAP_HU = 40.0
BLOOD_HU, BLOOD_SD_HU = 40.0, 6.0
"""Blood without contrast agent (physics notes, B: 0.7 HU per percent of hematocrit, and 10), and how far a patient's
may be from it, scanner and mask included."""
SEEN_BLOOD_SD_HU = 3.0
"""The same where a non-contrast scan shows it (our choice)."""


class SeenBlood(NamedTuple):
    """Enhancement of V vessels in scanned phases, beside what each member of the library says."""

    rise_hu: Tensor
    """(B, V)."""
    gain_hu: Tensor
    """Of a unit of each member, (B, V, L)."""
    known: Tensor
    """Bool (B, V)."""
    sd_hu: Tensor
    """(B, V)."""


class LiverLevel(nn.Module):
    """From what is told of an exam to the middle of the liver, in HU, at any time; fitted apart from the network.

    The level is that of the scanned phases' livers, averaged, plus what is learned of the difference.
    """

    ready: Tensor

    def __init__(self, num_told: int, *, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(num_told, width),
            nn.LeakyReLU(SLOPE),
            nn.Linear(width, width),
            nn.LeakyReLU(SLOPE),
            nn.Linear(width, len(KNOTS_S)),
        )
        self.register_buffer("ready", torch.zeros(1, dtype=torch.int32))

    def forward(self, told: Tensor, scanned_hu: Tensor) -> Tensor:
        """Levels at ``KNOTS_S``, (B, N), from told numbers (B, K) and the mean level of the scanned livers (B,)."""
        learned: Tensor = self.layers(told)
        return scanned_hu[:, None] + LEVEL_SCALE_HU * learned


def level_at(levels_hu: Tensor, time_s: Tensor) -> Tensor:
    """Levels at knots (B, N) at times (B, T)."""
    knots = torch.tensor(KNOTS_S, dtype=time_s.dtype, device=time_s.device)
    passed = ((time_s[..., None] - knots[:-1]) / (knots[1:] - knots[:-1])).clamp(0, 1)
    return levels_hu[:, :1] + torch.einsum("btn,bn->bt", passed, levels_hu[:, 1:] - levels_hu[:, :-1])


def fitted_times(like: Tensor) -> Tensor:
    """Times at which :func:`agreeing` wants the liver, (N',)."""
    return torch.tensor([KNOTS_S[k] for k in _FITTED], dtype=like.dtype, device=like.device)


def agreeing(
    mixture: Mixture, base_hu: Tensor, gain_hu: Tensor, levels_hu: Tensor, blood: SeenBlood | None = None
) -> Mixture:
    """The circulation nearest to ``mixture`` with which the liver has the level that is expected of it.

    Enhancement is linear in the circulation, so this is one least squares problem per exam, with a Gaussian prior on
    the relative change of the whole and of each member of the library (our choice of spreads); what comes out is again
    a positive mixture of possible exams. The middle half of the voxels stands for the liver, so that lesions and
    vessels do not count.

    Args:
        mixture: as read of the scan.
        base_hu: voxels of the liver without the part that depends on the circulation, (B, S).
        gain_hu: what a unit of each member of the library adds at each of :func:`fitted_times`, (B, S, N', L).
        levels_hu: expected of the liver at ``KNOTS_S``, (B, N).
        blood: vessels that must agree as well, where masks of them are known.
    """
    amounts = mixture.shares * mixture.scale[:, None]
    each = base_hu[..., None] + torch.einsum("bsnl,bl->bsn", gain_hu, amounts)
    number = each.shape[1]
    middle = each[..., _RANKED].detach().argsort(dim=1)[:, number // 4 : number - number // 4]
    level = each.gather(1, middle[..., None].expand(-1, -1, each.shape[2])).mean(dim=1)
    index = middle[..., None, None].expand(-1, -1, *gain_hu.shape[2:])
    effect = gain_hu.gather(1, index).mean(dim=1) * amounts[:, None, :]  # of a relative change, (B, N', L)
    gap = (levels_hu[:, list(_FITTED)] - level).clamp(-_LARGEST_GAP_HU, _LARGEST_GAP_HU)
    odd = ((levels_hu[:, _EARLY] - levels_hu[:, 0]).abs() - _USUAL_EARLY_HU).clamp(min=0)
    variance = (_LEVEL_SPREAD_HU**2 + odd**2)[:, None].expand_as(gap)
    if blood is not None:
        seen = blood.gain_hu * amounts[:, None, :] * blood.known[..., None]
        effect = torch.cat([effect, seen], dim=1)
        gap = torch.cat(
            [gap, ((blood.rise_hu - seen.sum(dim=2)) * blood.known).clamp(-_LARGEST_GAP_HU, _LARGEST_GAP_HU)], dim=1
        )
        variance = torch.cat([variance, blood.sd_hu**2], dim=1)
    spread = _SHARE_SPREAD**2 * effect + _SCALE_SPREAD**2 * effect.sum(dim=2, keepdim=True)
    noise = torch.diag_embed(variance)
    solved = torch.linalg.solve(spread @ effect.transpose(1, 2) + noise, gap[..., None])
    change = (spread.transpose(1, 2) @ solved)[..., 0].clamp(-0.8, 2.0)
    amounts = amounts * (1 + change)
    scale = amounts.sum(dim=1)
    return Mixture(amounts / scale[:, None], scale)
