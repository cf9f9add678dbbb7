"""The anatomy of the reference cohorts before and after vessels were grown: python docs/make_anatomy_figure.py."""

from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from hepaphase.phantom.population import SIM_REFERRAL
from hepaphase.phantom.simulate import draw, render
from hepaphase.study.phase import Phase

TARGET = Path(__file__).parent / "assets" / "anatomy.webp"
SEEDS = {20002: 0.6, 20007: 0.55, 20048: 0.55, 20069: 0.5, 20095: 0.6}
"""Test patient to the height of the slice in the liver; the first two have no cirrhosis."""
BEFORE = replace(SIM_REFERRAL, detail=replace(SIM_REFERRAL.detail, liver_disease=False, grown_vessels=False))
COLORS = np.array([[0, 0, 0], [90, 160, 255], [70, 220, 120], [255, 80, 60]]) / 255


def main() -> None:
    figure, axes = plt.subplots(4, len(SEEDS), figsize=(12, 8.4), layout="constrained")
    for column, (seed, height) in zip(axes.T, SEEDS.items(), strict=True):
        pictures = [render(draw(seed, population)) for population in (BEFORE, SIM_REFERRAL)]
        for axis, case in zip(column[:2], pictures, strict=True):
            axis.imshow(middle(case, height), cmap="gray", vmin=-130, vmax=220, interpolation="bicubic")
        truth = pictures[1].truth
        liver = np.flatnonzero(truth.segments.any(axis=(1, 2)))
        column[2].imshow(np.ma.masked_equal(slice_at(truth.segments, liver, height), 0), cmap="tab10", vmin=0, vmax=9)
        column[3].imshow(COLORS[truth.vessels.max(axis=1)][::-1])
        stage = pictures[1].truth.patient.anatomy.signs.stage
        column[0].set_title(f"patient {seed}, " + (f"stage {stage:.2f}" if stage else "no cirrhosis"), fontsize=8)
    for axis in axes.flat:
        axis.set_axis_off()
    figure.savefig(TARGET, dpi=100, pil_kwargs={"quality": 75, "method": 6})
    print(f"{TARGET}: {TARGET.stat().st_size / 1000:.0f} kB")


def middle(case, height):
    liver = np.flatnonzero(case.study.masks["liver"][0].sum(axis=(1, 2)) > 100)
    return slice_at(case.study.phases[Phase.PVP].hu, liver, height)


def slice_at(volume, slices, height):
    return volume[int(slices[0] + height * (slices[-1] - slices[0]))][10:114]


if __name__ == "__main__":
    main()
