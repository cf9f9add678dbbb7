"""The picture of a real scan completed, for the docs: python docs/real_completed_picture.py EXAMPLE_CT.nii.gz.

The example scan of TotalSegmentator (Apache-2.0).
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from hepaphase.inference.models import Models
from hepaphase.inference.physics import PhysicsOptions, completed
from hepaphase.io.source import read_source
from hepaphase.study.phase import Phase

TARGET = Path(__file__).parent / "assets" / "real_completed.webp"
WINDOW = (-100, 260)


def main(scan: Path) -> None:
    study = read_source(scan, phases={Phase.NC: None})
    laid, _ = completed(study, Models.load(()), PhysicsOptions(complete=tuple(Phase)))
    kidneys, liver = (laid.masks[name] > 0 for name in ("kidneys", "liver"))
    k = int(np.argmax(np.minimum(kidneys.sum(axis=(1, 2)), liver.sum(axis=(1, 2)))))
    j = int(np.argmax((laid.masks["aorta"] > 0).sum(axis=(0, 2))))
    figure, axes = plt.subplots(2, 4, figsize=(11, 4.8), layout="constrained")
    for column, phase in enumerate(Phase):
        how = "scanned" if phase in laid.inputs else f"generated, {laid.time_s[phase]:.0f} s"
        show(axes[0, column], laid.hu[phase][k], f"{phase}, {how}")
        show(axes[1, column], laid.hu[phase][::-1, j], "")
    figure.savefig(TARGET, dpi=70, pil_kwargs={"quality": 70})
    print(f"{TARGET}: {TARGET.stat().st_size / 1000:.0f} kB")


def show(axis: Axes, image: np.ndarray, title: str) -> None:
    axis.imshow(image, cmap="gray", vmin=WINDOW[0], vmax=WINDOW[1], interpolation="bilinear")
    axis.set_title(title)
    axis.set_axis_off()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
