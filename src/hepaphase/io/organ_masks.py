"""Organ masks that TotalSegmentator made: a folder of one file per organ, or one file with a table of names in it."""

import re
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import numpy.typing as npt

from ..base.errors import InputError
from ..study.geometry import Geometry
from .nifti import read_mask

Mask = tuple[npt.NDArray[Any], Geometry]

FOLDERS = ("segmentations", "totalsegmentator")
"""Where a case folder may hold them; or a file of that name."""
ORGANS = {
    "liver": ("liver",),
    "spleen": ("spleen",),
    "kidneys": ("kidney_left", "kidney_right"),
    "aorta": ("aorta",),
    "vena_cava": ("inferior_vena_cava",),
    "portal_vein": ("portal_vein_and_splenic_vein",),
}
"""Our mask to the names in TotalSegmentator's task ``total``."""
_LABEL = re.compile(r'<Label [^>]*Key="(\d+)"[^>]*>\s*(?:<!\[CDATA\[)?\s*([\w -]+?)\s*(?:\]\]>)?\s*</Label>')


def read_organ_masks(path: Path) -> dict[str, Mask]:
    """The masks of the organs we use, uint8 (z, y, x) with their grid.

    Args:
        path: a folder with ``liver.nii.gz``, ``spleen.nii.gz`` and so on, or one label map as TotalSegmentator writes
            it with ``--ml``. Labels are taken by the names in its header: numbers mean other organs in other versions.

    Raises:
        InputError: when there is no organ we use, or a label map without names.
    """
    if path.is_dir():
        masks = _from_folder(path)
    elif path.is_file():
        masks = _from_map(path)
    else:
        raise InputError(f"There is no folder or file of organ masks '{path}'.")
    if not masks:
        raise InputError(f"'{path}' holds none of {', '.join(n for names in ORGANS.values() for n in names)}.")
    return masks


def organ_masks_in(folder: Path) -> dict[str, Mask]:
    """The organ masks in a case folder, in ``segmentations`` or ``totalsegmentator``; none is no error."""
    places = [p for name in FOLDERS for p in (folder / name, folder / f"{name}.nii.gz", folder / f"{name}.nii")]
    found = [p for p in places if p.exists()]
    if len(found) > 1:
        raise InputError(f"'{folder}' holds both {found[0].name} and {found[1].name}. Keep one.")
    return read_organ_masks(found[0]) if found else {}


def _from_folder(folder: Path) -> dict[str, Mask]:
    masks: dict[str, Mask] = {}
    for ours, names in ORGANS.items():
        for path in (p for name in names for p in (folder / f"{name}.nii.gz", folder / f"{name}.nii") if p.is_file()):
            array, grid = read_mask(path)
            old = masks.get(ours)
            if old is not None:
                old[1].require(grid, what=f"'{path}'")
            inside = (array > 0) if old is None else (array > 0) | (old[0] > 0)
            masks[ours] = (inside.astype(np.uint8), grid)
    return masks


def _from_map(path: Path) -> dict[str, Mask]:
    labels, grid = read_mask(path)
    numbers = _names_in(path)
    if not numbers:
        raise InputError(
            f"'{path}' does not say which label is which organ, and numbers differ between versions. "
            "Give a folder of one file per organ."
        )
    masks: dict[str, Mask] = {}
    for ours, names in ORGANS.items():
        wanted = [number for number, name in numbers.items() if name in names]
        if wanted and np.isin(labels, wanted).any():
            masks[ours] = (np.isin(labels, wanted).astype(np.uint8), grid)
    return masks


def _names_in(path: Path) -> dict[int, str]:
    """Label to name by the table in the header's extension."""
    image: Any = nibabel.load(path)
    texts = [e.get_content() for e in image.header.extensions]
    joined = " ".join(t.decode("utf-8", "replace") if isinstance(t, bytes) else str(t) for t in texts)
    return {int(number): name.strip().lower().replace(" ", "_") for number, name in _LABEL.findall(joined)}
