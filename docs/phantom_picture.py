"""The picture of the simulator for the docs: python docs/phantom_picture.py."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from hepaphase.phantom.seeds import DEMO_SEED
from hepaphase.phantom.simulate import simulate
from hepaphase.study.phase import Phase

TARGET = Path(__file__).parent / "assets" / "phantom.png"
WINDOW = (-160, 240)


def main() -> None:
    case = simulate(DEMO_SEED)
    lesions = case.study.masks["lesions"][0]
    k = int(np.argmax((lesions > 0).sum(axis=(1, 2))))
    j = int(np.argmax((lesions > 0).sum(axis=(0, 2))))
    figure, axes = plt.subplots(2, 4, figsize=(11, 4.6), layout="constrained")
    for column, phase in enumerate(Phase):
        hu = case.study.phases[phase].hu
        show(axes[0, column], hu[k], f"{phase}, {case.study.phases[phase].time_s:.0f} s")
        show(axes[1, column], hu[::-1, j], "")
    figure.savefig(TARGET, dpi=80, pil_kwargs={"optimize": True})
    print(f"{TARGET}: {TARGET.stat().st_size / 1000:.0f} kB")


def show(axis: Axes, image: np.ndarray, title: str) -> None:
    axis.imshow(image, cmap="gray", vmin=WINDOW[0], vmax=WINDOW[1], interpolation="nearest")
    axis.set_title(title)
    axis.set_axis_off()


if __name__ == "__main__":
    main()
