"""Factors that a kinetic bundle needs on its standard deviations, found on validation patients."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.atomic import atomic_path
from ..base.log import track
from ..base.seeds import stream
from ..study.phase import Phase
from ..synthesis.answer import ask, at
from ..synthesis.network import KineticNetwork
from ..synthesis.spread import REGIONS, spread_key
from ..training.cohort import PreparedCase, read_prepared
from .generated import BODY_HU, NORMAL_68, NORMAL_95, large_lesions
from .synthesis import given, reached

_NUM_VOXELS = {"liver": 1000, "lesion": 600, "other": 400}
_PER_LESION = 200
_FEWEST = 20
"""Patients from which a factor is taken; with fewer the quantile of 95 % is beyond all that was seen (our choice)."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.floating]
Judged = Mapping[str, Floats]
"""Of one patient: ``spread_key|region`` to error and predicted standard deviation, (2, points), HU."""


def find_spread(
    files: Sequence[Path],
    network: KineticNetwork,
    asked: Mapping[tuple[Phase, ...], Iterable[bool]],
    *,
    keep: Path | None = None,
    quiet: bool = False,
) -> dict[str, dict[str, list[float]]]:
    """Factors by inputs, target and whether injection, weight and tube are known, for ``KineticGenerator``'s bundle.

    Voxels of each region are drawn, so it is far quicker than completing whole studies.

    Args:
        files: prepared simulated exams that were not trained on.
        network: the one whose doubt is judged; its own numbers, not yet stretched.
        asked: subsets of phases, and for each whether to ask told, untold or both.
        keep: folder that holds what was found of each patient, written as it is made, read where it is there already;
            it must be empty for other weights or other rules. None keeps nothing.
        quiet: no progress bar.
    """
    patients = [
        judge(path, network, asked, keep=keep)
        for path in track(files, title="Judging doubt", total=len(files), quiet=quiet)
    ]
    return factors_of(patients)


def judge(
    path: Path, network: KineticNetwork, asked: Mapping[tuple[Phase, ...], Iterable[bool]], *, keep: Path | None = None
) -> dict[str, Floats]:
    """Errors and doubts of one patient, as :func:`find_spread` takes them."""
    case, found = read_prepared(path), dict[str, Floats]()
    for subset, ways in asked.items():
        picked: dict[str, Any] | None = None
        for told in ways if all(p in case.hu for p in subset) else ():
            name = f"{case.case}.{'-'.join(subset)}.{'told' if told else 'untold'}.npz"
            place = None if keep is None else keep / name
            if place is not None and place.exists():
                with np.load(place) as file:
                    found.update(file)
                continue
            picked = _pick(reached(case, given(case, subset))) if picked is None else picked
            one = _judge(case, network, (subset, told), picked) if "liver" in picked else {}
            if place is not None:
                with atomic_path(place) as partial:
                    np.savez(partial, **one)  # type: ignore[arg-type]
            found.update(one)
    return found


def factors_of(patients: Sequence[Judged]) -> dict[str, dict[str, list[float]]]:
    """By key and region the two factors with which, over patients, 68 and 95 % of each one's points are held.

    Every patient counts alike, whatever the number of its voxels or lesions, as in the benchmark. One more, whose
    errors are beyond any interval, is counted with those judged, so that a new patient is held at least as often as
    meant in the mean (conformal prediction of grouped data: Dunn et al., JASA 2023, arXiv 1809.07441). A region known
    of fewer than 20 patients gets none.
    """
    factors: dict[str, dict[str, list[float]]] = {}
    for key in dict.fromkeys(key for one in patients for key in one):
        inputs, region = key.split("|")
        points = [np.abs(error) / sd for error, sd in (one[key] for one in patients if key in one)]
        if len(points) >= _FEWEST:
            factors.setdefault(inputs, {})[region] = [
                round(held(points, share) / normal, 3) for share, normal in ((0.68, NORMAL_68), (0.95, NORMAL_95))
            ]
    return factors


def held(points: Sequence[Floats], share: float) -> float:
    """The value that, over patients, a ``share`` of each one's ``points`` does not pass; see :func:`factors_of`."""
    values = np.concatenate(points)
    weights = np.concatenate([np.full(len(one), 1 / len(one)) for one in points])
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) >= share * (len(points) + 1) - 1e-9
    return float(values[order][np.argmax(reached) if reached.any() else -1])


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
    case: PreparedCase, network: KineticNetwork, how: tuple[tuple[Phase, ...], bool], picked: Mapping[str, Any]
) -> dict[str, Floats]:
    subset, told = how
    groups = [(n, one) for n in REGIONS if n in picked for one in (picked[n] if n == "lesion_mean" else [picked[n]])]
    voxels = np.concatenate([one for _, one in groups])
    targets = [p for p in case.reference_hu if p not in subset]
    times_s = [0.0 if p is Phase.NC else float(case.times_s[p]) for p in targets]
    made = at(network, ask(network, given(case, subset, told=told), voxels), times_s)
    ends = np.cumsum([len(one) for _, one in groups])
    found: dict[str, list[Floats]] = {}
    for number, target in enumerate(targets):
        truth = np.asarray(case.reference_hu[target], np.float32).ravel()[voxels]
        both = np.stack([made.hu[:, number].numpy() - truth, made.sd_hu[:, number].numpy()])
        for (name, one), end in zip(groups, ends, strict=True):
            part = both[:, end - len(one) : end]
            key = f"{spread_key(subset, target, told=told)}|{name}"
            found.setdefault(key, []).append(part.mean(axis=1, keepdims=True) if name == "lesion_mean" else part)
    return {key: np.concatenate(parts, axis=1).astype(np.float32) for key, parts in found.items()}
