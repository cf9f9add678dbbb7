"""Best, median and worst patient of each generator, as pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from ..base.atomic import atomic_path
from ..study.phase import Phase
from ..training.cohort import PreparedCase
from .synthesis_row import Shown, SynthesisRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANELS = ("given", "truth", "generated", "difference")
LOW_HU, HIGH_HU = -40.0, 240.0
_DIFFERENCE_HU = 60.0


@dataclass(frozen=True, slots=True)
class Picked:
    """A row of a picture."""

    rank: str
    """best, median or worst."""
    row: SynthesisRow
    error_hu: float


def slice_of(
    case: PreparedCase, given: npt.NDArray[np.floating], made: npt.NDArray[np.floating], target: Phase
) -> Shown:
    """The slice with most lesion, else with most liver: the phase given, the noise-free truth, and what was made."""
    lesions, liver = case.masks["lesions"] > 0, case.masks["liver"] > 0
    z = int((lesions if lesions.any() else liver).sum(axis=(1, 2)).argmax())
    found = {"given": given[z], "truth": case.reference_hu[target][z], "generated": made[z]}
    return {name: np.rint(np.clip(hu, -1024, 3000)).astype(np.int16) for name, hu in found.items()}


def pick(rows: Sequence[SynthesisRow]) -> list[Picked]:
    """Best, median and worst by the mean of the errors in liver and lesions; fewer where there are fewer rows."""

    def error(row: SynthesisRow) -> float:
        return float(np.mean([row.figures[n] for n in ("liver_mae", "lesion_mae") if n in row.figures]))

    ranked = sorted(rows, key=error)
    places = {"best": 0, "median": (len(ranked) - 1) // 2, "worst": len(ranked) - 1}
    taken: dict[int, str] = {}
    for name, place in places.items():
        taken.setdefault(place, name)
    return [Picked(name, ranked[place], error(ranked[place])) for place, name in taken.items()]


def draw_pictures(rows: Sequence[SynthesisRow], out: Path) -> list[Path]:
    """A PNG for each generator, inputs and target of the rows that kept slices; returns the files."""
    kept = [row for row in rows if row.shown]
    files = []
    for key in dict.fromkeys((r.generator, r.inputs, r.target) for r in kept):
        chosen = pick([r for r in kept if (r.generator, r.inputs, r.target) == key])
        generator, inputs, target = key
        path = out / f"{generator}-{inputs.replace(', ', '-')}-to-{target}.png"
        _draw(chosen, f"{generator}: {inputs} to {target}, simulated patients", path)
        files.append(path)
    return files


def _draw(chosen: Sequence[Picked], title: str, path: Path) -> None:
    figure = Figure(figsize=(8.8, 2.2 * len(chosen) + 0.4), layout="constrained", dpi=64)
    figure.suptitle(title, fontsize=10)
    for axes, one in zip(figure.subplots(len(chosen), len(PANELS), squeeze=False), chosen, strict=True):
        panels = {name: hu.astype(np.float32) for name, hu in one.row.shown.items()}
        panels["difference"] = panels["generated"] - panels["truth"]
        for axis, name in zip(axes, PANELS, strict=True):
            _panel(axis, name, panels[name])
        axes[0].set_ylabel(f"{one.rank}: {one.row.case}\n{one.error_hu:.1f} HU", fontsize=7)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as partial:
        figure.savefig(partial, format="png")


def _panel(axis: "Axes", name: str, hu: npt.NDArray[np.floating]) -> None:
    if name == "difference":
        axis.imshow(hu, cmap="RdBu_r", vmin=-_DIFFERENCE_HU, vmax=_DIFFERENCE_HU)
    else:
        axis.imshow(hu, cmap="gray", vmin=LOW_HU, vmax=HIGH_HU)
    word = {"given": "given (scan)", "truth": "truth, noise-free", "difference": "generated - truth"}.get(name, name)
    color = "black" if name == "difference" else "yellow"
    axis.text(1, 3, word, color=color, fontsize=7, va="top", weight="bold")
    axis.set(xticks=[], yticks=[])
