"""Draw docs/assets/kinetics.png, the curves of vessels, organs and classes: python docs/figures/kinetics.py."""

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from hepaphase.kinetics.circulation import circulate
from hepaphase.kinetics.injection import Injection
from hepaphase.kinetics.patient import Patient
from hepaphase.kinetics.tissue import enhancement_mg_ml
from hepaphase.kinetics.tube import kappa_hu_per_mg_ml
from hepaphase.study.lesions import LESION_CLASSES, LIVER_NORMAL

TIMES_S = np.arange(0, 301, 1.0)
KAPPA = kappa_hu_per_mg_ml(120)
MEASURED = {"aorta": [(32, 300), (37, 336), (69.5, 125), (79.5, 117)], "portal_vein": [(32, 75), (37, 104)],
            "spleen": [(32, 97), (37, 108), (69.5, 82), (79.5, 73)],
            "liver": [(32, 15), (37, 25), (69.5, 59), (74.5, 61), (79.5, 63)]}  # fmt: skip


def main() -> None:
    figure, axes = plt.subplots(1, 3, figsize=(13, 4), constrained_layout=True)
    tracked = circulate(
        Patient(weight_kg=58, height_cm=160, cardiac_output_factor=1.1),
        Injection(concentration_mg_per_ml=300, volume_ml=116, rate_ml_per_s=4, saline_ml=0),
    )
    for name, color in (("aorta", "C3"), ("portal_vein", "C0"), ("spleen", "C4"), ("liver", "C2"), ("kidney", "C1")):
        axes[0].plot(tracked.time_s, KAPPA * tracked.mg_per_ml[name], color=color, label=name.replace("_", " "))
        for time_s, value in MEASURED.get(name, []):
            axes[0].plot(time_s, value, "o", color=color, markeredgecolor="k")
    axes[0].set(title="600 mgI/kg at 4 mL/s; dots: published means", ylabel="enhancement, HU", xlim=(0, 200))
    for factor in (0.5, 1.0, 1.4):
        curves = circulate(Patient(cardiac_output_factor=factor), Injection())
        line = axes[1].plot(curves.time_s, KAPPA * curves.mg_per_ml["aorta"], label=f"cardiac output x{factor}")[0]
        axes[1].plot(curves.time_s, KAPPA * curves.mg_per_ml["liver"], "--", color=line.get_color())
    axes[1].set(title="aorta (solid) and liver (dashed)", xlim=(0, 200))
    reference = circulate(Patient(weight_kg=65, height_cm=168), Injection())
    for key, row in LESION_CLASSES.items():
        if key == "calcification":  # some 290 HU in every phase
            continue
        tissue = row.tissues["body"]
        axes[2].plot(TIMES_S, tissue.hu0 + KAPPA * enhancement_mg_ml(tissue, reference, TIMES_S), label=key)
    liver = LIVER_NORMAL.hu0 + KAPPA * enhancement_mg_ml(LIVER_NORMAL, reference, TIMES_S)
    axes[2].plot(TIMES_S, liver, "k", lw=2.5, label="liver")
    axes[2].set(title="main compartment of each class", ylabel="HU", ylim=(-10, 190))
    for axis in axes:
        axis.set_xlabel("seconds after the start of injection")
        axis.legend(fontsize=7, ncols=2 if axis is axes[2] else 1, loc="upper right")
        axis.grid(alpha=0.3)
    figure.savefig(Path(__file__).parents[1] / "assets" / "kinetics.png", dpi=80)


if __name__ == "__main__":
    main()
