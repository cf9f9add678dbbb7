"""A cohort of bright, dark and equal balls in the layout of prepared cases, written without the simulator."""

import json
from pathlib import Path

import numpy as np

SHAPE = (20, 28, 36)
HU = {"hcc": (45, 120, 90, 70), "cyst": (5, 5, 5, 5), "icc": (40, 55, 75, 95)}
GEOMETRY = {
    "shape_zyx": SHAPE,
    "spacing_xyz_mm": (4.0, 4.0, 4.0),
    "origin_lps_mm": (1.0, 2.0, 3.0),
    "direction": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
}
LIVER_HU = (56, 73, 109, 92)


def write_case(folder: Path, number: int, classes: tuple[str, ...], *, clean: bool = True) -> Path:
    """One case whose lesions have ids 3, 6, 9 ... and radius 2.5 voxels."""
    rng = np.random.default_rng(number)
    z, y, x = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    liver = ((z - 10) / 8) ** 2 + ((y - 14) / 11) ** 2 + ((x - 18) / 15) ** 2 < 1
    lesions = np.zeros(SHAPE, np.uint16)
    volumes = [np.where(liver, hu, -80.0) for hu in LIVER_HU]
    for place, key in enumerate(classes):
        center = (10, 10 + 4 * (place % 2), 10 + 8 * place)
        ball = (z - center[0]) ** 2 + (y - center[1]) ** 2 + (x - center[2]) ** 2 < 2.5**2
        lesions[ball] = 3 * (place + 1)
        for volume, hu in zip(volumes, HU[key], strict=True):
            volume[ball] = hu
    arrays = {
        f"hu_{p}": np.rint(v + rng.normal(0, 8, SHAPE)) for p, v in zip(("NC", "AP", "PVP", "DP"), volumes, strict=True)
    }
    if clean:
        arrays |= {f"clean_{p}": np.rint(v) for p, v in zip(("NC", "AP", "PVP", "DP"), volumes, strict=True)}
    path = folder / f"case-{number:03d}.npz"
    np.savez_compressed(
        path,
        case=path.stem,
        geometry=json.dumps(GEOMETRY),
        times_s=np.array([0, 35, 70, 180], np.float32),
        liver=liver.astype(np.uint8),
        lesions=lesions,
        lesion_ids=np.array([3 * (k + 1) for k in range(len(classes))], int),
        lesion_classes=np.array(classes, dtype=str),
        **{name: array.astype(np.int16) for name, array in arrays.items()},
    )
    return path


def write_lesion_cohort(folder: Path) -> Path:
    """Six cases: mostly hcc, one icc, one lesion-free."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [("hcc",), ("hcc", "cyst"), ("hcc",), ("icc",), (), ("hcc", "cyst", "hcc")]
    for number, classes in enumerate(rows):
        write_case(folder, number, classes)
    return folder
