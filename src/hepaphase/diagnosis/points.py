"""Which voxels the mask loss looks at. E embedding, N voxels, C common points, F own points, K lesions."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..base.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class PointConfig:
    """How many voxels are drawn for each lesion, and from where.

    The paper names foreground-enhanced sampling and no numbers; PLAN uses 12544 points, three times as many candidates,
    and 0.75 of them where the mask is uncertain. Its foreground ratio of 0.0002 is two points a lesion; ours is larger,
    since at 4 mm a small lesion is a handful of voxels in 200 000 (our choice).

    Raises:
        ConfigError: for shares that do not add up to one or less.
    """

    num_points: int = 1024
    oversample: float = 3.0
    """Candidates per point."""
    importance: float = 0.5
    """Share of points taken where the mask is least certain."""
    foreground: float = 0.25
    """Share of points taken from the lesion itself."""
    liver: float = 0.5
    """Share of candidates drawn inside the liver; the others anywhere."""

    def __post_init__(self) -> None:
        if self.num_points < 1 or self.oversample < 1:
            raise ConfigError(f"Need num_points and oversample >= 1, got {self.num_points} and {self.oversample}.")
        if min(self.importance, self.foreground, self.liver) < 0 or self.importance + self.foreground > 1:
            raise ConfigError(f"Shares must be >= 0, importance + foreground <= 1, got {self}.")
        if self.liver > 1:
            raise ConfigError(f"liver must be a share, got {self.liver}.")

    @property
    def num_own(self) -> int:
        """Points from the lesion itself."""
        return int(self.foreground * self.num_points)

    @property
    def num_uncertain(self) -> int:
        """Points where the mask is least certain."""
        return int(self.importance * self.num_points)

    @property
    def num_common(self) -> int:
        """Candidates drawn once for all lesions of a study."""
        return int(self.oversample * self.num_points)


@dataclass(frozen=True, slots=True)
class SampledVoxels:
    """The voxels drawn in one study."""

    common_features: Tensor
    """(E, C)."""
    common_labels: Tensor
    """(C,), 0 outside lesions, k for lesion k = 1 ... K."""
    own_features: Tensor
    """(K, E, F), of voxels of each lesion."""


def common_points(liver: Tensor, config: PointConfig, generator: torch.Generator) -> Tensor:
    """Voxel indices (C,): the liver's share from inside ``liver`` (N,), the others from anywhere."""
    inside = liver.nonzero().flatten()
    num_inside = int(config.liver * config.num_common) if len(inside) else 0
    anywhere = torch.randint(len(liver), (config.num_common - num_inside,), generator=generator)
    picked = inside[torch.randint(max(1, len(inside)), (num_inside,), generator=generator)]
    both = torch.cat([anywhere.to(liver.device), picked])
    return both[torch.randperm(len(both), generator=generator).to(both.device)]


def own_points(labels: Tensor, num_lesions: int, num_own: int, generator: torch.Generator) -> Tensor:
    """Voxel indices (K, F) drawn with replacement from each lesion of ``labels`` (N,)."""
    rows = []
    for lesion in range(1, num_lesions + 1):
        voxels = (labels == lesion).nonzero().flatten()
        assert len(voxels), "a lesion without a voxel has no place among the targets"
        rows.append(voxels[torch.randint(len(voxels), (num_own,), generator=generator).to(labels.device)])
    return torch.stack(rows) if rows else labels.new_zeros((0, num_own), dtype=torch.long)


def sample_voxels(
    features: Tensor, labels: Tensor, liver: Tensor, config: PointConfig, generator: torch.Generator
) -> SampledVoxels:
    """Draw voxels of one study: ``features`` (N, E), ``labels`` (N,) 0 ... K, ``liver`` (N,) boolean."""
    common = common_points(liver, config, generator)
    own = own_points(labels, int(labels.max()), config.num_own, generator)
    at_common, at_own = features[common].float(), features[own].float()
    return SampledVoxels(at_common.T, labels[common], at_own.transpose(1, 2))


@torch.no_grad()
def least_certain(common_logits: Tensor, config: PointConfig) -> Tensor:
    """For each lesion, which common points its loss uses, (K, P - F), from its logits (K, C).

    The first are the least certain (Mask2Former's importance sampling), the others, being the first common ones, are
    uniform.
    """
    num_uniform = config.num_points - config.num_own - config.num_uncertain
    uncertain = common_logits.abs().topk(config.num_uncertain, dim=1, largest=False).indices
    uniform = torch.arange(num_uniform, device=uncertain.device).expand(len(uncertain), -1)
    return torch.cat([uncertain, uniform], dim=1)
