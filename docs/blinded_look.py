"""Simulated livers among real ones, in mixed order with a key: python docs/blinded_look.py DATA [before|after].

DATA is the folder of real scans. Only those whose licence lets them be shown are used, with the attribution of the docs
page: TCGA-OV (CC BY 3.0), CPTAC-PDA (CC BY 3.0) and the example of TotalSegmentator (Apache-2.0).
"""

import sys
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy import ndimage

from hepaphase.io.dicom import read_series
from hepaphase.io.nifti import read_nifti
from hepaphase.phantom.cohorts import named_cohort
from hepaphase.phantom.detail import Detail
from hepaphase.phantom.population import SIM_REFERRAL
from hepaphase.phantom.simulate import draw, render
from hepaphase.study.phase import Phase

ASSETS = Path(__file__).parent / "assets"
CENTER_HU, WIDTH_HU = 45.0, 350.0
PIXEL_MM, SLICE_MM = 3.0, 3.0
SHAPE_YX = (104, 128)
NUM = 12
COLUMNS = 6
BEFORE = Detail(refined_lesions=True, fatty_share=0.1)


def main() -> None:
    data, when = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "after"
    population = replace(SIM_REFERRAL, detail=BEFORE) if when == "before" else SIM_REFERRAL
    tiles = [(f"simulated, patient {seed}, {phase}", tile) for seed, phase, tile in simulated(population)]
    tiles += list(real(data))
    order = np.random.default_rng(12).permutation(len(tiles))
    figure, axes = plt.subplots(len(tiles) // COLUMNS, COLUMNS, figsize=(12, 6.9), layout="constrained")
    for number, (axis, index) in enumerate(zip(axes.flat, order, strict=True), start=1):
        low, high = CENTER_HU - WIDTH_HU / 2, CENTER_HU + WIDTH_HU / 2
        axis.imshow(tiles[index][1], cmap="gray", vmin=low, vmax=high, interpolation="bicubic")
        axis.text(2, 8, str(number), color="yellow", fontsize=9)
        axis.set_axis_off()
        print(f"{number}: {tiles[index][0]}")
    target = ASSETS / f"blinded_{when}.webp"
    figure.savefig(target, dpi=110, pil_kwargs={"quality": 80, "method": 6})
    print(f"{target}: {target.stat().st_size / 1000:.0f} kB")


def simulated(population):
    """The first patients of sim-small in whom nothing failed, at three heights; a third without contrast."""
    done = 0
    for seed in named_cohort("sim-small").seeds():
        drawn = draw(seed, population)
        if drawn.events:
            continue
        phase = (Phase.PVP, Phase.NC, Phase.DP)[done % 3]
        case = render(drawn)
        yield (
            seed,
            phase,
            cut(case.study.phases[phase].hu, case.study.masks["liver"][0] > 0, (0.35, 0.5, 0.65)[done // 4]),
        )
        done += 1
        if done == NUM:
            return


def cut(hu, liver, height):
    """The slice at a height between the lowest and the highest with liver, around the middle of the body."""
    slices = np.flatnonzero(liver.sum(axis=(1, 2)) > 300)
    image = hu[int(slices[0] + height * (slices[-1] - slices[0]))]
    return centered(image)


def centered(image):
    """``SHAPE_YX`` pixels around the body; what lies outside the scan is air."""
    rows, columns = np.nonzero(ndimage.binary_opening(image > -200, iterations=3))
    padded = np.pad(image, 100, constant_values=-1000)
    y, x = (int((v.min() + v.max()) / 2) + 100 for v in (rows, columns))
    height, width = SHAPE_YX
    return padded[y - height // 2 : y + height // 2, x - width // 2 : x + width // 2]


REAL = (
    ("TCGA-OV 09-2043", "tcga-ov_09-2043_dicom", (0.70, 0.75, 0.80, 0.85)),
    ("CPTAC-PDA C3L-00189", "cptac-pda_C3L-00189_dicom", (0.35, 0.50, 0.65, 0.80)),
    ("TotalSegmentator example", "totalsegmentator_example/example_ct.nii.gz", (0.78, 0.84, 0.90, 0.96)),
)
"""Name, path, and heights of slices with liver."""


def real(data):
    """Slices of the same thickness and pixels as the simulated ones."""
    for name, path, heights in REAL:
        source = data / path
        hu, geometry, *_ = read_nifti(source) if source.is_file() else read_series(source)
        signs = np.sign(np.diag(geometry.affine_lps)[:3])[::-1]  # to slices from below, rows from the front
        hu = hu[tuple(slice(None, None, int(sign)) for sign in signs)]
        sizes = geometry.spacing_zyx_mm
        for height in heights:
            middle = int(height * (len(hu) - 1))
            half = max(0, round(SLICE_MM / sizes[0] / 2 - 0.5))
            image = hu[max(0, middle - half) : middle + half + 1].mean(axis=0)
            if sizes[1] < PIXEL_MM - 0.1:
                image = ndimage.gaussian_filter(image, PIXEL_MM / sizes[1] / 2.5)
                image = ndimage.zoom(image, sizes[1] / PIXEL_MM, order=1)
            yield f"{name}, slice {middle}", centered(image)


if __name__ == "__main__":
    main()
