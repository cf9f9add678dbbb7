"""A network asked about a study on its grid: every slice from the phases that reach it. N voxels, T times."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..nn.unet import GRID_MULTIPLE
from ..study.phase import REFERENCE_ORDER, Phase
from ..study.study import AlignedStudy
from .grid import padded, scanned_of
from .network import Curves, KineticNetwork, Predicted
from .reach import parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Curves at voxels of a study, by each subset of its phases that has a say in some of them."""

    curves: tuple[Curves, ...]
    weights: Tensor
    """How much each counts at each voxel, (subsets, N); they sum to one."""


def ask(
    network: KineticNetwork,
    study: AlignedStudy,
    voxels: npt.NDArray[np.int64] | None = None,
    *,
    device: torch.device | str = "cpu",
) -> Answers:
    """Curves at ``voxels``, positions in the flattened volume, (N,); at all in order when None."""
    shape = study.geometry.shape_zyx
    places = np.unravel_index(np.arange(np.prod(shape)) if voxels is None else voxels, shape)
    shares = parts({p: study.hu[p] for p in study.inputs})
    found = []
    with torch.inference_mode():
        for subset in shares:
            scanned = padded(scanned_of(only(study, subset), torch.device(device)), GRID_MULTIPLE)
            flat = torch.from_numpy(np.ravel_multi_index(places, scanned.hu.shape[2:]))[None].to(device)
            found.append(network.curves(network.features(scanned), scanned, flat))
    weights = np.stack([weight[places[0]] for weight in shares.values()])
    return Answers(curves=tuple(found), weights=torch.from_numpy(weights.astype(np.float32)).to(device))


def at(network: KineticNetwork, answers: Answers, times_s: Sequence[float]) -> Predicted:
    """HU, standard deviation and residual at times (T,), each (N, T)."""
    with torch.inference_mode():
        each = [network.at(one, one.level_hu.new_tensor([list(times_s)])) for one in answers.curves]
        weights = answers.weights[..., None]
        return Predicted(
            *(
                sum(w * getattr(one, name)[0] for w, one in zip(weights, each, strict=True))
                for name in Predicted._fields
            )
        )


def only(study: AlignedStudy, subset: Sequence[Phase]) -> AlignedStudy:
    """The study with no scanned phases but those of ``subset``."""
    if set(subset) == set(study.hu):
        return study

    def kept(values: Any) -> dict[Phase, Any]:
        return {p: values[p] for p in subset if p in values}

    return replace(
        study,
        reference=study.reference if study.reference in subset else next(p for p in REFERENCE_ORDER if p in subset),
        hu=kept(study.hu),
        provenance=kept(study.provenance),
        time_s=kept(study.time_s),
        transforms=kept(study.transforms),
        bends=kept(study.bends),
        sd_hu={},
    )
