"""The level of the liver in time, fitted on the numbers of whole cases: seconds, apart from the network's training."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch import Tensor

from ..study.phase import TYPICAL_TIME_S, Phase
from ..synthesis.facts import fact_numbers
from ..synthesis.liver_level import LiverLevel, level_at
from ..synthesis.network import KineticNetwork, Scanned
from .cohort import PreparedCase, read_prepared
from .tasks.synthesis import SUBSETS
from .tasks.synthesis_samples import OFTEN, facts_of, levels_of, time_of, truth_of

_UNSCANNED_HU = -900
_FEWEST_VOXELS = 300
_BATCH = 256
_UNTOLD_SHARE, _UNKNOWN_TIME_SHARE, _PRESENT_WEIGHT = 0.25, 0.15, 0.25
_LEVEL_NOISE, _FACT_NOISE = 0.04, 0.1
"""Added to the numbers in training, in their own units, against learning cases by heart (our choice)."""
_LR, _WEIGHT_DECAY, _WARMUP = 3e-3, 0.1, 100


@dataclass(frozen=True, slots=True)
class LevelCases:
    """Numbers of C whole cases with all four phases."""

    levels: Tensor
    """(C, P, K), as ``synthesis.levels`` has them, phases held still."""
    time_s: Tensor
    """(C, P)."""
    facts: Tensor
    """(C, F)."""
    middle_hu: Tensor
    """Of the liver in the truth, (C, P): mean of the middle half of the inner liver."""

    def __len__(self) -> int:
        return len(self.levels)


def level_cases(files: Iterable[Path]) -> LevelCases:
    """Of the prepared simulated cases with four phases and a liver that all of them reach."""
    rows = [row for path in files if (row := _row(read_prepared(path))) is not None]
    levels, time_s, facts, middle = (
        torch.from_numpy(np.stack(part).astype(np.float32)) for part in zip(*rows, strict=True)
    )
    return LevelCases(levels, time_s, facts, middle)


def fit_liver_level(network: KineticNetwork, cases: LevelCases, *, num_steps: int = 4000, seed: int = 0) -> None:
    """Fit ``network.liver_level``, and nothing else of it, to the absolute error of the liver's middle.

    Subsets, facts and unknown times are drawn as in the network's own training.
    """
    head: LiverLevel = network.liver_level
    source = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for layer in head.layers:
            if isinstance(layer, torch.nn.Linear):
                layer.reset_parameters()
    for parameter in head.parameters():
        parameter.requires_grad_(True)
    optimizer = torch.optim.AdamW(head.parameters(), lr=_LR, weight_decay=_WEIGHT_DECAY)
    for step in range(num_steps):
        rate = _LR * min(1.0, (step + 1) / _WARMUP) * (0.51 + 0.5 * float(np.cos(np.pi * step / num_steps)))
        optimizer.param_groups[0]["lr"] = rate
        picked = torch.randint(len(cases), (_BATCH,), generator=source)
        scanned = _drawn(cases, picked, source)
        found = level_at(network.expected_levels(scanned), cases.time_s[picked])
        weight = torch.where(scanned.present, _PRESENT_WEIGHT, 1.0)
        loss = ((found - cases.middle_hu[picked]).abs() * weight).mean() / 10
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    head.ready.fill_(1)


def level_errors(network: KineticNetwork, cases: LevelCases, subsets: Sequence[tuple[Phase, ...]]) -> list[str]:
    """One line per subset: mean absolute error in HU at each missing phase."""
    lines = []
    for subset in subsets:
        present = torch.tensor([p in subset for p in Phase]).expand(len(cases), -1)
        with torch.no_grad():
            levels = network.expected_levels(_shown(cases, slice(None), present, cases.time_s, cases.facts))
            error = (level_at(levels, cases.time_s) - cases.middle_hu).abs().mean(dim=0).tolist()
        texts = [f"{p} {value:.1f}" for p, value in zip(Phase, error, strict=True) if p not in subset]
        lines.append(f"{', '.join(subset)} to {', '.join(texts)} HU")
    return lines


def _row(case: PreparedCase) -> tuple[npt.NDArray[np.floating], ...] | None:
    if len(case.hu) < len(Phase) or "liver" not in case.masks:
        return None
    inner = ndimage.binary_erosion(case.masks["liver"] > 0)
    inner &= np.all([hu > _UNSCANNED_HU for hu in case.hu.values()], axis=0)
    if inner.sum() < _FEWEST_VOXELS:
        return None
    shown = np.ones(len(Phase), np.bool_)
    middle = [_middle(np.asarray(truth_of(case, p), np.float32)[inner]) for p in Phase]
    times = np.array([time_of(case, p) for p in Phase])
    return levels_of(case, shown, still=shown), times, fact_numbers(facts_of(case)), np.array(middle)


def _middle(values: npt.NDArray[np.floating]) -> float:
    low, high = np.percentile(values, [25, 75])
    return float(np.mean(values[(values >= low) & (values <= high)]))


def _drawn(cases: LevelCases, picked: Tensor, source: torch.Generator) -> Scanned:
    """A batch with subsets, facts and times as they may be known."""
    chances = torch.tensor([OFTEN.get(s, 1.0) for s in SUBSETS])
    shown = torch.tensor([[p in s for p in Phase] for s in SUBSETS])
    present = shown[torch.multinomial(chances, len(picked), replacement=True, generator=source)]
    facts = cases.facts[picked]
    facts = facts + _FACT_NOISE * torch.randn(facts.shape, generator=source) * (facts != 0)
    facts = facts * (torch.rand(len(picked), 1, generator=source) >= _UNTOLD_SHARE)
    typical = torch.tensor([TYPICAL_TIME_S[p] for p in Phase])
    unknown = torch.rand(len(picked), 1, generator=source) < _UNKNOWN_TIME_SHARE
    made = _shown(cases, picked, present, torch.where(unknown, typical, cases.time_s[picked]), facts)
    assert made.levels is not None
    noise = _LEVEL_NOISE * torch.randn(made.levels.shape, generator=source) * (made.levels != 0)
    return made._replace(levels=made.levels + noise)


def _shown(cases: LevelCases, picked: Tensor | slice, present: Tensor, time_s: Tensor, facts: Tensor) -> Scanned:
    levels = (cases.levels[picked] * present[..., None]).flatten(1)
    empty = cases.levels.new_zeros(len(present), len(Phase), 0, 0, 0)
    return Scanned(empty, present, time_s * present, facts, levels)
