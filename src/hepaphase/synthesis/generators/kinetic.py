"""Curves through the tissue model: any subset of phases in, any time out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from ...base.errors import BundleError
from ...bundle.bundle import Bundle
from ...evaluation.physics.exam import noise_of
from ...study.phase import Phase
from ...study.study import AlignedStudy, HuArray
from ..answer import Answers, ask, at
from ..draw import ROUGHNESS, drawn, with_structure
from ..grid import SPACING_MM, fits, on_training_grid
from ..network import KineticNetwork, NetworkConfig
from ..protocol import Generated, check_request
from ..reach import unscanned_slices
from ..spread import calibrated, factors_for, remaining

KIND = "synthesis"
_FEWEST_SLICES = 3
"""Noise is measured from slice to slice."""


class Generator:
    """The kinetic network behind the protocol.

    On a grid of 4 mm along the patient's axes it works directly, whatever the shape; any other study is brought to one,
    completed there, and the difference to its nearest scanned phase is put back on its own grid (``synthesis.apply``).
    The curves of the last study are kept, so that further phases or times of it cost next to nothing; a study is taken
    not to change.
    """

    recipe = "synthesis"
    """What trains it."""

    def __init__(
        self,
        network: KineticNetwork | None = None,
        *,
        spread: Mapping[str, Mapping[str, Sequence[float]]] | None = None,
        device: str = "cpu",
    ) -> None:
        self.spread = spread or {}
        self.device = torch.device(device)
        self.network = (network or _untrained()).eval().requires_grad_(False).to(self.device)
        self._last: tuple[AlignedStudy, Answers] | None = None

    @classmethod
    def from_bundle(cls, bundle: Bundle, *, device: str = "cpu") -> "Generator":
        """From a trained bundle.

        Raises:
            BundleError: when it is of another generator, or its weights do not fit.
        """
        if bundle.config.get("generator") != "kinetic":
            found = bundle.config.get("generator", "none")
            raise BundleError(
                f"The {bundle.kind} bundle is for generator '{found}', not 'kinetic'. Give another --bundle."
            )
        bundle.check_classes([str(p) for p in Phase])
        settings: dict[str, Any] = dict(bundle.config["network"])
        network = KineticNetwork(NetworkConfig(**{**settings, "channels": tuple(settings["channels"])}))
        bundle.load_into(network)
        return cls(network, spread=bundle.config.get("spread"), device=device)

    def generate(self, study: AlignedStudy, target: Phase, *, time_s: float | None = None) -> Generated:
        """See :class:`..protocol.Generator`."""
        wanted_s = check_request(study, target, time_s)
        made = on_training_grid(study, wanted_s, self._predict)
        factors = factors_for(self.spread, study, target)
        return replace(
            made,
            sd_hu=calibrated(made.sd_hu, study, factors),
            stretch=remaining(study, factors),
            draw_hu=_draw(study, made, target),
        )

    def _predict(self, study: AlignedStudy, time_s: float) -> tuple[HuArray, HuArray, HuArray]:
        if self._last is None or self._last[0] is not study:
            self._last = study, ask(self.network, study, device=self.device)
        predicted = at(self.network, self._last[1], [time_s])
        shape = study.geometry.shape_zyx
        hu, sd_hu, residual_hu = (np.asarray(one.reshape(shape).cpu(), np.float32) for one in predicted)
        gone = unscanned_slices({p: study.hu[p] for p in study.inputs})
        if gone.any():
            hu[gone] = study.hu[min(study.inputs, key=lambda p: abs(study.time_s[p] - time_s))][gone]
            residual_hu[gone] = 0
        return hu, sd_hu, residual_hu


def _draw(study: AlignedStudy, made: Generated, target: Phase) -> HuArray | None:
    """With the noise of the scanned phase nearest in time, as rough as a true one; None where noise is not measured."""
    if not fits(study.geometry) or "liver" not in study.masks or study.geometry.shape_zyx[0] < _FEWEST_SLICES:
        return None
    like = min(study.inputs, key=lambda p: abs(study.time_s[p] - made.time_s))
    liver = study.masks["liver"] > 0
    noise = noise_of(study.hu[like], ndimage.binary_erosion(liver))
    draw = drawn(made.hu, study.hu[like], noise_hu=noise)
    return with_structure(draw, liver, rough_hu=noise * ROUGHNESS[target] / ROUGHNESS[like])


def pack_bundle(config: NetworkConfig, weights: dict[str, Tensor], card: dict[str, Any]) -> Bundle:
    """A network's configuration and weights as a bundle that :meth:`Generator.from_bundle` reads."""
    settings = {"generator": "kinetic", "spacing_mm": SPACING_MM, "network": asdict(config)}
    return Bundle(kind=KIND, config=settings, classes=tuple(str(p) for p in Phase), weights=weights, card=card)


def _untrained() -> KineticNetwork:
    """A tiny network, always the same; the caller's random state is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return KineticNetwork(NetworkConfig())
