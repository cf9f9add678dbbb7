"""How much a known organ enhances, once what it is without contrast agent counts as known.

Blood, spleen and kidneys have nearly the same level in every patient, while what the fitted circulation gives an organ
may be a quarter off. So a scan with contrast agent tells the enhancement of such an organ better than its level, and
not the other way round. The level of a liver is not known so well, but what it takes up of what its aorta holds is.
B batch, N voxels, P phases, R regions, T times.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..study.phase import Phase
from .known_organs import BLOOD, Floats, inner_share
from .liver_level import BLOOD_HU, BLOOD_SD_HU

WITHOUT_HU = {**dict.fromkeys(BLOOD, (BLOOD_HU, BLOOD_SD_HU)), "spleen": (48.0, 5.0), "kidneys": (33.0, 5.0)}
"""Region to its level without contrast agent, and how far a patient's may be from it (physics notes, B: 48 and 33,
each 4 beside the 3 of a scanner)."""
REGIONS = (*WITHOUT_HU, "liver")
EQUILIBRIUM_S = 180.0
"""When blood and tissues have come to terms."""
LIVER_OF_AORTA, LIVER_OF_AORTA_SD = 0.55, 0.07
"""Enhancement of the liver in that of the aorta then: noise-free delayed phases of the 1000 patients of
``sim-1k-train``, 0.546 +- 0.070, which hardly depends on their times (physics notes, D, measure M4)."""
_LIVER_SD_HU = 6.2
"""How far off the level of the liver without contrast agent is, of portal venous and delayed phases alone: root mean
square over the 400 patients of ``sim-1k-validation`` and ``sim-1k-calibration``, less those more than 30 HU off."""
LATE = {"spleen": "spleen", "kidneys": "kidney"}
"""Regions that wash out as the circulation model says, by their names there: a network of two-compartment tissues knows
no filtration. Before the last scanned phase they do as the network says, which has seen how their parts differ."""
_GAIN_SPREAD = 0.3
"""How far, relatively, an organ's enhancement may be from what was read, as in the fit of the circulation."""
_GAIN_RANGE = (0.4, 2.5)
_SD_HU, _RELATIVE_SD = 3.0, 0.1
"""How far a phase may lie from the curve, as a constant and of its enhancement: curves have shapes too (our choice)."""
_FEWEST = 8
"""Inner voxels of a region; fewer tell nothing."""


def region_shares(hu: Mapping[Phase, npt.NDArray[Any]], masks: Mapping[str, npt.NDArray[Any]]) -> Floats | None:
    """How much of each voxel is one of :data:`REGIONS`, (R, z, y, x).

    The liver counts where the aorta is known and only portal venous and delayed phases were scanned: the others tell
    its level by themselves.

    None where no mask is known, and where no contrast agent was scanned: then there is nothing to tell apart.
    """
    if all(phase is Phase.NC for phase in hu) or not any(np.any(masks[n]) for n in WITHOUT_HU if n in masks):
        return None
    like = next(iter(hu.values()))
    wanted = REGIONS if "aorta" in masks and set(hu) <= {Phase.PVP, Phase.DP} else tuple(WITHOUT_HU)
    found = [inner_share(masks[n] > 0) if n in masks and n in wanted else np.zeros_like(like) for n in REGIONS]
    whole = np.stack(found)
    return np.asarray(whole / np.maximum(whole.sum(axis=0), 1), np.float32)


def voxel_gains(seen_hu: Tensor, rise_hu: Tensor, late_hu: Tensor, shares: Tensor, present: Tensor) -> Tensor:
    """What each voxel's enhancement is multiplied by, (B, N); one outside of known organs.

    Level and gain of each region are the most probable ones, both with Gaussian priors, by the medians of its inner
    voxels: one least squares problem of two unknowns.

    Args:
        seen_hu: (B, N, P).
        rise_hu: enhancement as it was read, (B, N, P).
        late_hu: the same at :data:`EQUILIBRIUM_S`, (B, N).
        shares: of :func:`region_shares`, (B, N, R).
        present: phases that were scanned, bool (B, P).
    """
    gains = torch.ones_like(shares[:, 0])
    for case, inner in enumerate(shares > 0.99):
        for region, (level_hu, spread_hu) in enumerate(WITHOUT_HU.values()):
            voxels = inner[:, region]
            if int(voxels.sum()) >= _FEWEST:
                seen, rise = (part[case][voxels][:, present[case]].median(dim=0)[0] for part in (seen_hu, rise_hu))
                gains[case, region] = _gain(seen - level_hu, rise, spread_hu)
        aorta, liver = (inner[:, REGIONS.index(name)] for name in ("aorta", "liver"))
        if min(int(aorta.sum()), int(liver.sum())) >= _FEWEST:
            blood = late_hu[case][aorta].median() * gains[case, REGIONS.index("aorta")]
            rise = rise_hu[case][liver][:, present[case]].median(dim=0)[0].mean()
            gains[case, -1] = _gain_of_liver(rise, late_hu[case][liver].median() / blood.clamp(min=1.0))
    return 1 + (shares * (gains - 1)[:, None]).sum(dim=-1)


def _gain_of_liver(rise_hu: Tensor, share: Tensor) -> Tensor:
    """The gain with which a liver that rose by ``rise_hu`` has a likely ``share`` of the aorta's enhancement late on.

    The mean of the two estimates by their doubts: what is expected of the level without contrast agent, and the share.
    """
    of_level, of_share = (rise_hu / _LIVER_SD_HU) ** 2, (share / LIVER_OF_AORTA_SD) ** 2
    mean = (of_level + of_share * LIVER_OF_AORTA / share.clamp(min=0.05)) / (of_level + of_share)
    return mean.clamp(*_GAIN_RANGE)


def with_late_curves(rise_hu: Tensor, last_hu: Tensor, late: Tensor, shares: Tensor) -> Tensor:
    """Enhancement (B, N, T) that goes on from the last scanned phase as the circulation says of each organ.

    Args:
        rise_hu: as it was read, (B, N, T).
        last_hu: the same at the time of the last scanned phase, (B, N, 1).
        late: what each of :data:`LATE` holds at each time, of what it held then; zero before, (B, O, T).
        shares: of :func:`region_shares`, (B, N, R).
    """
    for number, name in enumerate(LATE):
        here, curve = shares[..., REGIONS.index(name), None], late[:, None, number]
        rise_hu = rise_hu + here * (curve > 0) * (last_hu * curve - rise_hu)
    return rise_hu


def _gain(above_hu: Tensor, rise_hu: Tensor, spread_hu: float) -> Tensor:
    """The gain with which ``rise_hu`` (P,) explains ``above_hu`` (P,), where the level may be ``spread_hu`` off."""
    weight = 1 / (_SD_HU**2 + (_RELATIVE_SD * rise_hu) ** 2)
    level, cross = weight.sum() + spread_hu**-2, (weight * rise_hu).sum()
    own = (weight * rise_hu**2).sum() + _GAIN_SPREAD**-2
    left = above_hu - rise_hu
    change = ((weight * rise_hu * left).sum() * level - (weight * left).sum() * cross) / (own * level - cross**2)
    return (1 + change).clamp(*_GAIN_RANGE)
