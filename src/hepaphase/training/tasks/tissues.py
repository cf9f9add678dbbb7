"""Per-tissue regression as a task: sums over voxels in each step, one line per tissue solved at the end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...bundle.bundle import Bundle
from ...study.phase import Phase
from ...synthesis.generators.tissues import pack_bundle
from ...synthesis.scores import Tally
from ...synthesis.tissue_lines import FEATURES, NUM_KINDS, SUBSETS, features, kinds_of, start_lines, subset_number
from ..task import Batch, Progress, Setup
from .image_samples import check_data

_RIDGE = 1e-2
"""Of one voxel, towards carrying the nearest phase over: what was never seen stays there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TissuesConfig:
    """What voxels are summed over.

    Raises:
        ConfigError: for crops or phases that cannot be.
    """

    crop_zyx: tuple[int, int, int] = (32, 48, 48)
    validation_crop_zyx: tuple[int, int, int] = (48, 64, 64)
    inputs: tuple[str, ...] = ()
    targets: tuple[str, ...] = tuple(str(p) for p in Phase)

    def __post_init__(self) -> None:
        check_data((self.crop_zyx, self.validation_crop_zyx), 1, self.inputs, self.targets)


class TissuesTask:
    """Adds up normal equations in double precision; nothing is random but the order of the samples."""

    def __init__(self, config: TissuesConfig, setup: Setup) -> None:
        self.config = config
        shape = (len(SUBSETS), len(Phase), NUM_KINDS)
        self._sums = {
            "products": torch.zeros(*shape, FEATURES, FEATURES, dtype=torch.float64),
            "targets": torch.zeros(*shape, FEATURES, dtype=torch.float64),
            "squares": torch.zeros(*shape, dtype=torch.float64),
            "voxels": torch.zeros(*shape, dtype=torch.float64),
        }

    def step(self, batch: Batch, *, progress: Progress) -> dict[str, float]:
        """Add the voxels of a batch."""
        for number in range(len(batch["hu"])):
            self._add({name: value[number].cpu().numpy() for name, value in batch.items()})
        return {"voxels": float(self._sums["voxels"].sum())}

    def validate(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Absolute error in liver and lesions of the lines as they are."""
        slopes, _ = self._solve()
        tally = Tally()
        for batch in batches:
            for number in range(len(batch["hu"])):
                one = {name: value[number].cpu().numpy() for name, value in batch.items()}
                place, kinds, x = _views(one)
                made = np.einsum("zyxf,fzyx->zyx", slopes.numpy()[place][kinds], x)
                single = {name: value[number : number + 1] for name, value in batch.items()}
                tally.add(torch.from_numpy(made)[None].float(), single["truth_hu"].cpu(), single)
        return tally.figures()

    def state_dict(self) -> dict[str, Any]:
        """The sums."""
        return dict(self._sums)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Undo of :meth:`state_dict`."""
        for name, tensor in state.items():
            self._sums[name].copy_(tensor)

    def start_from(self, bundle: Bundle) -> None:
        """Sums cannot be had from lines, so an earlier training is refused.

        Raises:
            ConfigError: always.
        """
        from ...base.errors import ConfigError

        raise ConfigError("The per-tissue regression keeps no sums in its bundle. Train it without --from.")

    def bundle(self, card: Mapping[str, Any]) -> Bundle:
        """The lines."""
        slopes, sd_hu = self._solve()
        return pack_bundle(slopes, sd_hu, dict(card))

    def _add(self, one: dict[str, Any]) -> None:
        (subset, target), kinds, x = _views(one)
        y = one["truth_hu"].astype(np.float64)
        flat, values = kinds.ravel(), x.reshape(FEATURES, -1).astype(np.float64)
        for kind in np.unique(flat):
            inside = flat == kind
            seen, wanted = values[:, inside], y.ravel()[inside]
            place = (subset, target, int(kind))
            self._sums["products"][place] += torch.from_numpy(seen @ seen.T)
            self._sums["targets"][place] += torch.from_numpy(seen @ wanted)
            self._sums["squares"][place] += float(wanted @ wanted)
            self._sums["voxels"][place] += float(inside.sum())

    def _solve(self) -> tuple[Tensor, Tensor]:
        """Slopes (subsets, P, K, F) and what they leave (subsets, P, K); untouched where nothing was seen."""
        start = start_lines()
        first = torch.from_numpy(np.asarray(start.slopes, np.float64))
        products, targets = self._sums["products"], self._sums["targets"]
        ridge = _RIDGE * torch.eye(FEATURES, dtype=torch.float64)
        slopes = torch.linalg.solve(products + ridge, targets + _RIDGE * first)
        left = self._sums["squares"] - 2 * (slopes * targets).sum(-1)
        left = left + torch.einsum("...f,...fg,...g->...", slopes, products, slopes)
        number = self._sums["voxels"]
        sd = (left.clamp(min=0) / number.clamp(min=1)).sqrt().clamp(min=1.0)
        known = number > 2 * FEATURES
        return (
            torch.where(known[..., None], slopes, first).float(),
            torch.where(known, sd, torch.from_numpy(np.asarray(start.sd_hu, np.float64))).float(),
        )


def _views(one: dict[str, Any]) -> tuple[tuple[int, int], Any, Any]:
    """Place in the table, kind of each voxel, and features of one sample."""
    scanned = one["scanned"].astype(bool)
    place = (subset_number(scanned), int(one["target"]))
    kinds = kinds_of(one["hu"], scanned, one["liver"] > 0)
    return place, kinds, features(one["hu"], scanned, float(one["target_s"]))
