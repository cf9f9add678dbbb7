"""The loss of stage II: matches queries to lesions, then adds up the terms (LIDIA, equation 6)."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..base.errors import ConfigError
from .contrastive import ContrastConfig
from .losses import focal_loss, lesion_dice, point_dice, point_entropy, voxel_entropy, voxel_weight
from .mask_transformer import Prediction
from .matching import CostConfig, match
from .origins import origin_entropy
from .patient_branch import consistency, patient_entropy, patient_targets
from .points import PointConfig, SampledVoxels, least_certain, sample_voxels
from .query_decoder import QueryOutput


@dataclass(frozen=True, slots=True)
class Targets:
    """The truth about a batch."""

    labels: Tensor
    """(B, z, y, x) int64: 0 outside lesions, k for the k-th lesion of the study, none left out."""
    classes: tuple[Tensor, ...]
    """Per study the class index (K,) of its lesions."""
    liver: Tensor
    """(B, z, y, x) boolean, lesions included, with a margin if wanted."""
    ignore: Tensor
    """(B, z, y, x) boolean: lesions too small to be asked for."""
    origins: tuple[Tensor, ...] = ()
    """Per study the origin (K,) of its lesions, -1 where unknown or no metastasis; empty where none is known at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LossConfig:
    """Weights of the terms. 5 and 5 are the paper's; what it is silent about follows PLAN or is our choice.

    Raises:
        ConfigError: for a negative weight.
    """

    seg_weight: float = 5.0
    """Lambda 1: on cross-entropy and on Dice of the masks."""
    class_weight: float = 5.0
    """Lambda 2: on the focal loss of the classes."""
    gamma: float = 2.0
    no_object_weight: float = 0.1
    """Weight of queries that match nothing (PLAN)."""
    voxel_weight: float = 2.0
    """On the semantic branch (PLAN)."""
    outside_liver: float = 0.1
    """Weight of voxels outside the liver in the semantic branch."""
    lesion_power: float = 0.34
    """A lesion of n voxels counts n to this power in the semantic branch: 0 makes all lesions equal, 1 all voxels."""
    patient_weight: float = 1.0
    """On the patient branch, where there is one (our choice)."""
    consistency_weight: float = 0.1
    """On the difference between the patient branch and the queries (PLAN)."""
    origin_weight: float = 1.0
    """On the origins of metastases, where there is that head (our choice)."""
    full_voxels: int = 8
    """A patient has a class fully from this many voxels (half a milliliter at 4 mm; PLAN: 100 of its voxels)."""
    contrast: ContrastConfig = field(default_factory=ContrastConfig)
    """Lambda 3 and what belongs to it."""
    points: PointConfig = field(default_factory=PointConfig)
    cost: CostConfig = field(default_factory=CostConfig)

    def __post_init__(self) -> None:
        names = ["seg_weight", "class_weight", "gamma", "no_object_weight", "voxel_weight", "outside_liver"]
        for name in (*names, "patient_weight", "consistency_weight", "origin_weight"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} must not be negative, got {getattr(self, name)}.")
        if self.full_voxels < 1:
            raise ConfigError(f"full_voxels must be at least 1, got {self.full_voxels}.")


@dataclass(frozen=True, slots=True)
class Judged:
    """A prediction held against the truth."""

    terms: dict[str, Tensor]
    """The terms of the loss, unweighted and averaged over layers, and their weighted sum as ``loss``."""
    queries: Tensor
    """(N, D) of the last layer, those that answer for a lesion."""
    classes: Tensor
    """(N,) of these lesions."""


def criterion(
    prediction: Prediction, targets: Targets, config: LossConfig, generator: torch.Generator
) -> dict[str, Tensor]:
    """The terms of the loss, unweighted and averaged over layers, and their weighted sum as ``loss``."""
    return judge(prediction, targets, config, generator).terms


def judge(prediction: Prediction, targets: Targets, config: LossConfig, generator: torch.Generator) -> Judged:
    """Hold a prediction against the truth; the contrastive term is whose it is that keeps the memory bank.

    Deep supervision: every layer of the decoder is matched and judged on its own (Mask2Former).
    """
    features = prediction.mask_features.movedim(1, -1).flatten(1, 3)  # rows of voxels, as channels lie in memory
    terms: dict[str, Tensor] = {}
    loss = features.new_zeros(())
    queries, classes = features.new_zeros((0, 1)), targets.labels.new_zeros(0)
    if prediction.outputs:
        drawn = [
            sample_voxels(f, labels.flatten(), liver.flatten(), config.points, generator)
            for f, labels, liver in zip(features, targets.labels, targets.liver, strict=True)
        ]
        layers = [layer_terms(output, drawn, targets.classes, config) for output in prediction.outputs]
        terms = {name: torch.stack([layer[name] for layer, _ in layers]).mean() for name in layers[0][0]}
        loss = config.seg_weight * (terms["mask"] + terms["dice"]) + config.class_weight * terms["class"]
        matched = layers[-1][1]
        queries, classes = prediction.final.queries[matched[0], matched[1]], torch.cat(targets.classes)
    if prediction.voxel_logits is not None:
        terms["voxel"] = semantic_term(prediction.voxel_logits, targets, config)
        loss = loss + config.voxel_weight * terms["voxel"]
    if prediction.origin_logits is not None and targets.origins:
        terms["origin"] = origin_entropy(prediction.origin_logits, targets.labels, targets.origins)
        loss = loss + config.origin_weight * terms["origin"]
    if prediction.patient_logits is not None:
        terms |= patient_terms(prediction, prediction.patient_logits, targets, config)
        loss = loss + config.patient_weight * terms["patient"]
        loss = loss + config.consistency_weight * terms.get("consistency", 0.0)
    return Judged({"loss": loss, **terms}, queries, classes)


