"""Factors that a kinetic bundle needs on its standard deviations, found on validation patients."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ..base.log import track
from ..base.seeds import stream
from ..nn.unet import GRID_MULTIPLE
from ..study.phase import Phase
from ..synthesis.grid import padded, scanned_of
from ..synthesis.network import KineticNetwork
from ..synthesis.spread import REGIONS, spread_key
from ..training.cohort import PreparedCase, read_prepared
from .generated import BODY_HU, NORMAL_68, NORMAL_95, large_lesions
from .synthesis import given, reached

_NUM_VOXELS = {"liver": 1000, "lesion": 600, "other": 400}
_PER_LESION = 200
_NUM_POINTS = 100
"""Quantiles kept of each patient and region, so that patients count alike."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.floating]


@dataclass(slots=True)
class _Found:
    """Errors in units of the doubt, by key and region."""

    points: dict[tuple[str, str], list[Floats]] = field(default_factory=dict)

    def add(self, key: str, region: str, values: Floats) -> None:
        kept = values if region == "lesion_mean" else np.quantile(values, (np.arange(_NUM_POINTS) + 0.5) / _NUM_POINTS)
        self.points.setdefault((key, region), []).append(np.asarray(kept))


def find_spread(
    files: Sequence[Path],
    network: KineticNetwork,
    asked: Mapping[tuple[Phase, ...], Iterable[bool]],
    *,
    quiet: bool = False,
) -> dict[str, dict[str, list[float]]]:
    """Factors by inputs, target and whether injection, weight and tube are known, for ``KineticGenerator``'s bundle.

    Voxels of each region are drawn, so it is far quicker than completing whole studies.

    Args:
        files: prepared simulated exams that were not trained on.
        network: the one whose doubt is judged; its own numbers, not yet stretched.
        asked: subsets of phases, and for each whether to ask told, untold or both.
        quiet: no progress bar.
    """
    found = _Found()
    for path in track(files, title="Judging doubt", total=len(files), quiet=quiet):
        case = read_prepared(path)
        for subset, ways in asked.items():
            if not all(p in case.hu for p in subset):
                continue
            picked = _pick(reached(case, given(case, subset)))
            for told in ways if "liver" in picked else ():
                _judge(case, network, (subset, told), picked, found)
    factors: dict[str, dict[str, list[float]]] = {}
    for (key, region), points in found.points.items():
        narrow, wide = np.quantile(np.concatenate(points), [0.68, 0.95])
        factors.setdefault(key, {})[region] = [round(narrow / NORMAL_68, 3), round(wide / NORMAL_95, 3)]
    return factors


def _pick(case: PreparedCase) -> dict[str, Any]:
    """Positions in the flattened volume by region; of ``lesion_mean`` a list, one per lesion."""
    rng = stream(0, "spread", case.case)
    lesions, liver = case.masks["lesions"] > 0, case.masks["liver"] > 0
    body = np.asarray(next(iter(case.reference_hu.values()))) > BODY_HU
    regions = {"liver": liver & ~lesions, "lesion": lesions, "other": body & ~liver & ~lesions}
    picked: dict[str, Any] = {n: _some(inside, _NUM_VOXELS[n], rng) for n, inside in regions.items() if inside.any()}
    large = [_some(inside, _PER_LESION, rng) for inside in large_lesions(case)]
    return {**picked, "lesion_mean": large} if large else picked


def _some(inside: npt.NDArray[np.bool_], most: int, rng: np.random.Generator) -> Ints:
    positions = np.flatnonzero(inside)
    return np.sort(rng.choice(positions, most, replace=False)) if len(positions) > most else positions


def _judge(
    case: PreparedCase,
    network: KineticNetwork,
    how: tuple[tuple[Phase, ...], bool],
    picked: Mapping[str, Any],
    found: _Found,
) -> None:
    (subset, told), shape = how, next(iter(case.hu.values())).shape
    groups = [(n, one) for n in REGIONS if n in picked for one in (picked[n] if n == "lesion_mean" else [picked[n]])]
    voxels = np.concatenate([one for _, one in groups])
    scanned = padded(scanned_of(given(case, subset, told=told), torch.device("cpu")), GRID_MULTIPLE)
    place = np.ravel_multi_index(np.unravel_index(voxels, shape), scanned.hu.shape[2:])
    targets = [p for p in case.reference_hu if p not in subset]
    times_s = [0.0 if p is Phase.NC else float(case.times_s[p]) for p in targets]
    with torch.inference_mode():
        curves = network.curves(network.features(scanned), scanned, torch.from_numpy(place)[None])
        made = network.at(curves, torch.tensor([times_s]))
    ends = np.cumsum([len(one) for _, one in groups])
    for number, target in enumerate(targets):
        truth = np.asarray(case.reference_hu[target], np.float32).ravel()[voxels]
        error, sd = made.hu[0, :, number].numpy() - truth, made.sd_hu[0, :, number].numpy()
        key = spread_key(subset, target, told=told)
        for (name, _), end, one in zip(groups, ends, (one for _, one in groups), strict=True):
            part = slice(end - len(one), end)
            values = np.abs(error[part]) / sd[part]
            if name == "lesion_mean":
                values = np.array([abs(float(error[part].mean())) / float(sd[part].mean())])
            found.add(key, name, values)
