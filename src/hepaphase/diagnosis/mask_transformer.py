"""LIDIA's network: fused phases, encoder, pixel decoder, queries. B batch, P phases, K classes, E embedding."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..nn.conv import ConvNormAct, channels_last, upsample_to
from .anchors import AnchorQueries
from .encoder import Encoder
from .fusion import IterativeFusion, PhaseStems
from .fusion_rivals import ConvLstmFusion, MomentFusion, StackedStem
from .known_facts import NUM_FACTS, ClinicalTokens
from .patient_branch import PatientBranch
from .pixel_decoder import PixelDecoder
from .query_decoder import QueryDecoder, QueryOutput
from .window import Scan, WindowsHu, network_channels


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the network says of a batch, before any threshold."""

    outputs: list[QueryOutput]
    """Answers of the queries, final layer last; empty for a network without queries."""
    mask_features: Tensor
    """(B, E, z, y, x) at full resolution."""
    voxel_logits: Tensor | None
    """(B, K + 1, z, y, x) of the semantic branch, background last; None without that branch."""
    patient_logits: Tensor | None = None
    """(B, K) of the patient branch; None without that branch."""
    origin_logits: Tensor | None = None
    """(B, R, z, y, x), where a metastasis would come from; None without that head."""

    @property
    def final(self) -> QueryOutput:
        """The answers of the last layer."""
        return self.outputs[-1]

    def mask_logits(self) -> Tensor:
        """Final mask logits, (B, Q, z, y, x)."""
        flat = self.final.mask_logits(self.mask_features.flatten(2))
        return flat.reshape(*flat.shape[:2], *self.mask_features.shape[2:])


Fusion = IterativeFusion | MomentFusion | ConvLstmFusion


class Fusions(nn.Module):
    """Stems, and the fusion of what they see at each of their two sizes."""

    def __init__(self, stems: PhaseStems | StackedStem, fine: Fusion, coarse: Fusion) -> None:
        super().__init__()
        self.stems = stems
        self.fine = fine
        self.coarse = coarse

    def forward(self, x: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Fused maps of ``x`` (B, P, W, z, y, x) at full resolution and at the encoder's."""
        parts = self.stems(x, present)
        fine = self.fine([(p.index, p.rows, p.fine) for p in parts], len(x))
        coarse = self.coarse([(p.index, p.rows, p.coarse) for p in parts], len(x))
        return channels_last(fine), channels_last(coarse)


class VoxelHeads(nn.Module):
    """From the pyramid's finest map and the full-resolution fusion to mask features and, if wanted, class logits."""

    def __init__(
        self,
        smooth: ConvNormAct,
        reduce: nn.Conv3d,
        features: nn.Conv3d,
        classes: nn.Conv3d | None,
        origins: nn.Conv3d | None = None,
    ) -> None:
        """``classes`` is the semantic branch (as in PLAN), background last, or None to leave it out; so ``origins``."""
        super().__init__()
        self.reduce = reduce
        self.smooth = smooth
        self.features = features
        self.classes = classes
        self.origins = origins

    def forward(self, finest: Tensor, fine: Tensor) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Mask features, class logits and logits of origins at the size of ``fine``."""
        shared = self.shared(finest, fine)
        classes = None if self.classes is None else self.classes(shared)
        return self.features(shared), classes, None if self.origins is None else self.origins(shared)

    def shared(self, finest: Tensor, fine: Tensor) -> Tensor:
        """The map that all heads read, at the size of ``fine``."""
        shared: Tensor = self.smooth(torch.cat([upsample_to(self.reduce(finest), fine), fine], dim=1))
        return shared


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """Parts that a network may have or not."""

    queries: QueryDecoder | None
    anchors: AnchorQueries | None = None
    patient: PatientBranch | None = None
    clinical: ClinicalTokens | None = None


class MaskTransformer(nn.Module):
    """The whole network; receives finished parts (``build.py`` knows the sizes)."""

    def __init__(
        self,
        fusions: Fusions,
        encoder: Encoder,
        pixel_decoder: PixelDecoder,
        voxel_heads: VoxelHeads,
        extras: Extras,
        *,
        windows_hu: WindowsHu,
        contrast: bool,
    ) -> None:
        super().__init__()
        self.fusions = fusions
        self.encoder = encoder
        self.pixel_decoder = pixel_decoder
        self.query_decoder = extras.queries
        self.voxel_heads = voxel_heads
        self.anchors = extras.anchors
        self.patient_branch = extras.patient
        self.clinical_tokens = extras.clinical
        self.windows_hu = windows_hu
        self.contrast = contrast

    def forward(self, scan: Scan) -> Prediction:
        """Read a batch; each axis must be a multiple of ``size_multiple`` of the configuration."""
        fine, levels, finest = self._pyramid(scan)
        mask_features, voxel_logits, origins = self.voxel_heads(finest, fine)
        patient = None if self.patient_branch is None else self.patient_branch(levels)
        answers = self._answers(levels, mask_features, voxel_logits, self._facts(scan))
        return Prediction(answers, mask_features, voxel_logits, patient, origins)

    def shared(self, scan: Scan) -> Tensor:
        """The map (B, width, z, y, x) that the voxel heads read."""
        fine, _, finest = self._pyramid(scan)
        return self.voxel_heads.shared(finest, fine)

    def _pyramid(self, scan: Scan) -> tuple[Tensor, list[Tensor], Tensor]:
        channels = network_channels(scan, self.windows_hu, contrast=self.contrast)
        fine, coarse = self.fusions(channels, scan.present)
        levels, finest = self.pixel_decoder(self.encoder(coarse))
        return fine, levels, finest

    def _facts(self, scan: Scan) -> tuple[Tensor, Tensor] | None:
        """Tokens of what is known of the patients, and which; None for a network that does not look at them."""
        if self.clinical_tokens is None:
            return None
        nothing = torch.zeros(len(scan.hu), NUM_FACTS, device=scan.hu.device)
        facts: tuple[Tensor, Tensor] = self.clinical_tokens(nothing if scan.clinical is None else scan.clinical)
        return facts

    def _answers(
        self,
        levels: list[Tensor],
        mask_features: Tensor,
        voxel_logits: Tensor | None,
        facts: tuple[Tensor, Tensor] | None,
    ) -> list[QueryOutput]:
        if self.query_decoder is None:
            return []
        anchors = None
        if self.anchors is not None:
            assert voxel_logits is not None, "anchors come from the semantic branch"
            anchors = self.anchors(mask_features, voxel_logits)
        answers: list[QueryOutput] = self.query_decoder(levels, mask_features, anchors, facts)
        return answers


def num_parameters(network: nn.Module) -> int:
    """How many numbers the network learns."""
    return sum(p.numel() for p in network.parameters())