def patient_terms(prediction: Prediction, logits: Tensor, targets: Targets, config: LossConfig) -> dict[str, Tensor]:
    """Terms of the patient branch, the second only where there are queries."""
    wanted = patient_targets(
        targets.labels, targets.classes, num_classes=logits.shape[1], full_voxels=config.full_voxels
    )
    terms = {"patient": patient_entropy(logits, wanted)}
    if prediction.outputs:
        terms["consistency"] = consistency(logits, prediction.final.class_logits)
    return terms


def layer_terms(
    output: QueryOutput, drawn: list[SampledVoxels], classes: tuple[Tensor, ...], config: LossConfig
) -> tuple[dict[str, Tensor], tuple[Tensor, Tensor]]:
    """Class, mask and Dice term of one decoder layer; for each lesion its study and the query that answers for it."""
    no_object = output.class_logits.shape[2] - 1
    wanted = output.class_logits.new_full(output.class_logits.shape[:2], no_object, dtype=torch.long)
    masks, dices = [], []
    studies, answering = [wanted.new_zeros(0)], [wanted.new_zeros(0)]
    for index, (voxels, truth) in enumerate(zip(drawn, classes, strict=True)):
        if not len(truth):
            continue
        logits, target, own = study_logits(output, index, voxels)
        queries = match(output, index, logits, target, truth, config.cost)
        wanted[index, queries] = truth
        studies.append(torch.full_like(queries, index))
        answering.append(queries)
        at, goal = lesion_points(logits[queries], own, queries, voxels, config.points)
        masks.append(point_entropy(at, goal))
        dices.append(point_dice(at, goal))
    weight = output.class_logits.new_ones(no_object + 1, dtype=torch.float32)
    weight[no_object] = config.no_object_weight
    zero = output.embedding.sum() * 0.0
    terms = {
        "class": focal_loss(output.class_logits.flatten(0, 1), wanted.flatten(), gamma=config.gamma, weight=weight),
        "mask": torch.cat(masks).mean() if masks else zero,
        "dice": torch.cat(dices).mean() if dices else zero,
    }
    return terms, (torch.cat(studies), torch.cat(answering))


def study_logits(output: QueryOutput, index: int, voxels: SampledVoxels) -> tuple[Tensor, Tensor, Tensor]:
    """All queries of one study at all its points: logits (Q, C + K F), truth (K, C + K F), own logits (Q, K, F)."""
    embedding, bias = output.embedding[index].float(), output.bias[index].float()
    common = embedding @ voxels.common_features + bias
    own = torch.einsum("qe,kef->qkf", embedding, voxels.own_features) + bias[:, :, None]
    num_lesions, num_own = voxels.own_features.shape[0], voxels.own_features.shape[2]
    ids = torch.arange(1, num_lesions + 1, device=common.device)
    labels = torch.cat([voxels.common_labels, ids.repeat_interleave(num_own)])
    return torch.cat([common, own.flatten(1)], dim=1), labels[None] == ids[:, None], own


def lesion_points(
    logits: Tensor, own: Tensor, queries: Tensor, voxels: SampledVoxels, config: PointConfig
) -> tuple[Tensor, Tensor]:
    """Logits and truth (K, P) at the points that the loss of each lesion uses; ``logits`` (K, C + K F)."""
    common = logits[:, : len(voxels.common_labels)]
    picked = least_certain(common, config)
    ids = torch.arange(1, len(queries) + 1, device=logits.device)
    own_logits = own[queries, ids - 1]
    truth = voxels.common_labels[picked] == ids[:, None]
    return (
        torch.cat([common.gather(1, picked), own_logits], dim=1),
        torch.cat([truth, torch.ones_like(own_logits, dtype=torch.bool)], dim=1),
    )


def semantic_term(voxel_logits: Tensor, targets: Targets, config: LossConfig) -> Tensor:
    """Cross-entropy and Dice of the semantic branch."""
    logits = voxel_logits.flatten(2)
    labels = targets.labels.flatten(1)
    classes = class_map(labels, targets.classes, background=logits.shape[1] - 1)
    liver = targets.liver.flatten(1)
    asked = ~targets.ignore.flatten(1)
    weight = voxel_weight(labels, liver, outside=config.outside_liver, lesion_power=config.lesion_power) * asked
    return voxel_entropy(logits, classes, weight) + lesion_dice(logits, labels > 0, (liver * asked).float())


def class_map(labels: Tensor, classes: tuple[Tensor, ...], *, background: int) -> Tensor:
    """Class index per voxel, shape of ``labels`` (B, N)."""
    tables = [torch.cat([row.new_full((1,), background), row]) for row in classes]
    return torch.stack([table[row] for table, row in zip(tables, labels, strict=True)])
