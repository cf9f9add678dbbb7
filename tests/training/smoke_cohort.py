"""A cohort of bright balls in the layout of prepared cases, written without the simulator."""

import json
from pathlib import Path

import numpy as np

SHAPES = ((24, 32, 32), (24, 40, 32), (32, 32, 32))


def write_case(folder: Path, number: int) -> Path:
    """One case: a liver of 100 HU in 0 HU, in one to four phases, on one of three grids."""
    rng = np.random.default_rng(number)
    shape = SHAPES[number % 3]
    z, y, x = np.ogrid[: shape[0], : shape[1], : shape[2]]
    liver = ((z - 12) ** 2 + (y - 16) ** 2 + (x - 15) ** 2 < 9**2).astype(np.uint8)
    geometry = {
        "shape_zyx": shape,
        "spacing_xyz_mm": (8.0, 8.0, 8.0),
        "origin_lps_mm": (-100.0 + number, 20.0, -300.0),
        "direction": np.eye(3).tolist(),
    }
    phases = ("NC", "AP", "PVP", "DP")[: number % 4 + 1]
    arrays = {f"hu_{p}": (100 * liver + rng.normal(0, 10, shape)).astype(np.int16) for p in phases}
    path = folder / f"case-{number:03d}.npz"
    np.savez(  # quick to read back
        path,
        case=path.stem,
        geometry=json.dumps(geometry),
        times_s=np.array([0, 35, np.nan, 180], np.float32),
        liver=liver,
        lesions=np.zeros(shape, np.uint16),
        lesion_ids=np.array([2, 5]),
        lesion_classes=np.array(["hcc", "cyst"]),
        clinical=json.dumps({"age": 61}),
        **arrays,
    )
    return path


def write_cohort(folder: Path, *, num_cases: int = 6) -> Path:
    """A folder of prepared cases."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(num_cases):
        write_case(folder, number)
    return folder
