"""Every lesion reported in the real scans that may be shown: python docs/real_lesions.py DATA READINGS.

DATA is the folder of real scans, READINGS holds what `hepaphase read` wrote for each, in folders ``tcga-ov``,
``cptac-pda`` and ``totalsegmentator``. The attribution is that of the docs page: TCGA-OV (CC BY 3.0), CPTAC-PDA
(CC BY 3.0) and the example of TotalSegmentator (Apache-2.0).
"""

import json
import sys
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np

from hepaphase.io.dicom import read_series
from hepaphase.io.nifti import read_mask, read_nifti

TARGET = Path(__file__).parent / "assets" / "real_lesions.webp"
CENTER_HU, WIDTH_HU = 60.0, 300.0
HALF_MM = 75.0
COLUMNS = 5


class Tile(NamedTuple):
    title: str
    hu: np.ndarray
    lesion: np.ndarray
    liver: np.ndarray
    pixel_mm: float


def main(data: Path, readings: Path) -> None:
    tiles = [
        tile
        for name, folder in (
            ("tcga-ov", "tcga-ov_09-2043_dicom"),
            ("cptac-pda", "cptac-pda_C3L-00189_dicom"),
            ("totalsegmentator", "totalsegmentator_example/example_ct_sm.nii.gz"),
        )
        for tile in reported(name, data / folder, readings / name)
    ]
    num_rows = -(-len(tiles) // COLUMNS)
    figure, axes = plt.subplots(num_rows, COLUMNS, figsize=(11, 2.5 * num_rows), layout="constrained", squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    low, high = CENTER_HU - WIDTH_HU / 2, CENTER_HU + WIDTH_HU / 2
    for axis, tile in zip(axes.flat, tiles, strict=False):
        axis.imshow(tile.hu, cmap="gray", vmin=low, vmax=high)
        axis.contour(tile.liver, [0.5], colors="tab:green", linewidths=0.7)
        axis.contour(tile.lesion, [0.5], colors="tab:red", linewidths=1.0)
        axis.set_title(tile.title, fontsize=7)
    figure.suptitle(
        "Reported as lesions in real scans, none of which is known to have one. Research use only.", fontsize=9
    )
    TARGET.parent.mkdir(exist_ok=True)
    figure.savefig(TARGET, dpi=85, pil_kwargs={"quality": 80})
    print(f"{len(tiles)} lesions, {TARGET}: {TARGET.stat().st_size / 1000:.0f} kB")


def reported(name: str, scan: Path, reading: Path) -> list[Tile]:
    """One axial piece for each lesion of a reading, where the lesion is widest."""
    hu, geometry = read_nifti(scan) if scan.is_file() else read_series(scan)[:2]
    lesions, _ = read_mask(reading / "lesions.nii.gz")
    liver, _ = read_mask(reading / "liver.nii.gz")
    assert lesions.shape == hu.shape
    found = json.loads((reading / "findings.json").read_text(encoding="utf-8"))["lesions"]
    tiles = []
    for lesion in found:
        own = lesions == lesion["id"]
        z = int(own.sum(axis=(1, 2)).argmax())
        pixel_mm = geometry.spacing_zyx_mm[1]
        half = round(HALF_MM / pixel_mm)
        y, x = (int(v) for v in np.argwhere(own[z]).mean(axis=0))
        where = (z, slice(max(0, y - half), y + half), slice(max(0, x - half), x + half))
        key = max(lesion["probabilities"], key=lesion["probabilities"].__getitem__)
        title = f"{name}, {lesion['long_axis_mm']:.0f} mm\n{key} {lesion['probabilities'][key]:.2f}"
        title += f", a lesion at all {lesion['confidence']:.2f}"
        tiles.append(Tile(title, hu[where], own[where], liver[where] > 0, pixel_mm))
    return tiles


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
