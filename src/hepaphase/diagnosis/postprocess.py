"""From voxel probabilities to lesions. K classes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..base.errors import ConfigError
from ..study.geometry import Geometry

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadConfig:
    """How probabilities become lesions and scores; chosen on validation and kept in the bundle.

    Raises:
        ConfigError: for a share or threshold outside [0, 1], or a negative size.
    """

    voxel_share: float = 0.5
    """Share of the semantic branch in the semantic output; the rest comes from the queries."""
    background_logit: float = 0.0
    """Added to the background's logit in the semantic branch, whose loss weighs lesions as much as all the liver around
    them: log of how much rarer lesion voxels really are (our choice)."""
    threshold: float = 0.5
    """A voxel belongs to a lesion when its lesion classes sum to more."""
    min_mm3: float = 113.0
    """Smaller lesions are not reported: a sphere of 3 mm radius (product.md)."""
    outside_mm: float = 3.0
    """A lesion no voxel of which lies this close to the liver is dropped (PLAN)."""
    tile_zyx: tuple[int, int, int] | None = None
    """Size in voxels of the tiles that the volume is read in, overlapping by half; None reads it whole."""
    class_shares: tuple[float, ...] = ()
    """How common each class is among lesions. With them a lesion is named by the semantic branch, which learns from
    examples that ask for each class equally often, times these shares (Bayes' rule; our choice). Without, by the
    semantic output as it is."""
    namer_share: float = 0.5
    """What a namer says of a lesion, as a share of what its voxels say in the semantic output, from which the patient
    is scored; the rest is their own (our choice; docs/concepts/diagnosis.md)."""
    candidate_drop: float = 0.0
    """Where a checker judges them, finds are looked for with so much less on the background's logit: more of them, with
    wider outlines. The patient's scores are read without it."""
    min_sure: float = 0.5
    """Finds that the checker holds for less likely a lesion are left out."""

    def __post_init__(self) -> None:
        if not 0 <= self.namer_share <= 1:
            raise ConfigError(f"namer_share must be in [0, 1], got {self.namer_share}.")
        if not 0 <= self.min_sure <= 1 or self.candidate_drop < 0:
            raise ConfigError(f"min_sure must be in [0, 1] and candidate_drop not negative, got {self}.")
        if not (0 <= self.voxel_share <= 1 and 0 < self.threshold < 1):
            raise ConfigError(f"voxel_share must be in [0, 1] and threshold in (0, 1), got {self}.")
        if self.min_mm3 < 0 or self.outside_mm < 0:
            raise ConfigError(f"Sizes must not be negative, got {self}.")
        if self.class_shares and min(self.class_shares) <= 0:
            raise ConfigError(f"Shares of classes must be above zero, got {self.class_shares}.")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "ReadConfig":
        """From a bundle, where tuples have become lists."""
        tile = values.get("tile_zyx")
        shares = tuple(values.get("class_shares", ()))
        return cls(**{**values, "tile_zyx": None if tile is None else tuple(tile), "class_shares": shares})

    def to_dict(self) -> dict[str, Any]:
        """As plain values for a bundle."""
        return asdict(self)


def lesion_labels(
    semantic: Floats,
    liver: npt.NDArray[np.bool_],
    geometry: Geometry,
    config: ReadConfig,
    *,
    naming: Floats | None = None,
) -> tuple[Labels, Floats]:
    """Lesions 1 ... L of ``semantic`` (K + 1, z, y, x), background last, largest first, and their classes (L, K).

    A lesion is a connected component (26 neighbors) of the voxels whose lesion classes sum to more than the threshold,
    at or near the liver. Its class probabilities are the mean of its voxels', normalised; where ``naming`` (as
    ``semantic``, from the semantic branch alone) and ``class_shares`` are given, the mean of that times the shares.
    """
    near = near_liver(liver, geometry, config.outside_mm)
    components, _ = ndimage.label((1 - semantic[-1] > config.threshold) & near, structure=np.ones((3, 3, 3)))
    sizes = np.bincount(components.ravel())[1:]
    large = np.flatnonzero(sizes * geometry.voxel_ml * 1000 >= config.min_mm3)
    order = large[np.argsort(-sizes[large], kind="stable")]
    renumber = np.zeros(len(sizes) + 1, dtype=np.uint16)
    renumber[order + 1] = np.arange(1, len(order) + 1)
    labels = renumber[components]
    if naming is None or not config.class_shares:
        return labels, class_probabilities(semantic, labels)
    return labels, shared_out(class_probabilities(naming, labels), config.class_shares)


def shared_out(classes: Floats, shares: tuple[float, ...]) -> Floats:
    """Class probabilities (L, K) from examples of each class alike, where class k has ``shares[k]`` of all lesions."""
    table = classes * np.asarray(shares, np.float32)
    return np.asarray(table / np.maximum(table.sum(axis=1, keepdims=True), 1e-12), dtype=np.float32)


def renamed(semantic: Floats, labels: Labels, classes: Floats, *, share: float) -> Floats:
    """``semantic`` (K + 1, z, y, x) with the classes of each lesion's voxels drawn towards those of the lesion.

    How likely a voxel is background stays; of the rest ``share`` is parted as ``classes`` (L, K) has it for the lesion.
    """
    if not len(classes):
        return semantic
    inside = labels > 0
    out = semantic.copy()
    own = semantic[:-1, inside]
    said = classes[labels[inside] - 1].T * (1 - semantic[-1, inside])
    out[:-1, inside] = (1 - share) * own + share * said
    return out


def near_liver(liver: npt.NDArray[np.bool_], geometry: Geometry, distance_mm: float) -> npt.NDArray[np.bool_]:
    """Voxels within ``distance_mm`` of the liver, the liver included."""
    if not liver.any():
        return np.zeros_like(liver)
    away_mm = ndimage.distance_transform_edt(~liver, sampling=geometry.spacing_zyx_mm)
    return np.asarray(away_mm <= distance_mm)


def class_probabilities(semantic: Floats, labels: Labels) -> Floats:
    """Mean class probabilities (L, K) of the voxels of each lesion, each row summing to one."""
    count = int(labels.max())
    ids = np.arange(1, count + 1)
    sums = [ndimage.sum_labels(channel, labels, ids) for channel in semantic[:-1]]
    table = np.stack(sums, axis=1) if count else np.zeros((0, len(semantic) - 1))
    return np.asarray(table / np.maximum(table.sum(axis=1, keepdims=True), 1e-12), dtype=np.float32)
