"""Volumes for the viewer: cropped to the liver, 8 bit, small enough to live inside the page."""

import base64
import gzip
import math
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt

from ..study.geometry import Floats, Geometry
from .picture import WINDOW_HU, to_gray
from .view import View

MAX_VOXELS = 9_000_000
"""Of all phases and the labels together. Noise does not compress, so this bounds the page: 12 MB in base64."""
LIVER_LABEL = 1
"""In the label volume; lesion k (in the order of the report) is k + 1."""

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])

Array = npt.NDArray[Any]

_NIFTI: Any = nib  # its classes carry no types


def viewer_volumes(view: View, lesion_ids: list[int], *, generated: frozenset[str]) -> dict[str, str]:
    """Name of a phase, or ``labels``, to a base64 gzip NIfTI of 8 bit, all on one grid.

    Gray 0 to 255 spans ``WINDOW_HU`` and the header's slope gives HU back. Axes and origin are those of the patient.
    """
    steps = reduction(view.geometry, num_volumes=len(view.hu) + 1)
    affine = _reduced_affine(view.geometry, steps)
    volumes = {
        str(phase): _nifti(
            _reduce(to_gray(hu), steps),
            affine,
            description=f"{phase} GENERATED" if str(phase) in generated else f"{phase}",
            slope=(WINDOW_HU[1] - WINDOW_HU[0]) / 255,
            inter=WINDOW_HU[0],
        )
        for phase, hu in view.hu.items()
    }
    labels = viewer_labels(view, lesion_ids)
    volumes["labels"] = _nifti(_reduce_labels(labels, steps), affine, description="liver 1, lesions 2...")
    return volumes


def viewer_labels(view: View, lesion_ids: list[int]) -> npt.NDArray[np.uint8]:
    """The liver as 1, the lesions as 2 and up in the order of ``lesion_ids``; ids beyond 254 share the last label."""
    lookup = np.zeros(int(view.lesions.max(initial=0)) + 1, dtype=np.uint8)
    for place, lesion_id in enumerate(lesion_ids):
        if lesion_id < len(lookup):
            lookup[lesion_id] = min(LIVER_LABEL + 1 + place, 255)
    lesions = lookup[view.lesions]
    return np.where(lesions > 0, lesions, view.liver.astype(np.uint8) * np.uint8(LIVER_LABEL))


def reduction(geometry: Geometry, *, num_volumes: int) -> tuple[int, int, int]:
    """By how much each axis (z, y, x) is averaged so that all volumes stay within ``MAX_VOXELS``.

    The finest axis is halved (then cut to thirds, and so on) first, so that voxels become more nearly cubes.
    """
    shape, spacing = np.asarray(geometry.shape_zyx), np.asarray(geometry.spacing_zyx_mm)
    steps = np.ones(3, dtype=int)
    while num_volumes * math.prod((-(-shape // steps)).tolist()) > MAX_VOXELS:
        width = spacing * steps
        finest = width <= width.min() * 1.01
        steps[finest] += 1
    z, y, x = steps.tolist()
    return (z, y, x)


def _reduce(gray: npt.NDArray[np.uint8], steps: tuple[int, int, int]) -> npt.NDArray[np.uint8]:
    """Block means; what does not fill a block is padded with its edge."""
    blocks = _blocks(gray, steps)
    return np.asarray(np.rint(blocks.mean(axis=(1, 3, 5), dtype=np.float32)), dtype=np.uint8)


def _reduce_labels(labels: npt.NDArray[np.uint8], steps: tuple[int, int, int]) -> npt.NDArray[np.uint8]:
    """The highest label of each block, so that no small lesion is lost."""
    return np.asarray(_blocks(labels, steps).max(axis=(1, 3, 5)))


def _blocks(array: Array, steps: tuple[int, int, int]) -> Array:
    pads = [(0, -size % step) for size, step in zip(array.shape, steps, strict=True)]
    padded = np.pad(array, pads, mode="edge")
    z, y, x = (size // step for size, step in zip(padded.shape, steps, strict=True))
    return padded.reshape(z, steps[0], y, steps[1], x, steps[2])


def _reduced_affine(geometry: Geometry, steps: tuple[int, int, int]) -> Floats:
    """RAS affine of the blocks, whose first center lies between the voxels it averages."""
    steps_xyz = np.asarray(steps[::-1], dtype=float)
    block = np.eye(4)
    block[:3, :3] = np.diag(steps_xyz)
    block[:3, 3] = (steps_xyz - 1) / 2
    return np.asarray(_LPS_TO_RAS @ geometry.affine_lps @ block)


def _nifti(
    array: npt.NDArray[np.uint8], affine: Floats, *, description: str, slope: float = 1.0, inter: float = 0.0
) -> str:
    """A (z, y, x) array as base64 of a gzip NIfTI, the same bytes every time."""
    image = _NIFTI.Nifti1Image(array.transpose(2, 1, 0), affine)
    image.header["descrip"] = description.encode("ascii")[:80]
    image.header.set_xyzt_units("mm")
    raw = bytearray(image.to_bytes())
    header = _NIFTI.Nifti1Header(bytes(raw[:348]))
    header["scl_slope"], header["scl_inter"] = slope, inter  # nibabel computes its own on saving
    raw[:348] = header.binaryblock
    return base64.b64encode(gzip.compress(bytes(raw), compresslevel=6, mtime=0)).decode("ascii")
