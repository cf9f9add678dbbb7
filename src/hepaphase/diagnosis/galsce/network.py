"""Streams per phase, an LSTM over the phases there are, two experts, late fusion. B batch, P phases, C channels."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from ...base.errors import ConfigError
from ...nn.conv import ConvNormAct, Norm, channels_last
from ...study.phase import Phase
from ..encoder import Stage
from ..known_facts import NUM_FACTS
from .scheme import scheme

NUM_CHANNELS = 2
"""Liver and lesions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GalsceConfig:
    """Sizes. Published: widths of ResNet-18 (64 to 512), 100 reduced features, an LSTM of two layers of 512.

    Raises:
        ConfigError: for a size below one.
        UnknownNameError: for a scheme that does not exist.
    """

    scheme: str = "origins"
    widths: tuple[int, ...] = (64, 128, 256, 512)
    stem: int = 64
    reduced: int = 100
    lstm: int = 512
    lstm_layers: int = 2
    norm: Norm = "batch"
    """ResNet's. Instance norm, which we had first, takes the HU of liver and lesions away: what is constant in a mask
    comes out alike however bright it is."""
    markers: bool = False
    """Read cirrhosis, markers and known cancer beside sex and age; GALS-CE reads those two alone."""

    def __post_init__(self) -> None:
        scheme(self.scheme)
        if min(*self.widths, self.stem, self.reduced, self.lstm, self.lstm_layers) < 1:
            raise ConfigError(f"Sizes must be at least one, got {self}.")

    def to_dict(self) -> dict[str, Any]:
        """As plain values for a bundle."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "GalsceConfig":
        """From a bundle, where tuples have become lists."""
        return cls(**{**values, "widths": tuple(values["widths"])})


class Stream(nn.Sequential):
    """One phase: a 3-D residual network in the style of ResNet-18, and the largest value of each feature."""

    def __init__(self, config: GalsceConfig) -> None:
        widths = (config.stem, *config.widths)
        stages = (Stage(a, b, num_blocks=2, norm=config.norm) for a, b in pairwise(widths))
        stem = ConvNormAct(NUM_CHANNELS, config.stem, norm=config.norm)
        super().__init__(stem, *stages, nn.AdaptiveMaxPool3d(1), nn.Flatten())


class Expert(nn.Module):
    """Streams of their own for each phase, what is known of the patient added, an LSTM over time, its largest state."""

    def __init__(self, config: GalsceConfig, num_outputs: int) -> None:
        super().__init__()
        self.streams = nn.ModuleList(Stream(config) for _ in Phase)
        self.reduce = nn.Linear(config.widths[-1], config.reduced)
        self.clinical = nn.Linear(NUM_FACTS, config.reduced)
        self.lstm = nn.LSTM(config.reduced, config.lstm, config.lstm_layers, batch_first=True)
        self.classify = nn.Linear(config.lstm, num_outputs)

    def forward(self, x: Tensor, present: Tensor, clinical: Tensor) -> tuple[Tensor, Tensor]:
        """Feature (B, H) and logits (B, K) from ``x`` (B, P, C, z, y, x), ``present`` (B, P), ``clinical`` (B, F).

        Phases that are not there are skipped, so the LSTM sees a shorter sequence; each study needs one phase.
        """
        known = self.clinical(clinical)
        steps = known.new_zeros((*present.shape, known.shape[1]))
        for index, stream in enumerate(self.streams):
            rows = present[:, index].nonzero().flatten()
            if len(rows):
                read = self.reduce(stream(channels_last(x[rows, index]))) + known[rows]
                steps = steps.index_put((rows, torch.full_like(rows, index)), read.to(steps.dtype))
        feature = last_states(self.lstm, steps, present).amax(1)
        return feature, self.classify(feature)


def last_states(lstm: nn.LSTM, steps: Tensor, present: Tensor) -> Tensor:
    """States (B, P, H) of the last layer after each step that is there, minus infinity elsewhere.

    ``steps`` (B, P, D) in order of time, ``present`` (B, P): what is there is moved to the front, in its order.
    """
    order = torch.argsort((~present).to(torch.int8), dim=1, stable=True)
    front = steps.gather(1, order[..., None].expand_as(steps))
    states: Tensor = lstm(front)[0]
    there = present.gather(1, order)
    return states.masked_fill(~there[..., None], -torch.inf)


class Galsce(nn.Module):
    """Both experts and, on their features, the whole's answer."""

    def __init__(self, config: GalsceConfig) -> None:
        super().__init__()
        asked = scheme(config.scheme)
        self.markers = config.markers
        self.first = Expert(config, len(asked.first))
        self.second = Expert(config, len(asked.second))
        self.fuse = nn.Linear(2 * config.lstm, len(asked.outputs))

    def read(self, clinical: Tensor) -> Tensor:
        """``clinical`` (B, F) with what the network does not read set to zero."""
        return clinical if self.markers else torch.cat([clinical[:, :3], torch.zeros_like(clinical[:, 3:])], dim=1)

    def forward(self, x: Tensor, present: Tensor, clinical: Tensor) -> Tensor:
        """Logits (B, K) of the outputs; the experts are not changed by what is learned here, nor by what is shown."""
        known = self.read(clinical)
        with torch.no_grad():
            features = [expert.eval()(x, present, known)[0] for expert in (self.first, self.second)]
        logits: Tensor = self.fuse(torch.cat(features, dim=1))
        return logits
