"""A Ray cluster, or this machine through Ray."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ...base.errors import ConfigError
from ...base.extras import need
from ..bounded import PROGRAM, Order, Running, read_bounded
from ..engine import Ended

_STORE_BYTES = 100 * 2**20
"""For objects of a Ray that is started here: results are two words, Ray's least is 75 MiB."""
_CANCEL_S = 20.0


def run(orders: Mapping[str, Order], ended: Ended, *, workers: int, address: str | None) -> None:
    """Read each study as a Ray task of one core, wherever the cluster has one free.

    Every machine of the cluster needs hepaphase and sees sources and folder under the same paths. Without ``address``
    it is the cluster that runs on this machine; where none runs, one is started for as long as it takes.

    Raises:
        MissingExtraError: without ray.
        ConfigError: when there is no cluster at ``address``.
    """
    ray = need("ray", extra="ray")
    with _connected(ray, workers, address):
        read = ray.remote(num_cpus=1, max_retries=1)(_read)
        waiting = list(orders.items())[::-1]
        running: dict[Any, str] = {}
        try:
            while waiting or running:
                while waiting and len(running) < workers:
                    name, order = waiting.pop()
                    running[read.remote(order, own_program=order.program == PROGRAM)] = name
                (done,), _ = ray.wait(list(running), num_returns=1)
                ended(running.pop(done), *_outcome(ray, done))
        except BaseException:
            for task in running:
                ray.cancel(task)
            ray.wait(list(running), num_returns=len(running), timeout=_CANCEL_S)
            raise


def _read(order: Order, *, own_program: bool) -> tuple[str, float]:
    """Runs on a machine of the cluster, whose Python may lie elsewhere."""
    return read_bounded(replace(order, program=PROGRAM) if own_program else order, Running())


def _outcome(ray: Any, task: Any) -> tuple[str, float]:
    """Why a study failed, and its seconds; a worker that was lost is a failure too."""
    try:
        why, seconds = ray.get(task)
        return str(why), float(seconds)
    except ray.exceptions.RayError as error:
        said = str(error).strip().splitlines()
        return f"Ray could not read it: {type(error).__name__}: {said[-1] if said else ''}"[:300], 0.0


@contextmanager
def _connected(ray: Any, workers: int, address: str | None) -> Iterator[None]:
    """A cluster for as long as it is needed; one that runs already is left running."""
    quiet = {"logging_level": logging.ERROR, "log_to_driver": False}
    try:
        ray.init(address=address or "auto", **quiet)
    except ConnectionError as error:
        if address is not None:
            raise ConfigError(f"There is no Ray cluster at '{address}'. Start one: ray start --head.") from error
        ray.init(num_cpus=workers, include_dashboard=False, object_store_memory=_STORE_BYTES, **quiet)
    try:
        yield
    finally:
        ray.shutdown()
