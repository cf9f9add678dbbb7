"""Per-tissue regression: a straight line from the scanned phases to the one wanted, for each kind of tissue."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...base.errors import BundleError
from ...bundle.bundle import Bundle
from ...study.phase import Phase
from ...study.study import AlignedStudy, HuArray
from ..grid import SPACING_MM, on_training_grid
from ..protocol import Generated, check_request
from ..tissue_lines import FEATURES, SUBSETS, Lines, features, kinds_of, start_lines, subset_number

KIND = "synthesis"


class Generator:
    """What a fit by eye would do: any network must beat it.

    A voxel's tissue is its HU, smoothed, in the first scanned phase, and whether it lies in the liver; for every set of
    inputs, target and tissue there is one line. Untrained, it carries the nearest phase over.
    """

    recipe = "tissues"
    """What trains it."""

    def __init__(self, lines: Lines | None = None, *, device: str = "cpu") -> None:
        self._lines = lines or start_lines()

    @classmethod
    def from_bundle(cls, bundle: Bundle, *, device: str = "cpu") -> "Generator":
        """From a trained bundle.

        Raises:
            BundleError: when it is of another generator, or its weights do not fit.
        """
        if bundle.config.get("generator") != "tissues":
            found = bundle.config.get("generator", "none")
            raise BundleError(f"The bundle is for generator '{found}', not 'tissues'. Give another --bundle.")
        wanted = start_lines()
        found_shapes = {name: tuple(tensor.shape) for name, tensor in bundle.weights.items()}
        if found_shapes != {"slopes": wanted.slopes.shape, "sd_hu": wanted.sd_hu.shape}:
            raise BundleError("The bundle's lines do not fit this version. Train again: hepaphase train tissues.")
        return cls(Lines(bundle.weights["slopes"].numpy(), bundle.weights["sd_hu"].numpy()), device=device)

    def generate(self, study: AlignedStudy, target: Phase, *, time_s: float | None = None) -> Generated:
        """See :class:`..protocol.Generator`."""
        wanted_s = check_request(study, target, time_s)
        return on_training_grid(study, wanted_s, lambda small, when_s: self._predict(small, target, when_s))

    def _predict(self, study: AlignedStudy, target: Phase, time_s: float) -> tuple[HuArray, HuArray, HuArray]:
        shape = study.geometry.shape_zyx
        scanned = np.array([p in study.inputs for p in Phase])
        hu = np.stack([study.hu[p] if p in study.inputs else np.zeros(shape, np.float32) for p in Phase])
        liver = study.masks["liver"] > 0 if "liver" in study.masks else np.zeros(shape, bool)
        kinds = kinds_of(hu, scanned, liver)
        place = (subset_number(scanned), list(Phase).index(target))
        slopes, sd = self._lines.slopes[place][kinds], self._lines.sd_hu[place][kinds]
        values = features(hu, scanned, time_s)
        made = np.einsum("zyxf,fzyx->zyx", slopes, values)
        return made.astype(np.float32), np.asarray(sd, np.float32), np.zeros(shape, np.float32)


def pack_bundle(slopes: Tensor, sd_hu: Tensor, card: dict[str, Any]) -> Bundle:
    """Lines as a bundle that :meth:`Generator.from_bundle` reads."""
    settings = {"generator": "tissues", "spacing_mm": SPACING_MM, "subsets": len(SUBSETS), "features": FEATURES}
    weights = {"slopes": slopes.to(torch.float32), "sd_hu": sd_hu.to(torch.float32)}
    return Bundle(kind=KIND, config=settings, classes=tuple(str(p) for p in Phase), weights=weights, card=card)
