"""Signs of enhancement of a lesion, from scanned phases alone."""

from collections.abc import Mapping

from ..study.findings import Measured
from ..study.phase import Phase
from ..study.study import AlignedStudy

LEAST_HU = 10.0
"""An enhancement below this, about the noise of a small lesion's mean, is no denominator (our choice)."""
LEVEL_HU = 5.0
"""A curve within this between portal venous and delayed phase is a plateau (physics notes, F)."""


def features(
    study: AlignedStudy, lesion: Mapping[Phase, Measured], liver: Mapping[Phase, Measured]
) -> dict[str, float | str]:
    """By name; what a missing or generated phase, or too little enhancement, leaves undefined is absent.

    Per scanned phase the difference to the liver, and to NC the enhancement, both in HU. Then, as in the physics notes
    (F): absolute washout ``100 (AP - DP) / (AP - NC)`` and relative ``100 (AP - DP) / AP`` in percent, the ratio of
    liver to lesion in percent at PVP and DP, and the course from PVP to DP relative to the liver.
    """
    own = {p: lesion[p].mean_hu for p in study.inputs if p in lesion}
    beside = {p: liver[p].mean_hu for p in study.inputs if p in liver}
    found: dict[str, float | str] = {
        f"{p.lower()}_minus_liver_hu": own[p] - beside[p] for p in Phase if p in own and p in beside
    }
    if Phase.NC in own:
        found |= {f"{p.lower()}_enhancement_hu": own[p] - own[Phase.NC] for p in own if p is not Phase.NC}
    found |= _washout(own)
    for phase in (Phase.PVP, Phase.DP):
        if own.get(phase, 0) > LEAST_HU and phase in beside:
            found[f"{phase.lower()}_liver_to_lesion_percent"] = 100 * beside[phase] / own[phase]
    return found | _course(own, beside)


def _washout(own: Mapping[Phase, float]) -> dict[str, float | str]:
    found: dict[str, float | str] = {}
    if Phase.AP not in own or Phase.DP not in own:
        return found
    fall = own[Phase.AP] - own[Phase.DP]
    if Phase.NC in own and own[Phase.AP] - own[Phase.NC] >= LEAST_HU:
        found["absolute_washout_percent"] = 100 * fall / (own[Phase.AP] - own[Phase.NC])
    if own[Phase.AP] >= LEAST_HU:
        found["relative_washout_percent"] = 100 * fall / own[Phase.AP]
    return found


def _course(own: Mapping[Phase, float], beside: Mapping[Phase, float]) -> dict[str, float | str]:
    if not {Phase.PVP, Phase.DP} <= own.keys() or not {Phase.PVP, Phase.DP} <= beside.keys():
        return {}
    rise = (own[Phase.DP] - own[Phase.PVP]) - (beside[Phase.DP] - beside[Phase.PVP])
    return {"course": "progressive" if rise > LEVEL_HU else "washout" if rise < -LEVEL_HU else "plateau"}
