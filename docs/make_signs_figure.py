"""Slices through lesions of the reference cohorts, a sign each, without noise: python docs/make_signs_figure.py."""

from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from hepaphase.benchmark.simulator import reference_enhancement
from hepaphase.phantom.detail import REFINED_CLASSES
from hepaphase.phantom.dress import draw_dressed
from hepaphase.phantom.growth import paint
from hepaphase.phantom.kinds import PLAIN_KIND, kind_of
from hepaphase.phantom.space import Places
from hepaphase.study.lesions import LIVER_NORMAL
from hepaphase.study.phase import Phase

TARGET = Path(__file__).parent / "assets" / "signs.webp"
SPACING_MM = 0.8
TILES = (
    ("septa, capsule", "hcc", "", Phase.DP, lambda one: one.signs.septa_mm and one.capsule_mm and not one.necrosis),
    ("cleft", "hemangioma", "", Phase.DP, lambda one: one.signs.cleft_mm),
    ("artery, scar", "fnh", "", Phase.AP, lambda one: one.signs.artery_mm and one.scar),
    ("bull's eye", "metastasis", "colorectal", Phase.PVP, lambda one: one.signs.raised_core and one.rim_mm),
    ("calcified", "metastasis", "colorectal", Phase.NC, lambda one: one.calcium),
    ("cystic", "metastasis", "net", Phase.AP, lambda one: one.necrosis >= 0.7),
    ("chambers", "other", "abscess", Phase.PVP, lambda one: one.signs.num_chambers),
    ("gas", "other", "abscess", Phase.PVP, lambda one: one.signs.gas),
    ("fat, old blood", "other", "adenoma", Phase.NC, lambda one: one.signs.bleed and one.signs.lobules),
    ("fat in lobules", "other", "angiomyolipoma", Phase.NC, lambda one: one.signs.lobules),
    ("lipiodol", "other", "treated", Phase.NC, lambda one: True),
    ("focal fat", "other", "focal_fat", Phase.PVP, lambda one: True),
    ("THAD", "other", "thad", Phase.AP, lambda one: True),
    ("lumps", "calcification", "", Phase.NC, lambda one: one.signs.num_clusters and one.long_axis_mm > 10),
    ("calcified rim", "calcification", "", Phase.NC, lambda one: one.signs.calcified_rim),
)


def main() -> None:
    enhancement = reference_enhancement(cirrhosis=False)
    liver_hu = enhancement.hu([LIVER_NORMAL])[0]
    figure, axes = plt.subplots(3, 5, figsize=(8.5, 5.6), layout="constrained")
    for axis, (title, key, name, phase, has) in zip(axes.flat, TILES, strict=True):
        lesion = first(key, name, has)
        if lesion.signs.wedge_axis:  # in a patient it opens towards the surface
            lesion = replace(lesion, signs=replace(lesion.signs, wedge_axis=(-0.8, -0.6, 0.0)))
        reach = 0.62 * lesion.long_axis_mm + 3
        line = np.arange(-reach, reach, SPACING_MM, dtype=np.float32)
        offsets = np.arange(-1, 2, dtype=np.float32) * SPACING_MM
        z, y, x = np.meshgrid(offsets, line, line, indexing="ij")
        cx, cy, cz = lesion.center
        painted = paint(lesion, Places(x + cx, y + cy, z + cz), enhancement, SPACING_MM)
        index = list(Phase).index(phase)
        image = np.full(x.shape, liver_hu[index], np.float32)
        area = image[painted.box]
        area += (painted.halo_hu[index] - area) * painted.halo
        area += (painted.hu[index] - area) * painted.share
        half = 600 if title == "gas" else 90
        axis.imshow(image[1], cmap="gray", vmin=liver_hu[index] - half, vmax=liver_hu[index] + half)
        axis.set_title(f"{title}\n{name or key}, {lesion.long_axis_mm:.0f} mm, {phase}", fontsize=7)
        axis.set_axis_off()
    figure.savefig(TARGET, dpi=90, pil_kwargs={"quality": 75, "method": 6})
    print(f"{TARGET}: {TARGET.stat().st_size / 1000:.0f} kB")


def first(key, name, has):
    """The first lesion of 8 mm or more that has the sign."""
    kind = kind_of(key, name) if name else PLAIN_KIND
    for seed in range(3000):
        for lesion in draw_dressed(seed, key, np.zeros((1, 3)), table=REFINED_CLASSES, kind=kind):
            if lesion.long_axis_mm >= 8 and has(lesion):
                return lesion
    raise SystemExit(f"No {key} with the sign in 3000 patients.")


if __name__ == "__main__":
    main()
