"""How phases are spelled in words. Digits and single letters mean another phase in every source: never here."""

from ..study.phase import Phase

PHASE_WORDS = {
    "noncontrast": Phase.NC,
    "arterial": Phase.AP,
    "portalvenous": Phase.PVP,
    "delayed": Phase.DP,
    "nc": Phase.NC,
    "native": Phase.NC,
    "plain": Phase.NC,
    "dry": Phase.NC,
    "non-contrast": Phase.NC,
    "unenhanced": Phase.NC,
    "art": Phase.AP,
    "ap": Phase.AP,
    "latearterial": Phase.AP,
    "late arterial": Phase.AP,
    "pvp": Phase.PVP,
    "portal": Phase.PVP,
    "venous": Phase.PVP,
    "ven": Phase.PVP,
    "portal venous": Phase.PVP,
    "dp": Phase.DP,
    "delay": Phase.DP,
    "del": Phase.DP,
    "equilibrium": Phase.DP,
}
"""Lower case; the first spelling of each phase is the one written."""
