"""The one file that knows the sizes: settings in, network out."""

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from torch import nn

from ..base.errors import ConfigError
from ..nn.conv import ConvNormAct, Norm
from ..study.lesions import LESION_CLASSES
from ..study.phase import Phase
from .encoder import Encoder, Stage
from .fusion import IterativeFusion, PhaseStem, PhaseStems
from .mask_transformer import Fusions, MaskTransformer, VoxelHeads
from .pixel_decoder import PixelDecoder
from .query_decoder import DecoderLayer, QueryDecoder, QueryHeads
from .window import WindowsHu, check_windows


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """Sizes of the mask transformer. The paper gives the number of queries; everything else is our choice.

    Raises:
        ConfigError: for a setting that cannot be.
    """

    num_classes: int = len(LESION_CLASSES)
    windows_hu: WindowsHu = ((0.0, 160.0),)
    """Soft tissue."""
    contrast: bool = True
    """Read the contrast against the liver beside the windows."""
    fine_channels: int = 16
    """Of each stem's first block, at full resolution."""
    stem_channels: int = 32
    """Of each stem's second block."""
    stem_stride: int = 2
    """Of that block; the paper's is 1."""
    shared_operator: bool = True
    """Whether one fusion operator serves every step."""
    stage_channels: tuple[int, ...] = (64, 120)
    num_blocks: int = 2
    """Residual blocks per stage."""
    norm: Norm = "none"
    width: int = 96
    """Of the pyramid and of the queries."""
    finest_channels: int = 40
    num_queries: int = 50
    num_layers: int = 3
    num_heads: int = 8
    hidden: int = 256
    """Of the queries' feed-forward layers."""
    embedding: int = 24
    """Channels of the mask features."""
    semantic_branch: bool = True
    """Classify every voxel as well (PLAN), which trains faster than queries alone."""

    def __post_init__(self) -> None:
        check_windows(tuple((low, high) for low, high in self.windows_hu))
        if self.norm not in ("instance", "group", "none"):
            raise ConfigError(f"norm must be instance, group or none, got '{self.norm}'.")
        if self.width % self.num_heads:
            raise ConfigError(f"width must be a multiple of num_heads, got {self.width} and {self.num_heads}.")
        for name in ("num_classes", "stem_stride", "num_queries", "num_layers", "embedding"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, got {getattr(self, name)}.")

    @property
    def size_multiple(self) -> int:
        """Each axis of the input must be a multiple of this."""
        return self.stem_stride << len(self.stage_channels)

    def to_dict(self) -> dict[str, Any]:
        """As plain values for a bundle."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "NetworkConfig":
        """From a bundle, where tuples have become lists.

        Raises:
            ConfigError: naming a setting this version does not know.
        """
        known = set(cls.__dataclass_fields__)
        if unknown := sorted(set(values) - known):
            raise ConfigError(f"Unknown network settings {', '.join(unknown)}. Known: {', '.join(sorted(known))}.")
        plain = dict(values)
        if "windows_hu" in plain:
            plain["windows_hu"] = tuple((float(low), float(high)) for low, high in plain["windows_hu"])
        if "stage_channels" in plain:
            plain["stage_channels"] = tuple(plain["stage_channels"])
        return cls(**plain)


BACKGROUND_BIAS = 3.0
"""Start of the background's logit in the semantic branch: training need not first learn that lesions are rare."""


def build(config: NetworkConfig) -> MaskTransformer:
    """The network of ``config``, freshly initialised."""
    features = (config.stem_channels, *config.stage_channels)
    return MaskTransformer(
        _fusions(config),
        _encoder(config),
        PixelDecoder(features, width=config.width, num_finest=config.finest_channels, norm=config.norm),
        _queries(config),
        _voxel_heads(config),
        windows_hu=config.windows_hu,
        contrast=config.contrast,
    )


def _fusions(config: NetworkConfig) -> Fusions:
    fine, coarse, norm = config.fine_channels, config.stem_channels, config.norm
    stems = (
        PhaseStem(
            ConvNormAct(len(config.windows_hu) + config.contrast, fine, norm=norm),
            ConvNormAct(fine, coarse, stride=config.stem_stride, norm=norm),
        )
        for _ in Phase
    )
    count = 1 if config.shared_operator else len(Phase) - 1
    return Fusions(
        PhaseStems(stems),
        IterativeFusion(nn.ModuleList(ConvNormAct(2 * fine, fine, kernel=1, norm=norm) for _ in range(count))),
        IterativeFusion(nn.ModuleList(ConvNormAct(2 * coarse, coarse, norm=norm) for _ in range(count))),
    )


def _voxel_heads(config: NetworkConfig) -> VoxelHeads:
    width = config.embedding
    classes = nn.Conv3d(width, config.num_classes + 1, 1) if config.semantic_branch else None
    if classes is not None and classes.bias is not None:
        nn.init.zeros_(classes.bias)
        nn.init.constant_(classes.bias[-1:], BACKGROUND_BIAS)
    return VoxelHeads(
        ConvNormAct(width + config.fine_channels, width, norm=config.norm),
        nn.Conv3d(config.finest_channels, width, 1),
        nn.Conv3d(width, config.embedding, 1),
        classes,
    )


def _encoder(config: NetworkConfig) -> Encoder:
    widths = (config.stem_channels, *config.stage_channels)
    pairs = pairwise(widths)
    return Encoder(nn.ModuleList(Stage(a, b, num_blocks=config.num_blocks, norm=config.norm) for a, b in pairs))


def _queries(config: NetworkConfig) -> QueryDecoder:
    layers = (
        DecoderLayer(config.width, num_heads=config.num_heads, hidden=config.hidden) for _ in range(config.num_layers)
    )
    return QueryDecoder(
        nn.ModuleList(layers),
        QueryHeads(config.width, num_outputs=config.num_classes + 1, num_embedding=config.embedding),
        num_queries=config.num_queries,
        width=config.width,
        num_levels=len(config.stage_channels),
    )
