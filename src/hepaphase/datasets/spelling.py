"""How phases are spelled in words. Digits and single letters mean another phase in every source: never here."""

import re

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

_SERIES_WORDS = {
    Phase.NC: r"native?|nativ|non.?contrast|unenhanced|without|w/?o|plain|ohne|\bnc\b|\bnon.?con",
    Phase.AP: r"arter|\bart\b|\bap\b|\bhap\b",
    Phase.PVP: r"portal|venous|ven[oö]s|\bpv\b|\bpvp\b|\bven\b",
    Phase.DP: r"delay|late|sp[aä]t|equilib|\bdp\b",
}
"""What series are called, per phase."""


def said_phase(text: str) -> Phase | None:
    """The phase that the description of a series names; None when it names none or several."""
    named = [phase for phase, words in _SERIES_WORDS.items() if re.search(words, text.lower())]
    return named[0] if len(named) == 1 else None
