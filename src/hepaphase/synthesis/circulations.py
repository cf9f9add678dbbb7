"""A library of circulations, and a learned mixture of them. B batch, L library, R rates, S steps, T times."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..kinetics.basis import basis_of_curves
from ..kinetics.circulation import circulate
from ..kinetics.injection import Injection
from ..kinetics.patient import Patient
from ..nn.kinetic_layer import cubic_weights
from .protocol import LATEST_TIME_S

ORGANS = ("aorta", "portal_vein", "hepatic_vein", "ivc", "spleen", "kidney", "muscle")
"""Regions of the circulation model whose curves are known; the inputs of every tissue first."""
_STEP_S = 0.5
_LARGEST_LN_SCALE = 1.5
"""Dose and tube voltage together lie within a factor of 4.5 of the library's 530 mgI/kg at 120 kVp."""


class Mixture(NamedTuple):
    """The circulation of one exam."""

    shares: Tensor
    """Of each member of the library, (B, L); positive, sums to one."""
    scale: Tensor
    """Dose and tube voltage relative to the library's, (B,)."""


class Circulations(nn.Module):
    """Possible inputs to every tissue: convex mixtures of circulations computed beforehand, times a positive scale.

    A tissue's enhancement is linear in its inputs, so the mean of possible exams, arterial and portal with the same
    shares, is what a possible exam with a blurred bolus would show; no other input can come out. The curves are kept
    with the weights, so that a model stays what it was when the circulation model is improved.
    """

    curves_mg_per_ml: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("curves_mg_per_ml", torch.from_numpy(_organ_curves()[:, :2].copy()))
        self._tables: tuple[Tensor, Tensor] | None = None
        self.register_load_state_dict_post_hook(_forget_tables)  # type: ignore[no-untyped-call]

    def organs_mg_per_ml(self, mixture: Mixture, time_s: Tensor) -> Tensor:
        """What the organs ``ORGANS`` hold as a whole at times (B, T), (B, O, T)."""
        each = self.each_organ(time_s)
        return torch.einsum("lobt,bl->bot", each, mixture.shares * mixture.scale[:, None])

    def each_organ(self, time_s: Tensor) -> Tensor:
        """The same of a unit of each member of the library, (L, O, B, T); vessels by the curves of the weights.

        The curves of other organs are those of the circulation model of today.
        """
        curves = torch.from_numpy(_organ_curves()).to(self.curves_mg_per_ml)
        curves[:, : self.curves_mg_per_ml.shape[1]] = self.curves_mg_per_ml
        position = (time_s / _STEP_S).clamp(0, curves.shape[-1] - 1)
        first = position.floor().clamp(max=curves.shape[-1] - 2)
        part = position - first
        return curves[..., first.long()] * (1 - part) + curves[..., first.long() + 1] * part

    @property
    def num_outputs(self) -> int:
        """How many numbers :meth:`read` reads per exam."""
        return len(self.curves_mg_per_ml) + 1

    def read(self, raw: Tensor) -> Mixture:
        """Unbounded numbers, (B, L + 1), the logarithm of the scale first, as a mixture."""
        return Mixture(raw[:, 1:].softmax(dim=1), (_LARGEST_LN_SCALE * torch.tanh(raw[:, 0] / _LARGEST_LN_SCALE)).exp())

    def basis(self, mixture: Mixture, time_s: Tensor) -> tuple[Tensor, Tensor]:
        """Arterial and portal basis of the mixed circulation at times (B, T), each (B, R, T), mg s/mL.

        Between tabulated times a cubic through four of them is taken; a time before the injection gives zero.
        """
        shares = mixture.shares * mixture.scale[:, None]
        arterial, portal = (torch.einsum("lrbt,bl->brt", each, shares) for each in self.each(time_s))
        return arterial, portal

    def each(self, time_s: Tensor) -> tuple[Tensor, Tensor]:
        """Arterial and portal basis of each member of the library at times (B, T), each (L, R, B, T)."""
        if self._tables is None or self._tables[0].device != self.curves_mg_per_ml.device:
            self._tables = self._tabulate()
        first, weights = _cubic(time_s, self._tables[0].shape[-1])
        nodes = [torch.stack([t[:, :, first + node] for node in range(4)], dim=-1) for t in self._tables]
        return (nodes[0] * weights).sum(dim=-1), (nodes[1] * weights).sum(dim=-1)

    def _tabulate(self) -> tuple[Tensor, Tensor]:
        """Arterial and portal basis of each member at each step, (L, R, S)."""
        like = self.curves_mg_per_ml
        time_s = np.arange(like.shape[-1], dtype=np.float64) * _STEP_S
        curves = like.double().cpu().numpy()
        bases = [basis_of_curves(time_s, aorta, portal_vein, time_s) for aorta, portal_vein in curves]
        arterial, portal = np.stack([b.arterial for b in bases]), np.stack([b.portal for b in bases])
        return (
            torch.as_tensor(arterial, dtype=like.dtype, device=like.device),
            torch.as_tensor(portal, dtype=like.dtype, device=like.device),
        )


def _forget_tables(module: nn.Module, _: object) -> None:
    """Other curves may have been loaded."""
    assert isinstance(module, Circulations)
    module._tables = None


@lru_cache(maxsize=1)
def _organ_curves() -> npt.NDArray[np.float32]:
    """Each of ``ORGANS`` in each member of the library, mg/mL, (L, O, S); rounded as a bundle rounds.

    Cardiac output and duration of the injection are what shapes the curves. This grid of 6 by 4 reproduces exams drawn
    from the distribution of kinetics.md A (150 drawn; size, age, cirrhosis, filtration, dose, saline varied too) with
    an RMS of 1.8 HU over aorta and portal vein, against 6.7 HU for 8 by 1 (our choice).
    """
    curves = []
    for factor in np.geomspace(0.4, 1.7, 6):
        patient = Patient(age_years=55.0, height_cm=168.0, weight_kg=70.0, cardiac_output_factor=float(factor))
        for duration_s in (20.0, 26.0, 32.0, 40.0):
            injection = Injection.for_patient(patient.weight_kg, duration_s=duration_s)
            flow = circulate(patient, injection, duration_s=LATEST_TIME_S, step_s=_STEP_S)
            curves.append([flow.mg_per_ml[name] for name in ORGANS])
    return np.asarray(curves, dtype=np.float16).astype(np.float32)


def _cubic(time_s: Tensor, num_steps: int) -> tuple[Tensor, Tensor]:
    """First of four tabulated times around each time, (B, T), and their Lagrange weights, (B, T, 4)."""
    position = (time_s / _STEP_S).clamp(0, num_steps - 1)
    second = position.floor().clamp(1, num_steps - 3)
    u = position - second
    return second.long() - 1, torch.stack(cubic_weights(u), dim=-1)
