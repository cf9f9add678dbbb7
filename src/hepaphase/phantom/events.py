"""Failures of one examination: drawn first, written down, then applied where they act."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from ..base.seeds import stream
from ..study.phase import Phase
from .domain import Domain


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One failure."""

    name: str
    """A key of ``domain.FAILURES``."""
    phase: Phase | None = None
    """The phase it befell; None for all."""
    amount: float = 0.0
    """How much; the unit belongs to the name (``AMOUNTS``)."""
    seed: int = 0
    """Of the random pattern it leaves."""


_Draw = Callable[[np.random.Generator], float]

AMOUNTS: dict[str, tuple[str, _Draw]] = {
    "wrong_label": ("0: swapped with the next phase", lambda rng: 0.0),
    "extravasation": ("share of the dose that arrived", lambda rng: rng.uniform(0.2, 0.5)),
    "late_bolus": ("seconds", lambda rng: rng.uniform(10, 20)),
    "low_cardiac_output": ("factor", lambda rng: 0.5),
    "breathing_blur": ("mm along the body", lambda rng: rng.uniform(5, 12)),
    "arms_down": ("HU, standard deviation of the streaks", lambda rng: rng.uniform(8, 20)),
    "metal": ("HU, strength of the streaks", lambda rng: rng.uniform(100, 500)),
    "partial_liver": (
        "share of slices missing; negative from below",
        lambda rng: _either(rng) * rng.uniform(0.15, 0.4),
    ),
    "thick_nc": ("mm", lambda rng: float(rng.choice([5.0, 7.5, 10.0]))),
    "oral_contrast": ("HU", lambda rng: rng.uniform(120, 400)),
    "clipped_hu": ("HU, highest kept", lambda rng: float(rng.choice([180.0, 240.0, 400.0]))),
    "wrong_rescale": ("HU, added", lambda rng: float(rng.choice([-1024.0, 1024.0]))),
    "left_right_flip": ("", lambda rng: 0.0),
    "pvp_only": ("", lambda rng: 0.0),
    "truncated_fov": ("mm, radius of what was reconstructed", lambda rng: rng.uniform(105, 150)),
    "prior_contrast": ("HU in the kidneys", lambda rng: rng.uniform(60, 200)),
}
"""Failure to what its amount means and how it is drawn (our choice within the physics notes, C)."""

_OF_ONE_PHASE = ("wrong_label", "breathing_blur", "partial_liver", "clipped_hu", "wrong_rescale")
_OF_NC = ("thick_nc",)


def draw_events(seed: int, domain: Domain) -> tuple[Event, ...]:
    """What goes wrong in one examination; each failure by itself, from a stream of its own."""
    return tuple(
        draw_event(seed, name)
        for name, probability in domain.failures
        if stream(seed, "event", name).random() < probability
    )


def draw_event(seed: int, name: str) -> Event:
    """The failure called ``name`` as it would befall patient ``seed``."""
    rng = stream(seed, "event", name, "details")
    phase = None
    if name in _OF_ONE_PHASE:
        choice = list(Phase)[:-1] if name == "wrong_label" else list(Phase)
        phase = choice[int(rng.integers(len(choice)))]
    elif name in _OF_NC:
        phase = Phase.NC
    return Event(name=name, phase=phase, amount=float(AMOUNTS[name][1](rng)), seed=int(rng.integers(2**31)))


def find_event(events: Iterable[Event], name: str, phase: Phase | None = None) -> Event | None:
    """The failure of that name, if there was one; with ``phase``, only if it befell that phase."""
    return next((e for e in events if e.name == name and (phase is None or e.phase in (None, phase))), None)


def _either(rng: np.random.Generator) -> float:
    return 1.0 if rng.random() < 0.5 else -1.0
