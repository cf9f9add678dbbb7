"""The one file that knows the sizes: settings in, network out."""

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Literal, get_args

from torch import nn

from ..base.errors import ConfigError
from ..nn.conv import ConvNormAct, Norm
from ..study.lesions import LESION_CLASSES, METASTASIS_ORIGINS
from ..study.phase import Phase
from .anchors import AnchorQueries
from .encoder import Encoder, Stage
from .fusion import IterativeFusion, PhaseStem, PhaseStems, start_as_mean
from .fusion_rivals import ConvLstmFusion, MomentFusion, StackedStem
from .known_facts import ClinicalTokens
from .mask_transformer import Extras, Fusion, Fusions, MaskTransformer, VoxelHeads
from .patient_branch import PatientBranch
from .pixel_decoder import PixelDecoder
from .query_decoder import DecoderLayer, QueryDecoder, QueryHeads
from .window import WindowsHu, check_windows

FusionKind = Literal["iterative", "stack", "moments", "convlstm"]
OperatorStart = Literal["random", "mean"]


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
    fusion: FusionKind = "iterative"
    """LIDIA's; the others are what it was held against (early stacking, HeMIS's moments, ConvLSTM)."""
    shared_operator: bool = True
    """Whether one operator of the iterative fusion serves every step."""
    operator_start: OperatorStart = "random"
    """What that operator does before training: any convolution, or nearly the mean of both maps (our choice)."""
    stage_channels: tuple[int, ...] = (64, 120)
    num_blocks: int = 2
    """Residual blocks per stage."""
    norm: Norm = "none"
    width: int = 96
    """Of the pyramid and of the queries."""
    finest_channels: int = 40
    num_queries: int = 50
    """Zero leaves the queries out: semantic segmentation alone, in the style of nnU-Net."""
    num_anchors: int = 0
    """Queries besides that start where the semantic branch sees a lesion (PLAN has 20)."""
    num_layers: int = 3
    num_heads: int = 8
    hidden: int = 256
    """Of the queries' feed-forward layers."""
    embedding: int = 24
    """Channels of the mask features."""
    semantic_branch: bool = True
    """Classify every voxel as well (PLAN), which trains faster than queries alone."""
    num_memory: int = 0
    """Tokens of the patient branch (PLAN has 192); zero leaves it out."""
    num_memory_layers: int = 2
    """PLAN has 4."""
    dropout: float = 0.2
    """In the patient branch (PLAN)."""
    num_origins: int = 0
    """Origins of metastases told apart, ``len(METASTASIS_ORIGINS)`` with that head; zero leaves it out."""
    clinical_tokens: bool = False
    """Let queries look at what is known of the patient; what is unknown is not looked at."""

    def __post_init__(self) -> None:
        check_windows(tuple((low, high) for low, high in self.windows_hu))
        if self.num_origins not in (0, len(METASTASIS_ORIGINS)):
            raise ConfigError(f"num_origins must be 0 or {len(METASTASIS_ORIGINS)}, got {self.num_origins}.")
        if self.norm not in ("instance", "group", "none"):
            raise ConfigError(f"norm must be instance, group or none, got '{self.norm}'.")
        if self.width % self.num_heads:
            raise ConfigError(f"width must be a multiple of num_heads, got {self.width} and {self.num_heads}.")
        if self.fusion not in get_args(FusionKind):
            raise ConfigError(f"fusion must be one of {', '.join(get_args(FusionKind))}, got '{self.fusion}'.")
        if self.operator_start not in get_args(OperatorStart):
            raise ConfigError(f"operator_start must be random or mean, got '{self.operator_start}'.")
        if not self.semantic_branch and (self.num_anchors or not self.num_queries):
            raise ConfigError("Anchors, and a network without queries, need the semantic branch.")
        if min(self.num_queries, self.num_anchors, self.num_memory) < 0 or not 0 <= self.dropout < 1:
            raise ConfigError(f"Numbers must not be negative and dropout must be in [0, 1), got {self}.")
        for name in ("num_classes", "stem_stride", "num_layers", "num_memory_layers", "embedding"):
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
        *_heads(config),
        windows_hu=config.windows_hu,
        contrast=config.contrast,
    )


def _heads(config: NetworkConfig) -> tuple[VoxelHeads, Extras]:
    """What stands on the pyramid."""
    queries = _queries(config) if config.num_queries else None
    voxel = _voxel_heads(config)
    anchors = AnchorQueries(config.num_anchors, config.embedding, config.width) if config.num_anchors else None
    patient = _patient(config) if config.num_memory else None
    clinical = ClinicalTokens(config.width) if config.clinical_tokens else None
    return voxel, Extras(queries=queries, anchors=anchors, patient=patient, clinical=clinical)


def _fusions(config: NetworkConfig) -> Fusions:
    fine, coarse, norm = config.fine_channels, config.stem_channels, config.norm
    width = len(config.windows_hu) + config.contrast
    stacked = config.fusion == "stack"

    def stem() -> PhaseStem:
        first = ConvNormAct(width * len(Phase) if stacked else width, fine, norm=norm)
        return PhaseStem(first, ConvNormAct(fine, coarse, stride=config.stem_stride, norm=norm))

    stems = StackedStem(stem()) if stacked else PhaseStems(stem() for _ in Phase)
    return Fusions(stems, _fusion(config, fine, kernel=1), _fusion(config, coarse, kernel=3))


def _fusion(config: NetworkConfig, num: int, *, kernel: int) -> Fusion:
    """The fusion of maps of ``num`` channels; after stacking there is nothing left to fuse."""
    if config.fusion == "moments":
        return MomentFusion(ConvNormAct(2 * num, num, kernel=kernel, norm=config.norm))
    if config.fusion == "convlstm":
        return ConvLstmFusion(num, kernel=kernel)
    steps = 0 if config.fusion == "stack" else 1 if config.shared_operator else len(Phase) - 1
    operators = [ConvNormAct(2 * num, num, kernel=kernel, norm=config.norm) for _ in range(steps)]
    if config.operator_start == "mean":
        for operator in operators:
            start_as_mean(operator)
    return IterativeFusion(nn.ModuleList(operators))


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
        nn.Conv3d(width, config.num_origins, 1) if config.num_origins else None,
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
        num_anchors=config.num_anchors,
        width=config.width,
        num_levels=len(config.stage_channels),
    )


def _patient(config: NetworkConfig) -> PatientBranch:
    layers = (
        DecoderLayer(config.width, num_heads=config.num_heads, hidden=config.hidden)
        for _ in range(config.num_memory_layers)
    )
    return PatientBranch(
        nn.ModuleList(layers),
        num_memory=config.num_memory,
        width=config.width,
        num_classes=config.num_classes,
        dropout=config.dropout,
    )
