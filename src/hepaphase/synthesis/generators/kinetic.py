"""Curves through the tissue model: any subset of phases in, any time out."""

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ...base.errors import BundleError
from ...bundle.bundle import Bundle
from ...nn.unet import GRID_MULTIPLE
from ...resample.grid import resample
from ...study.geometry import Geometry
from ...study.phase import Phase
from ...study.study import AlignedStudy, HuArray
from ..apply import apply_generated, upsample_sd
from ..network import Curves, KineticNetwork, NetworkConfig, Scanned
from ..protocol import Generated, check_request

KIND = "synthesis"
SPACING_MM = 4.0
"""The grid of training, along each axis."""
_TOLERANCE = 0.1
"""Relative; a grid within this of the grid of training is taken as it is."""


class Generator:
    """The kinetic network behind the protocol.

    On a grid of 4 mm along the patient's axes it works directly, whatever the shape; any other study is brought to one,
    completed there, and the difference to its nearest scanned phase is put back on its own grid (``synthesis.apply``).
    The curves of the last study are kept, so that further phases or times of it cost next to nothing; a study is taken
    not to change.
    """

    def __init__(self, network: KineticNetwork | None = None, *, device: str = "cpu") -> None:
        self.device = torch.device(device)
        self.network = (network or _untrained()).eval().requires_grad_(False).to(self.device)
        self._last: tuple[AlignedStudy, Curves] | None = None

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
        return cls(network, device=device)

    def generate(self, study: AlignedStudy, target: Phase, *, time_s: float | None = None) -> Generated:
        """See :class:`..protocol.Generator`."""
        wanted_s = check_request(study, target, time_s)
        if not _fits(study.geometry):
            return self._through_coarse_grid(study, target, wanted_s)
        shape = study.geometry.shape_zyx
        with torch.inference_mode():
            parts = self._predict(study, wanted_s)
        hu, sd_hu, residual_hu = (_volume(part, shape) for part in parts)
        return Generated(hu=hu, sd_hu=sd_hu, residual_hu=residual_hu, time_s=wanted_s)

    def _predict(self, study: AlignedStudy, time_s: float) -> list[Tensor]:
        if self._last is None or self._last[0] is not study:
            self._last = study, self.network(_padded(_scanned(study, self.device)))
        predicted = self.network.at(self._last[1], torch.tensor([[time_s]], device=self.device))
        z, y, x = study.geometry.shape_zyx
        size = [-(-n // GRID_MULTIPLE) * GRID_MULTIPLE for n in (z, y, x)]
        return [part.reshape(size)[:z, :y, :x] for part in predicted]

    def _through_coarse_grid(self, study: AlignedStudy, target: Phase, time_s: float) -> Generated:
        coarse = _coarse(study)
        generated = self.generate(coarse, target, time_s=time_s)
        reference = min(study.inputs, key=lambda p: abs(study.time_s[p] - time_s))
        grids = (coarse.geometry, study.geometry)
        hu = apply_generated(study.hu[reference], study.geometry, coarse.hu[reference], generated.hu, coarse.geometry)
        return Generated(
            hu=hu,
            sd_hu=upsample_sd(generated.sd_hu, *grids),
            residual_hu=resample(generated.residual_hu, *grids, fill=0.0),
            time_s=time_s,
        )


def pack_bundle(config: NetworkConfig, weights: dict[str, Tensor], card: dict[str, Any]) -> Bundle:
    """A network's configuration and weights as a bundle that :meth:`Generator.from_bundle` reads."""
    settings = {"generator": "kinetic", "spacing_mm": SPACING_MM, "network": asdict(config)}
    return Bundle(kind=KIND, config=settings, classes=tuple(str(p) for p in Phase), weights=weights, card=card)


def _untrained() -> KineticNetwork:
    """A tiny network, always the same; the caller's random state is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return KineticNetwork(NetworkConfig())


def _scanned(study: AlignedStudy, device: torch.device) -> Scanned:
    empty = np.zeros(study.geometry.shape_zyx, dtype=np.float32)
    hu = np.stack([study.hu[p] if p in study.inputs else empty for p in Phase])
    times = [float(study.time_s[p]) if p in study.inputs and p is not Phase.NC else 0.0 for p in Phase]
    return Scanned(
        hu=torch.from_numpy(hu)[None].to(device),
        present=torch.tensor([[p in study.inputs for p in Phase]], device=device),
        time_s=torch.tensor([times], device=device),
    )


def _padded(scanned: Scanned) -> Scanned:
    """Repeat the last slices until every size is a multiple the network takes."""
    missing = [-size % GRID_MULTIPLE for size in scanned.hu.shape[:1:-1]]
    pads = [amount for size in missing for amount in (0, size)]
    return scanned._replace(hu=functional.pad(scanned.hu, pads, mode="replicate"))


def _volume(part: Tensor, shape_zyx: tuple[int, int, int]) -> HuArray:
    out: HuArray = np.ascontiguousarray(part.cpu().numpy(), dtype=np.float32)
    assert out.shape == shape_zyx
    return out


def _fits(geometry: Geometry) -> bool:
    """Whether the network can take this grid as it is: patients lay all the same way in training."""
    upright = np.allclose(geometry.direction, np.eye(3), atol=_TOLERANCE)
    return upright and all(abs(step / SPACING_MM - 1) <= _TOLERANCE for step in geometry.spacing_xyz_mm)


def _coarse(study: AlignedStudy) -> AlignedStudy:
    """The study on a grid of 4 mm along the axes of the patient, around the same box."""
    fine = study.geometry
    corners = fine.corners_lps_mm()
    extent = corners.max(axis=0) - corners.min(axis=0)
    x, y, z = (int(n) for n in np.ceil(np.round(extent / SPACING_MM, 3)) + 1)
    middle = (corners.max(axis=0) + corners.min(axis=0)) / 2
    ox, oy, oz = (float(v) for v in middle - SPACING_MM * (np.array([x, y, z]) - 1) / 2)
    grid = Geometry((z, y, x), (SPACING_MM,) * 3, (ox, oy, oz))
    hu = {p: resample(study.hu[p], fine, grid) for p in study.inputs}
    return replace(
        study,
        geometry=grid,
        hu=hu,
        provenance={p: study.provenance[p] for p in hu},
        time_s={p: study.time_s[p] for p in hu},
        masks={},
        sd_hu={},
    )
