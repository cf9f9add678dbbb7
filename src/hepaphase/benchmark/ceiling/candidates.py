"""Where a reader without the truth would look: bright and dark spots of the smoothed liver, phase by phase."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ...evaluation.lesions import SMALLEST_MM3
from ...study.lesions import LESION_CLASSES
from .describe import NUM_PHASES, SHAPE, VALUES, Floats, describe, grown, shape_of

QUANTILES = (0.002, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.998)
LEVELS = (1.8, 4.0)
"""How far from the liver's median a spot begins, in standard deviations."""
LARGEST_PER_LEVEL = 4
_SD_HU = (2.5, 6.0)
"""Limits of that standard deviation: a liver full of lesions must not hide them."""
_ON_LESION = 0.3
"""Share of a candidate that lies on a lesion so that it counts as that."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Spots of one patient and how the liver's HU are spread."""

    classes: npt.NDArray[np.int64]
    """(B,) index of the class of the lesion it lies on, -1 for none."""
    phases: npt.NDArray[np.int64]
    """(B,) phase it was seen in."""
    values: Floats
    """(B, phases, values)."""
    shapes: Floats
    """(B, shape)."""
    histogram: Floats
    """(phases, quantiles)."""


def find_candidates(
    noisy: npt.NDArray[np.float32],
    liver: npt.NDArray[np.bool_],
    lesions: npt.NDArray[np.integer],
    lesion_classes: Mapping[int, str],
    voxel_mm: float,
) -> Candidates:
    """Spots in the noisy phases, (phases, z, y, x), found without the truth and then told what they lie on."""
    box = grown(ndimage.find_objects(liver.astype(np.uint8))[0], liver.shape)
    liver, lesions = liver[box], lesions[box]
    inner = ndimage.binary_erosion(liver)
    smooth = np.stack([smoothed(volume, liver) for volume in noisy[(slice(None), *box)]])
    classes, phases, values, shapes = [], [], [], []
    for phase, volume in enumerate(smooth):
        if not np.isfinite(volume[inner]).all():
            continue
        for near, spot in _spots(volume, inner, voxel_mm):
            classes.append(_class_of(spot, lesions[near], lesion_classes, voxel_mm))
            phases.append(phase)
            values.append(describe(smooth[(slice(None), *near)], spot, inner[near]))
            shapes.append(shape_of(spot, voxel_mm))
    return Candidates(
        np.array(classes, np.int64),
        np.array(phases, np.int64),
        np.reshape(values, (-1, NUM_PHASES, len(VALUES))),
        np.reshape(shapes, (-1, len(SHAPE))),
        np.quantile(smooth[:, inner].astype(np.float64), QUANTILES, axis=1).T,
    )


def smoothed(hu: npt.NDArray[np.float32], liver: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """A Gaussian of one voxel that takes nothing from outside the liver."""
    weight = ndimage.gaussian_filter(liver.astype(np.float32), 1.0)
    inside = np.clip(np.where(liver, hu, 0), -100, 400)
    return np.asarray(ndimage.gaussian_filter(inside, 1.0) / np.maximum(weight, 1e-3), np.float32)


def _spots(
    volume: npt.NDArray[np.float32], inner: npt.NDArray[np.bool_], voxel_mm: float
) -> list[tuple[tuple[slice, ...], npt.NDArray[np.bool_]]]:
    low, middle, high = np.quantile(volume[inner], [0.25, 0.5, 0.75])
    excess = (volume - middle) / np.clip((high - low) / 1.349, *_SD_HU)
    found = []
    for sign in (1, -1):
        for level in LEVELS:
            labels, num = ndimage.label(inner & (sign * excess > level))
            if not num:
                continue
            weight = ndimage.sum_labels(np.abs(excess), labels, np.arange(1, num + 1))
            size = np.bincount(labels.ravel(), minlength=num + 1)[1:]
            weight[size * voxel_mm**3 < SMALLEST_MM3] = 0
            boxes = ndimage.find_objects(labels)
            for number in np.argsort(-weight)[:LARGEST_PER_LEVEL]:
                if weight[number] > 0:
                    near = grown(boxes[number], labels.shape)
                    found.append((near, labels[near] == number + 1))
    return found


def _class_of(
    spot: npt.NDArray[np.bool_], lesions: npt.NDArray[np.integer], classes: Mapping[int, str], voxel_mm: float
) -> int:
    counts = np.bincount(lesions[spot].ravel())
    on_lesions = counts[1:]
    if not on_lesions.size or on_lesions.sum() < _ON_LESION * spot.sum():
        return -1
    number = int(np.argmax(on_lesions)) + 1
    whole = int((lesions == number).sum())
    if whole * voxel_mm**3 < SMALLEST_MM3 and on_lesions.size:
        return -1
    return list(LESION_CLASSES).index(classes[number])
