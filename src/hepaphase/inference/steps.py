"""Seconds and peak memory of each step of a reading."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ..base.log import logger

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """One step that ended."""

    name: str
    seconds: float
    peak_mib: float | None
    """Highest resident memory of the process up to the end of the step; None where the system does not tell."""


@dataclass(slots=True)
class StepLog:
    """Collects steps in order."""

    steps: list[Step] = field(default_factory=list)
    heard: Callable[[str], None] | None = None
    """Is told the name of each step as it begins."""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time the block under ``name``."""
        if self.heard is not None:
            self.heard(name)
        start = time.perf_counter()
        yield
        step = Step(name, time.perf_counter() - start, peak_mib())
        self.steps.append(step)
        log.info("%s: %.1f s", name, step.seconds)


def peak_mib() -> float | None:
    """Highest resident memory of this process so far, MiB; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
