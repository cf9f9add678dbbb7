"""Visible lesions that a phase of conditional medians would not show: how often the best guess is nothing at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...base.log import track
from ...evaluation.bootstrap import Bootstrap, interval
from ...evaluation.physics.exam import noise_of
from ...study.phase import Phase
from ...training.cohort import PreparedCase, open_cohort, read_prepared
from ..generated import FADED_HU, TRUE_CONTRAST_HU, VISIBLE, contrast, large_lesions
from .describe import Floats
from .error import SUBSETS
from .figures import Figure
from .measure import Measured
from .observe import median_of, region_features

_MEAN, _LIVER = 0, 0


@dataclass(frozen=True, slots=True)
class Seen:
    """Of every lesion of a cohort, in the order of ``Measured``; L lesions, P phases."""

    detectability: Floats
    """(L, P): contrast with the liver over what noise leaves of its mean; NaN where not scanned."""
    contrast_hu: Floats
    """(L, P), noise-free."""


def seen_in(prepared: Path, *, quiet: bool = False) -> Seen:
    """How well each lesion of a prepared simulated cohort can be seen, as the benchmark of generators reckons it."""
    files = open_cohort(prepared).files
    rows = [_of_case(read_prepared(path)) for path in track(files, title="Looking", total=len(files), quiet=quiet)]
    return Seen(np.concatenate([r[0] for r in rows]), np.concatenate([r[1] for r in rows]))


def _of_case(case: PreparedCase) -> tuple[Floats, Floats]:
    around = (case.masks["liver"] > 0) & (case.masks["lesions"] == 0)
    lesions = large_lesions(case)
    found, truth = np.full((len(lesions), len(Phase)), np.nan), np.full((len(lesions), len(Phase)), np.nan)
    for column, phase in enumerate(Phase):
        noise = noise_of(np.asarray(case.hu[phase], np.float32), around) if phase in case.hu and lesions else 1.0
        for row, inside in enumerate(lesions):
            if not around.any():
                continue
            truth[row, column] = contrast(np.asarray(case.reference_hu[phase], np.float32), inside, around)
            if phase in case.hu:
                seen = abs(contrast(np.asarray(case.hu[phase], np.float32), inside, around))
                found[row, column] = seen * float(inside.sum()) ** 0.5 / noise
    return found, truth


def erased_figures(
    train: Measured,
    test: Measured,
    seen: tuple[Seen, Seen],
    config: Bootstrap | None = None,
    *,
    subsets: Sequence[tuple[Phase, ...]] = SUBSETS,
    quiet: bool = False,
) -> list[Figure]:
    """For every subset and phase the share of visible lesions that the observer of noisy values gives no contrast.

    Visible is what has a detectability of 3 in the inputs and 10 HU of contrast in the phase asked for; erased what the
    conditional median of that contrast, learned on other patients, leaves under 3 HU. ``num`` counts the visible.

    Args:
        train: patients that the observer learns from.
        test: patients it is asked about.
        seen: how well lesions can be seen in the two.
        config: of the intervals over patients.
        subsets: phases given.
        quiet: no progress.
    """
    assert len(seen[0].contrast_hu) == len(train.lesion_class) and len(seen[1].contrast_hu) == len(test.lesion_class)
    tasks = [(s, t) for s in subsets for t in Phase if t not in s]
    figures = []
    for subset, target in track(tasks, title="Erasing", total=len(tasks), quiet=quiet):
        given, asked = [list(Phase).index(p) for p in subset], list(Phase).index(target)
        guess, kept = _guess(train, test, (seen[0].contrast_hu, seen[1].contrast_hu), given, asked)
        shown: npt.NDArray[np.bool_] = seen[1].detectability[kept][:, given].max(axis=1) >= VISIBLE
        visible = shown & (np.abs(seen[1].contrast_hu[kept, asked]) >= TRUE_CONTRAST_HU)
        gone = np.asarray(visible & (np.abs(guess) < FADED_HU), np.bool_)
        common = {"quantity": "erased", "level": "lesion", "inputs": ", ".join(subset), "clinical": False}
        owner = test.lesion_owner[kept]
        figures.append(_figure(gone, visible, owner, config, {**common, "name": str(target), "end": "upper"}))
    return figures


def _guess(
    train: Measured, test: Measured, truth: tuple[Floats, Floats], given: list[int], asked: int
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """The median contrast of those lesions of ``test`` whose patients have the given phases, and which these are."""
    features, starts, wanted, kept = [], [], [], []
    for cohort, contrast_hu in zip((train, test), truth, strict=True):
        owner = cohort.lesion_owner
        times = cohort.times_s[:, [*given, asked]]
        scanned = np.asarray(np.isfinite(times[:, : len(given)]).all(axis=1))
        known = scanned[owner] & np.isfinite(contrast_hu[:, asked])
        values = region_features(
            cohort.lesion_noisy, cohort.lesion_shape, cohort.noisy_context[owner], cohort.times_s[owner], given
        )
        start = cohort.lesion_noisy[:, given[-1], _MEAN] - cohort.noisy_context[owner, given[-1], _LIVER]
        features.append(np.concatenate([values, times[owner]], axis=1)[known])
        starts.append(start[known])
        wanted.append(contrast_hu[known, asked])
        kept.append(np.flatnonzero(known))
    change = median_of(features[0], wanted[0] - starts[0], features[1])
    return starts[1] + change, kept[1]


def _figure(
    gone: npt.NDArray[np.bool_],
    visible: npt.NDArray[np.bool_],
    owner: npt.NDArray[np.int64],
    config: Bootstrap | None,
    common: Mapping[str, object],
) -> Figure:
    patients, place = np.unique(owner[visible], return_inverse=True)
    number = np.bincount(place, minlength=len(patients)).astype(float)
    lost = np.bincount(place, gone[visible], minlength=len(patients))

    def share(picked: npt.NDArray[np.int64]) -> float:
        return float(lost[picked].sum() / number[picked].sum())

    if not len(patients):
        nothing = float("nan")
        return Figure(value=nothing, low=nothing, high=nothing, num=0, **common)  # type: ignore[arg-type]
    spread = interval(share, np.zeros(len(patients)), config)
    counts = {"num": int(visible.sum()), "positive": int(gone.sum())}
    return Figure(value=spread.value, low=spread.low, high=spread.high, **counts, **common)  # type: ignore[arg-type]


def erased_table(figures: Sequence[Figure]) -> str:
    """Markdown: share, count and number of visible lesions."""
    lines = [
        "Visible lesions without contrast in a phase of conditional medians:\n",
        "| given | guessed | erased | of visible | share |",
        "|---|---|---|---|---|",
    ]
    for f in figures:
        share = f"{f.value:.3f} [{f.low:.3f}, {f.high:.3f}]" if f.num else "none visible"
        lines.append(f"| {f.inputs} | {f.name} | {f.positive or 0} | {f.num} | {share} |")
    return "\n".join(lines) + "\n"
