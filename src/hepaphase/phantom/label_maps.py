"""Folders of whole-torso label maps, which is all that training the organ network needs."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
from scipy import ndimage

from ..base.atomic import atomic_path
from ..base.errors import InputError
from ..base.names import check_name
from ..base.seeds import stream
from ..io.nifti import read_mask
from ..resample.grid import resample
from ..study.geometry import Geometry
from .grids import Grid
from .labels import Organ
from .reshape import draw_shapes, reshape_organs
from .simulate import draw, render
from .torso import SPACING_MM, Labels, draw_torso, surround

_TRUNK = Grid(shape_zyx=(120, 136, 140), spacing_zyx_mm=(SPACING_MM, SPACING_MM, SPACING_MM), whole_body=True)
"""Chest to pelvis, 36 cm, around the liver."""


def read_organs(path: Path, names: Mapping[int, str]) -> Labels:
    """A label map of organs as ``Organ`` ids on 3 mm cubes along LPS, shape (z, y, x).

    Args:
        path: NIfTI file of whole numbers.
        names: What each of them is, as a name of ``Organ``; the others become background.

    Raises:
        InputError: when there is no liver or no aorta, without which no body can be put around.
    """
    stored, geometry = read_mask(path)
    table = np.zeros(int(stored.max()) + 1, np.uint8)
    for label, name in names.items():
        if label < len(table):
            table[label] = Organ[name]
    organs: Labels = resample(table[stored], geometry, _grid(geometry), order=0)
    for needed in (Organ.LIVER, Organ.AORTA):
        if not (organs == needed).any():
            raise InputError(f"'{path}' holds no {needed.name.lower()}. Name its labels, or take another map.")
    return organs


def read_names(path: Path) -> dict[int, str]:
    """What the labels of a map are, from JSON such as ``{"6": "LIVER"}``.

    Raises:
        InputError: when it is no such file.
        UnknownNameError: for an organ we have no label for.
    """
    try:
        names = {int(label): str(name) for label, name in json.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(f'\'{path}\' must be JSON that names labels, such as {{"6": "LIVER"}} ({error}).') from error
    for name in names.values():
        check_name(name, [organ.name for organ in Organ], kind="organ")
    return names


def write_embedded(out: Path, organs: Labels, *, num_maps: int, seed: int, name: str) -> list[Path]:
    """Write ``num_maps`` bodies around ``organs``, each with organs of other shapes; returns the files."""
    paths = []
    for number in range(num_maps):
        rng = stream(seed, "label map", name, number)
        shapes, torso = draw_shapes(rng), draw_torso(rng)
        drawn = {"shapes": asdict(shapes), "torso": asdict(torso), "source": name}
        labels = surround(reshape_organs(organs, shapes), torso)
        paths.append(write_label_map(out, f"{name}-{number:04d}", labels, drawn))
    return paths


def write_simulated(out: Path, *, num_maps: int, seed: int) -> list[Path]:
    """Write the anatomy of ``num_maps`` simulated patients, from ``seed`` on; returns the files."""
    paths = []
    for number in range(seed, seed + num_maps):
        case = render(draw(number), _TRUNK)
        labels = trunk_labels(case.truth.organs)
        paths.append(write_label_map(out, f"sim-{number:07d}", labels, {"phantom_seed": number}))
    return paths


def trunk_labels(organs: Labels) -> Labels:
    """Labels of a simulated patient as the image maker wants them.

    Fat inside the wall becomes ``SOFT_TISSUE``, to be filled with bowel; vessels inside the liver become liver, for
    others are painted there. A rim of fat between liver and wall, two voxels wide in the simulator, becomes liver:
    real livers lie on the wall, and a network that never sees that draws every outline a rim too small.
    """
    out = organs.copy()
    fat, _ = ndimage.label(out == Organ.FAT)
    skin = ndimage.binary_dilation(out == Organ.BACKGROUND)
    outer = np.unique(fat[skin & (fat > 0)])
    out[(fat > 0) & ~np.isin(fat, outer)] = Organ.SOFT_TISSUE
    liver = ndimage.binary_closing(out == Organ.LIVER, iterations=3)
    out[liver & np.isin(out, (Organ.PORTAL_VEIN, Organ.HEPATIC_VEIN))] = Organ.LIVER
    solid = np.isin(out, (Organ.LIVER, Organ.MUSCLE, Organ.BONE))
    near = ndimage.binary_dilation(out == Organ.LIVER, iterations=2)
    out[near & ndimage.binary_closing(solid, iterations=2) & (out == Organ.SOFT_TISSUE)] = Organ.LIVER
    return out


def write_label_map(out: Path, case: str, labels: Labels, drawn: Mapping[str, object]) -> Path:
    """Write one map of 3 mm cubes as ``case.npz`` with fields ``case``, ``geometry``, ``organs`` and ``drawn``."""
    spacing = (SPACING_MM, SPACING_MM, SPACING_MM)
    geometry = {"shape_zyx": labels.shape, "spacing_xyz_mm": spacing, "origin_lps_mm": (0.0, 0.0, 0.0)}
    path = out / f"{case}.npz"
    with atomic_path(path) as partial:
        np.savez_compressed(
            partial, case=case, geometry=json.dumps(geometry), organs=labels, drawn=json.dumps(drawn, default=str)
        )
    return path


def read_label_map(path: Path) -> Labels:
    """The labels (z, y, x) in a file of :func:`write_label_map`.

    Raises:
        InputError: when it is damaged, or holds no organs.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            spacing = json.loads(str(file["geometry"]))["spacing_xyz_mm"]
            labels = np.asarray(file["organs"], np.uint8)
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise InputError(f"'{path}' is not a label map ({error}). Write some with: hepaphase label-maps.") from error
    if not np.allclose(spacing, SPACING_MM):
        raise InputError(
            f"'{path}' has voxels of {spacing} mm, a label map has {SPACING_MM} mm. Prepared cases show too little of "
            "the body to learn organs from; write label maps with: hepaphase label-maps."
        )
    return labels


def _grid(geometry: Geometry) -> Geometry:
    corners = geometry.corners_lps_mm()
    low, high = corners.min(axis=0), corners.max(axis=0)
    x, y, z = (max(1, int(n)) for n in (high - low) / SPACING_MM + 1)
    spacing = (SPACING_MM, SPACING_MM, SPACING_MM)
    return Geometry((z, y, x), spacing, (float(low[0]), float(low[1]), float(low[2])))
