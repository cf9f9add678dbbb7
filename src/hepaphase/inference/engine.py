"""What an engine must offer, and which there are."""

from collections.abc import Callable, Mapping
from typing import Protocol

from ..base.family import Family
from .bounded import Order

Ended = Callable[[str, str, float], None]
"""Is told of a study that ended: its name, why it failed (empty where it did not), and the seconds it took."""


class Engine(Protocol):
    """The function ``run`` of an engine's module."""

    def __call__(self, orders: Mapping[str, Order], ended: Ended, *, workers: int, address: str | None) -> None:
        """Read every study in a bounded process of its own, and tell of each as it ends.

        When it is interrupted nothing that it began runs on.

        Args:
            orders: what to read, by name, in the order wanted; paths are absolute.
            ended: is told of each, from one thread at a time.
            workers: how many are read at once.
            address: of a cluster; None for what the engine finds or starts.
        """
        ...


ENGINES = Family("hepaphase.inference.engines", "run", "engine")
