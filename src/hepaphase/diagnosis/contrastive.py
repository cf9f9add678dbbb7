"""Asymmetric contrastive loss on the queries of lesions (LIDIA, equations 3 to 5). N anchors, M others, D width."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..base.errors import ConfigError
from ..study.lesions import LESION_CLASSES

COMMON = tuple(row.common for row in LESION_CLASSES.values())
"""Per class whether its lesions attract one another; a mixed bag of rare kinds is only pushed away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContrastConfig:
    """Settings of the loss. 0.01, 0.1 and 1024 are the paper's, the widths our choice.

    Raises:
        ConfigError: for a temperature or size that cannot be.
    """

    weight: float = 0.0
    """Lambda 3; the paper's is 0.01. Zero leaves the loss out."""
    temperature: float = 0.1
    bank: int = 1024
    """Lesions of earlier batches that are remembered; zero for none."""
    hidden: int = 128
    width: int = 64
    """Of the embedding."""

    def __post_init__(self) -> None:
        if self.weight < 0 or self.temperature <= 0 or self.bank < 0 or min(self.hidden, self.width) < 1:
            raise ConfigError(f"A contrastive loss needs weight >= 0, temperature > 0 and sizes, got {self}.")


class Projection(nn.Module):
    """From queries to the unit sphere that the loss works on; used in training alone.

    The paper says a non-linear projection; two linear layers are our choice (as in SupCon).
    """

    def __init__(self, width: int, config: ContrastConfig) -> None:
        super().__init__()
        self.first = nn.Linear(width, config.hidden)
        self.second = nn.Linear(config.hidden, config.width)

    def forward(self, queries: Tensor) -> Tensor:
        """Embeddings (N, D) of length one of ``queries`` (N, width)."""
        return nn.functional.normalize(self.second(nn.functional.relu(self.first(queries))), dim=1)


class MemoryBank(nn.Module):
    """The last lesions seen, oldest overwritten first: their embeddings as they were, and their classes.

    The rule of update is not published (our choice: first in, first out, one batch after its loss).
    """

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.register_buffer("embeddings", torch.zeros(size, width))
        self.register_buffer("classes", torch.full((size,), -1, dtype=torch.long))
        self.register_buffer("next", torch.zeros((), dtype=torch.long))

    embeddings: Tensor
    classes: Tensor
    """-1 where nothing has been put yet."""
    next: Tensor

    def held(self) -> tuple[Tensor, Tensor]:
        """Embeddings (M, D) and classes (M,) of what is held; M is 0 at first."""
        there = self.classes >= 0
        return self.embeddings[there], self.classes[there]

    @torch.no_grad()
    def put(self, embeddings: Tensor, classes: Tensor) -> None:
        """Remember the lesions of a batch, the last ones where there are more than fit."""
        size = len(self.classes)
        if not size:
            return
        embeddings, classes = embeddings[-size:], classes[-size:]
        places = (int(self.next) + torch.arange(len(classes), device=self.classes.device)) % size
        self.embeddings[places] = embeddings.detach().to(self.embeddings)
        self.classes[places] = classes.to(self.classes)
        self.next.fill_((int(self.next) + len(classes)) % size)


def asymmetric_contrast(
    anchors: tuple[Tensor, Tensor], bank: tuple[Tensor, Tensor], common: tuple[bool, ...], *, temperature: float
) -> Tensor:
    """Mean loss of the anchors that have something to be held against; zero when none has.

    A lesion x of a common class is pulled to others of its class and pushed from all others, rare ones included:
    -mean over p of log(exp(z_x z_p / t) / sum over a of exp(z_x z_a / t)) (equation 4). A rare lesion is pushed from
    common ones: log of the sum over common a of exp(z_x z_a / t) (equation 5). Others are those of the batch but x, and
    those of the bank. A common lesion alone in its class, and a rare one without common ones, say nothing.

    Args:
        anchors: embeddings (N, D) of length one and classes (N,).
        bank: the same of remembered lesions (M, D) and (M,).
        common: per class whether it is common.
        temperature: t.
    """
    z, classes = anchors
    if not len(z):
        return z.sum()
    others, labels = torch.cat([z, bank[0].to(z)]), torch.cat([classes, bank[1].to(classes)])
    is_common = torch.tensor(common, device=z.device)
    another = torch.ones(len(z), len(others), dtype=torch.bool, device=z.device)
    another[:, : len(z)].fill_diagonal_(False)
    near = z @ others.T / temperature
    pulled = another & (labels[None] == classes[:, None])
    log_share = near - _log_sum(near, another)[:, None]
    attract = -(log_share * pulled).sum(1) / pulled.sum(1).clamp(min=1)
    pushed = another & is_common[labels][None]
    repel = _log_sum(near, pushed)
    rows = torch.where(is_common[classes], attract, repel)
    speaks = torch.where(is_common[classes], pulled.any(1), pushed.any(1))
    return rows.masked_fill(~speaks, 0.0).sum() / speaks.sum().clamp(min=1)


def _log_sum(near: Tensor, where: Tensor) -> Tensor:
    """Log of the summed exponentials of ``near`` (N, M) ``where`` wanted; zero for rows that want nothing."""
    empty = ~where.any(1, keepdim=True)
    return near.masked_fill(~where & ~empty, -torch.inf).logsumexp(1).masked_fill(empty[:, 0], 0.0)
