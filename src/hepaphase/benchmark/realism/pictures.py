"""Plots and pictures of the report."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from .counts import Counted
from .curves import TIMES_S, Curve
from .noise import GRIDS_MM, Spectrum
from .texture import Liver

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEVEL_HU, WIDTH_HU = 60.0, 350.0
_TILE = 96
_SHOWABLE = ("totalsegmentator_example", "tcga-ov_09-2043_dicom", "cptac-pda_C3L-00189_dicom")
"""Real scans whose licence lets slices be shown (the data folder's notes)."""


def plot_curves(curves: Sequence[Curve], path: Path) -> None:
    """Enhancement over time, organs left, lesions right."""
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    for axis, group in zip(figure.subplots(1, 2), ("organ", "lesion"), strict=True):
        for number, one in enumerate(c for c in curves if c.group == group):
            axis.plot(TIMES_S, one.enhancement_hu, label=one.name, ls=("-", "--", ":")[number // 10], lw=1.2)
        axis.set(xlabel="s after start of injection", ylabel="enhancement, HU", title=f"{group}s")
        axis.legend(fontsize=6, ncols=2)
    _save(figure, path)


def plot_noise(spectra: Sequence[Spectrum], path: Path) -> None:
    """Measured (points) on asked (lines), one panel per grid."""
    figure = Figure(figsize=(10, 3), layout="constrained")
    panels = figure.subplots(1, len(GRIDS_MM))
    panels[0].set_ylabel("share of noise power")
    for axis, pixel_mm in zip(panels, GRIDS_MM, strict=True):
        for one in (s for s in spectra if s.pixel_mm == pixel_mm):
            (line,) = axis.plot(one.frequency_per_mm, one.asked, lw=1)
            axis.plot(one.frequency_per_mm, one.power, ".", ms=3, color=line.get_color(), label=one.reconstruction)
        axis.set(xlabel="spatial frequency, 1/mm", title=f"{pixel_mm:g} mm pixels")
        axis.legend(fontsize=7)
    _save(figure, path)


def plot_sizes(rows: Sequence[Counted], path: Path) -> None:
    """Histograms of long axes, and the notes' log-normal."""
    figure = Figure(figsize=(9, 5.4), layout="constrained")
    for axis, row in zip(figure.subplots(3, 3).flat, rows, strict=True):
        _histogram(axis, row)
    figure.supxlabel("long axis, mm", fontsize=8)
    figure.supylabel("share of lesions", fontsize=8)
    _save(figure, path)


def _histogram(axis: "Axes", row: Counted) -> None:
    edges = np.geomspace(3.5, 115, 22)
    axis.hist(
        row.sizes_mm,
        edges.tolist(),
        density=False,
        weights=np.full(len(row.sizes_mm), 1 / len(row.sizes_mm)),
        alpha=0.6,
    )
    middle = np.sqrt(edges[1:] * edges[:-1])
    z = np.log(middle / row.expected.median_mm) / row.expected.ln_sd
    step = np.log(edges[1] / edges[0])
    axis.plot(middle, np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) / row.expected.ln_sd * step, lw=1)
    axis.set(xscale="log", title=f"{row.name} ({len(row.sizes_mm)})")
    axis.title.set_fontsize(8)
    axis.tick_params(labelsize=6)


def side_by_side(livers: Sequence[Liver], path: Path) -> bool:
    """Real livers above, simulated ones of the same phases below; False when no real one may be shown."""
    real = [one for one in livers if one.real and one.name in _SHOWABLE]
    made = [one for one in livers if not one.real]
    pairs: list[tuple[Liver, Liver]] = []
    for one in real:
        other = next((m for m in made if m.phase is one.phase and m not in [p[1] for p in pairs]), None)
        if other is not None:
            pairs.append((one, other))
    if not pairs:
        return False
    figure = Figure(figsize=(2.6 * len(pairs), 5.4), layout="constrained")
    axes = figure.subplots(2, len(pairs), squeeze=False)
    for column, pair in enumerate(pairs):
        for axis, one in zip(axes[:, column], pair, strict=True):
            axis.imshow(_slice(one), cmap="gray", vmin=LEVEL_HU - WIDTH_HU / 2, vmax=LEVEL_HU + WIDTH_HU / 2)
            axis.set_title(f"{one.name}, {one.phase}, {'measured' if one.real else 'simulated'}", fontsize=7)
            axis.set_axis_off()
    _save(figure, path)
    return True


def _slice(liver: Liver) -> npt.NDArray[np.float32]:
    """The slice with most parenchyma, around its middle."""
    index = int(np.argmax(liver.where.sum(axis=(1, 2))))
    rows, columns = np.nonzero(liver.where[index])
    image = np.pad(liver.hu[index], _TILE // 2, constant_values=-1000)
    y, x = int(np.median(rows)), int(np.median(columns))
    return np.asarray(image[y : y + _TILE, x : x + _TILE])


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=80, format="webp", pil_kwargs={"quality": 75, "method": 6})
