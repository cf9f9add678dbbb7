"""What no exam can show, as a penalty on a generated phase. B batch, P phases, (z, y, x) space.

The measures of ``evaluation.physics`` that one generated phase and those scanned beside it allow, made differentiable:
M1 (contrast agent only adds), M2 (nothing holds more than blood), M4 (the liver as a whole) and M6 (order, and fat that
stays as it is). Each is in HU beyond its limit, zero inside it, so that true phases cost nothing.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ..study.phase import Phase
from .network import Scanned

SLACK_HU = 8.0
"""Left for the noise of scanned voxels after the mean over 3 x 3 x 3 (our choice: three deviations of 14 HU)."""
BLOOD_HU = {Phase.AP: 500.0, Phase.PVP: 265.0, Phase.DP: 110.0}
"""Most that an aorta rises by, M2; no tissue of the liver may rise by more."""
LIVER_HU = {Phase.AP: (5.0, 40.0), Phase.PVP: (35.0, 82.0), Phase.DP: (21.0, 60.0)}
"""Mean enhancement of the liver, M4; outside, as far as true patients are, costs little."""
FAT_HU = (-140.0, -60.0)
FAT_CHANGE_HU = 10.0
_ORDER = list(Phase)
_NC, _AP, _PVP = (_ORDER.index(p) for p in (Phase.NC, Phase.AP, Phase.PVP))


class Asked(NamedTuple):
    """A generated phase and where its liver lies."""

    hu: Tensor
    """(B, z, y, x)."""
    number: Tensor
    """Place of the phase in ``Phase``, (B,)."""
    liver: Tensor
    """Nonzero inside, (B, z, y, x)."""
    lesions: Tensor
    """Ids, (B, z, y, x)."""


def physics_terms(made: Asked, scanned: Scanned) -> dict[str, Tensor]:
    """Mean HU beyond each limit, over the exams in which it can be told; zero where none can.

    ``negative`` (M1), ``blood`` (M2), ``liver`` (M4), ``order`` and ``fat`` (M6). All but ``order`` need the
    non-contrast phase, scanned or generated.
    """
    found: dict[str, list[Tensor]] = {name: [] for name in ("negative", "blood", "liver", "order", "fat")}
    smooth = _smooth(made.hu)
    around = _smooth(scanned.hu.flatten(0, 1)).reshape(scanned.hu.shape)
    for k, number in enumerate(made.number.tolist()):
        inside, target = made.liver[k] > 0, _ORDER[number]
        if not bool(inside.any()):
            continue
        plain = inside & (made.lesions[k] == 0)
        for other in [p for p in range(len(_ORDER)) if bool(scanned.present[k, p]) and p != number]:
            if _NC in (number, other):
                enhanced = target if other == _NC else _ORDER[other]
                rise = (smooth[k] - around[k, other]) * (1 if other == _NC else -1)
                fat = _fat(around[k, other]) if other == _NC else _fat(smooth[k].detach())
                _enhancement(found, rise, enhanced, (inside, plain, fat))
            elif {number, other} == {_AP, _PVP} and bool(plain.any()):
                rise = (smooth[k] - around[k, other]) * (1 if number == _PVP else -1)
                found["order"].append(functional.relu(-rise[plain] - SLACK_HU).mean())
    none = made.hu.new_zeros(())
    return {name: torch.stack(parts).mean() if parts else none for name, parts in found.items()}


def _enhancement(
    found: dict[str, list[Tensor]], rise: Tensor, phase: Phase, masks: tuple[Tensor, Tensor, Tensor]
) -> None:
    inside, plain, fat = masks
    found["negative"].append(functional.relu(-rise[inside] - SLACK_HU).mean())
    found["blood"].append(functional.relu(rise[inside] - BLOOD_HU[phase] - SLACK_HU).mean())
    if bool(plain.any()):
        low, high = LIVER_HU[phase]
        middle = rise[plain].mean()
        found["liver"].append(functional.relu(low - middle) + functional.relu(middle - high))
    if bool(fat.any()):
        found["fat"].append(functional.relu(rise[fat].abs() - FAT_CHANGE_HU - SLACK_HU).mean())


def _smooth(hu: Tensor) -> Tensor:
    """The mean over 3 x 3 x 3 voxels, those there are at the border; (N, z, y, x)."""
    return functional.avg_pool3d(hu[:, None], 3, stride=1, padding=1, count_include_pad=False)[:, 0]


def _fat(smooth: Tensor) -> Tensor:
    return (smooth > FAT_HU[0]) & (smooth < FAT_HU[1])
