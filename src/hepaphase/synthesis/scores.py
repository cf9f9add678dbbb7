"""Absolute errors of generated phases in liver and lesions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..study.phase import Phase


@dataclass(slots=True)
class Tally:
    """Mean absolute errors over exams, each exam counting once."""

    sums: dict[str, list[float]] = field(default_factory=dict)

    def add(self, hu: Tensor, truth_hu: Tensor, masks: Mapping[str, Tensor]) -> None:
        """Count exams: arrays (B, z, y, x), and masks ``liver`` and ``lesions`` (ids) of that shape."""
        for number in range(len(hu)):
            error = (hu[number] - truth_hu[number]).float()
            lesions = masks["lesions"][number]
            regions = {"liver_mae": (masks["liver"][number] > 0) & (lesions == 0), "lesion_mae": lesions > 0}
            for name, region in regions.items():
                if bool(region.any()):
                    self.sums.setdefault(name, []).append(float(error[region].abs().mean()))
            means = [float(error[lesions == i].mean().abs()) for i in torch.unique(lesions).tolist() if i]
            if means:
                self.sums.setdefault("lesion_mean_mae", []).append(sum(means) / len(means))

    def figures(self) -> dict[str, float]:
        """Name to mean in HU; ``mae`` is the mean of liver and lesions."""
        found = {name: sum(values) / len(values) for name, values in self.sums.items()}
        main = [found[name] for name in ("liver_mae", "lesion_mae") if name in found]
        return found | ({"mae": sum(main) / len(main)} if main else {})


def carried(hu: Tensor, subset: Sequence[Phase], time_s: Tensor, target: int) -> Tensor:
    """The phase of ``subset`` nearest in time to phase number ``target``, the later of two; (B, P, ...) to (B, ...)."""
    order = list(Phase)
    numbers = [order.index(p) for p in subset][::-1]
    distance = (time_s[:, numbers] - time_s[:, [target]]).abs()
    picked = torch.tensor(numbers, device=hu.device)[distance.argmin(dim=1)]
    return hu[torch.arange(len(hu)), picked]
