"""Which signs of imaging a lesion shows, as far as the phases that were scanned can tell."""

from collections.abc import Mapping

from ..study.findings import Measured, Sign
from ..study.phase import Phase
from ..study.study import AlignedStudy
from .features import LEVEL_HU
from .major_features import (
    CAPSULE_VOXEL_MM,
    LATE,
    Part,
    arterial,
    central_delay,
    washout,
    washout_phases,
)

PRESENT, ABSENT, UNKNOWN = "present", "absent", "not assessable"

SIGNS = {
    "nonrim_arterial_hyperenhancement": "nonrim arterial hyperenhancement",
    "rim_arterial_hyperenhancement": "rim arterial hyperenhancement",
    "washout": "washout",
    "peripheral_washout": "washout of the periphery alone",
    "capsule": "enhancing capsule",
    "central_delayed_enhancement": "delayed enhancement of the core",
    "progressive_enhancement": "progressive enhancement from PVP to DP",
}
"""Sign to the words of a report."""
NOT_LOOKED_FOR = (
    "peripheral nodular enhancement",
    "central scar",
    "tumor in vein",
    "threshold growth",
    "ancillary features",
)
"""Nothing here tells whether a lesion has these."""

_HU = Mapping[Phase, Measured]


def signs_of(
    study: AlignedStudy, lesion_id: int, lesion: _HU, liver: _HU, *, found: tuple[slice, ...] | None = None
) -> tuple[Sign, ...]:
    """All of ``SIGNS`` for one lesion, each present, absent or not assessable, by the thresholds of ``major_features``.

    Args:
        study: all phases on one grid, with the masks ``liver`` and ``lesions``; generated phases are not looked at.
        lesion_id: which lesion.
        lesion: its HU.
        liver: those of the liver.
        found: the part of the grid that holds the lesion, where that is known.
    """
    own = Part.of(study, lesion_id, found)
    seen = {p: lesion[p] for p in study.inputs if p in lesion and p in liver}
    return (*_arterial(own, seen, liver), *_washout(own, seen, liver), _capsule(own, seen), *_late(own, seen, liver))


def _arterial(own: Part, seen: _HU, liver: _HU) -> tuple[Sign, Sign]:
    kinds = {"nonrim": "nonrim_arterial_hyperenhancement", "rim": "rim_arterial_hyperenhancement"}
    if Phase.AP not in seen:
        one, other = (_unknown(name, "It is seen in AP alone, which was not scanned.") for name in kinds.values())
        return one, other
    aphe, told = arterial(own, seen, liver)
    phases = tuple(p for p in (Phase.NC, Phase.AP) if p in seen)
    one, other = (_told(name, aphe == kind, phases, told) for kind, name in kinds.items())
    return one, other


def _washout(own: Part, seen: _HU, liver: _HU) -> tuple[Sign, Sign]:
    late = washout_phases(seen)
    if not late:
        why = "It takes an earlier and a later phase with contrast agent: AP or PVP, then PVP or DP."
        return _unknown("washout", why), _unknown("peripheral_washout", why)
    found = washout(own, seen, liver)
    phases = tuple(p for p in seen if p is not Phase.NC)
    return (
        _told("washout", found.is_dark and not found.is_peripheral, phases, found.measured),
        _told("peripheral_washout", found.is_peripheral, phases, found.measured),
    )


def _capsule(own: Part, seen: _HU) -> Sign:
    late = tuple(p for p in LATE if p in seen)
    if not late:
        return _unknown("capsule", "It is seen in PVP or DP, neither of which was scanned.")
    there = own.has_capsule(late)
    if there is None:
        return _unknown("capsule", f"Voxels are larger than {CAPSULE_VOXEL_MM:g} mm and show none.")
    return _told("capsule", there, late, {})


def _late(own: Part, seen: _HU, liver: _HU) -> tuple[Sign, Sign]:
    core = _unknown("central_delayed_enhancement", "It takes AP and DP.")
    if {Phase.AP, Phase.DP} <= seen.keys():
        there, told = central_delay(own)
        core = _told("central_delayed_enhancement", there, (Phase.AP, Phase.DP), told)
    if not {Phase.PVP, Phase.DP} <= seen.keys():
        return core, _unknown("progressive_enhancement", "It takes PVP and DP.")
    rise = (seen[Phase.DP].mean_hu - seen[Phase.PVP].mean_hu) - (liver[Phase.DP].mean_hu - liver[Phase.PVP].mean_hu)
    measured = {"pvp_to_dp_over_liver_hu": rise}
    return core, _told("progressive_enhancement", rise > LEVEL_HU, (Phase.PVP, Phase.DP), measured)


def _told(name: str, there: bool, phases: tuple[Phase, ...], measured: Mapping[str, float]) -> Sign:
    return Sign(name=name, state=PRESENT if there else ABSENT, phases=phases, measured=dict(measured))


def _unknown(name: str, why: str) -> Sign:
    return Sign(name=name, state=UNKNOWN, phases=(), why=why)
