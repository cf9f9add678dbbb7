"""The tissue model of ``kinetics`` as a torch layer. B batch, N voxels, R rates, T times."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from ..kinetics.basis import LOG_STEP, RATES_PER_S
from ..kinetics.exponentials import PER_S_PER_ML


class TissueMaps(NamedTuple):
    """Parameters of the two-compartment exchange model, each (B, N), in the units of ``study.lesions.Tissue``."""

    arterial_flow: Tensor
    """mL/min per 100 mL."""
    portal_flow: Tensor
    """mL/min per 100 mL."""
    blood_fraction: Tensor
    interstitium_fraction: Tensor
    permeability: Tensor
    """mL/min per 100 mL."""


class Impulse(NamedTuple):
    """Impulse response per unit of flow: ``fast_share exp(-fast t) + (1 - fast_share) exp(-slow t)``, each (B, N)."""

    fast_per_s: Tensor
    slow_per_s: Tensor
    fast_share: Tensor


def impulse_response(tissue: TissueMaps, *, haematocrit: float) -> Impulse:
    """Rates and shares of the two exponentials (kinetics.md B, tissue model), differentiable in every parameter.

    With total flow F, permeability PS, plasma fraction p = 1 - haematocrit and a = (F + PS/p)/v_b, b = PS/v_b,
    c = PS/(p v_e), d = PS/v_e the rates are (a + d)/2 +- sqrt((a - d)^2/4 + b c). The textbook form of the root,
    (a + d)^2/4 - (a d - b c), is the same number but cancels badly in single precision; so does the difference for the
    slow rate, which is taken as (a d - b c)/fast with a d - b c = F PS/(v_b v_e) written out.
    """
    plasma = 1.0 - haematocrit
    flow = (tissue.arterial_flow + tissue.portal_flow) * PER_S_PER_ML
    exchange = tissue.permeability * PER_S_PER_ML
    blood, interstitium = tissue.blood_fraction, tissue.interstitium_fraction
    washout = (flow + exchange / plasma) / blood
    backflow = exchange / interstitium
    coupling = exchange**2 / (blood * interstitium * plasma)
    root = torch.sqrt((washout - backflow) ** 2 / 4 + coupling)
    fast = (washout + backflow) / 2 + root
    slow = flow * exchange / (blood * interstitium) / fast
    share = (flow / blood - slow) / (fast - slow)
    return Impulse(fast, slow, share)


def cubic_weights(u: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Lagrange weights of the nodes -1, 0, 1, 2 at position ``u``, best between 0 and 1."""
    return (
        -u * (u - 1) * (u - 2) / 6,
        (u + 1) * (u - 1) * (u - 2) / 2,
        -(u + 1) * u * (u - 2) / 2,
        (u + 1) * u * (u - 1) / 6,
    )


def interpolate_basis(rate_per_s: Tensor, basis: Tensor) -> Tensor:
    """Values of ``basis`` at any rate, by the rules of ``kinetics.basis.rate_weights``.

    Four-point cubic Lagrange interpolation in the logarithm of the rate inside the table; above it two fast rates with
    the area and the mean of the exponential; below it three slow ones, quadratic in the rate.

    Args:
        rate_per_s: shape (B, N).
        basis: an input convolved with each tabulated exponential, (B, R, T).

    Returns:
        Shape (B, N, T).
    """
    lowest, highest = float(RATES_PER_S[0]), float(RATES_PER_S[-1])
    position = (rate_per_s.clamp(lowest, highest).log() - math.log(lowest)) / LOG_STEP
    second = position.detach().floor().clamp(1, len(RATES_PER_S) - 3)
    start = second.long() - 1
    inside = torch.zeros_like(basis[:, :1])
    for node, weight in enumerate(cubic_weights(position - second)):
        index = (start + node)[..., None].expand(-1, -1, basis.shape[2])
        inside = inside + weight[..., None] * basis.gather(1, index)
    above, below = (rate_per_s > highest)[..., None], (rate_per_s < lowest)[..., None]
    inside = torch.where(above, _above_table(rate_per_s.clamp(min=highest), basis), inside)
    return torch.where(below, _below_table(rate_per_s.clamp(max=lowest), basis), inside)


def _above_table(rate_per_s: Tensor, basis: Tensor) -> Tensor:
    (i, slow), (j, fast) = ((k, float(RATES_PER_S[k])) for k in (-5, -1))
    area, mean = 1 / rate_per_s, 1 / rate_per_s**2
    slow_share = (mean - area / fast) / (1 / slow**2 - 1 / (slow * fast))
    fast_share = (area - slow_share / slow) * fast
    return slow_share[..., None] * basis[:, i, None] + fast_share[..., None] * basis[:, j, None]


def _below_table(rate_per_s: Tensor, basis: Tensor) -> Tensor:
    picks = (0, 4, 8)
    total = torch.zeros_like(basis[:, :1])
    for i in picks:
        share = torch.ones_like(rate_per_s)
        for j in (k for k in picks if k != i):
            share = share * (rate_per_s - float(RATES_PER_S[j])) / float(RATES_PER_S[i] - RATES_PER_S[j])
        total = total + share[..., None] * basis[:, i, None]
    return total


def tissue_enhancement(tissue: TissueMaps, arterial: Tensor, portal: Tensor, *, haematocrit: float) -> Tensor:
    """Iodine in the tissue, mg/mL, shape (B, N, T), when ``arterial`` and ``portal`` blood flow through it.

    Linear in the two bases. A mixture of the bases of possible circulations is therefore the basis of a possible
    circulation's average, and a positive multiple that of another dose: whatever mixture a network chooses, each
    tissue sees one and the same possible input.

    Args:
        tissue: parameters, each (B, N).
        arterial: basis of the arterial input, (B, R, T), from ``kinetics.basis.make_basis``.
        portal: basis of the portal input, (B, R, T).
        haematocrit: of the blood that carries the plasma.
    """
    impulse = impulse_response(tissue, haematocrit=haematocrit)
    share = impulse.fast_share[..., None]
    total = torch.zeros_like(arterial[:, :1])
    for flow, basis in ((tissue.arterial_flow, arterial), (tissue.portal_flow, portal)):
        fast = interpolate_basis(impulse.fast_per_s, basis)
        slow = interpolate_basis(impulse.slow_per_s, basis)
        total = total + (flow * PER_S_PER_ML)[..., None] * (share * fast + (1 - share) * slow)
    return total
