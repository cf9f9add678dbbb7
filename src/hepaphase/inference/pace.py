"""How long a reading will take yet, from how long its steps usually are and how this one came along."""

from collections.abc import Mapping
from dataclasses import dataclass, field

READ = {
    "take in": 8.0,
    "liver": 2.0,
    "register": 15.0,
    "prepare": 5.0,
    "complete": 2.5,
    "diagnose": 2.0,
    "measure": 1.0,
    "evidence": 4.5,
    "write": 5.0,
}
"""Steps of ``hepaphase read`` and about how long each takes for four scanned phases of 512 x 512 x 120 on one core,
seconds (2026, from run.json and the clock); only how they compare counts."""
DEMO = {
    "simulate": 7.0,
    "liver": 2.5,
    "register": 20.0,
    "prepare": 1.0,
    "complete": 5.0,
    "diagnose": 4.0,
    "measure": 1.0,
    "evidence": 6.0,
    "compare": 22.0,
    "write": 9.0,
}
"""Of ``hepaphase demo``, likewise."""
DIAGNOSE = {**READ, "complete": 0.0}
SYNTHESIZE = {"take in": 8.0, "liver": 2.0, "prepare": 3.0, "complete": 3.0, "write": 3.0}


@dataclass(slots=True)
class Pace:
    """Is told each step as it begins, and says how much is left."""

    usual: Mapping[str, float]
    """Steps in their order, each with its usual seconds; one that is left out in a run costs nothing."""
    begun: list[tuple[str, float]] = field(default_factory=list)
    _shown: float = 0.0

    def begin(self, step: str, at_s: float) -> None:
        """A step begins, ``at_s`` by any clock that all of them share; the one before has ended."""
        self.begun.append((step, at_s))

    @property
    def step(self) -> str:
        """The one that runs; empty before the first."""
        return self.begun[-1][0] if self.begun else ""

    def left_s(self, now_s: float) -> float | None:
        """Seconds left; None until a step has ended whose usual length is known.

        The steps that ended say how fast this run is. One that takes longer than that slows down all that follow.
        """
        if len(self.begun) < 2:
            return None
        names = [name for name, _ in self.begun[:-1]]
        usual_s = sum(self.usual.get(name, 0.0) for name in names)
        if usual_s <= 0:
            return None
        start_s, since_s = self.begun[0][1], now_s - self.begun[-1][1]
        own_s = self.usual.get(self.step, 0.0)
        pace = (now_s - since_s - start_s) / usual_s
        if since_s > own_s * pace:
            pace = (now_s - start_s) / (usual_s + own_s)
        return max(0.0, own_s * pace - since_s) + pace * self._after()

    def share(self, now_s: float) -> float:
        """How much is done, from 0 to 1; never less than was said before."""
        left_s = self.left_s(now_s)
        if left_s is not None:
            passed_s = now_s - self.begun[0][1]
            self._shown = max(self._shown, passed_s / max(passed_s + left_s, 1e-9))
        return self._shown

    def _after(self) -> float:
        """Usual seconds of the steps behind the one that runs."""
        order = list(self.usual)
        if self.step not in order:
            return sum(s for name, s in self.usual.items() if name not in [n for n, _ in self.begun])
        return sum(self.usual[name] for name in order[order.index(self.step) + 1 :])


def left_text(left_s: float | None) -> str:
    """``about 40 s left``, ``about 3 min left``; empty where it is not known."""
    if left_s is None:
        return ""
    return f"about {left_s:.0f} s left" if left_s < 90 else f"about {left_s / 60:.0f} min left"
