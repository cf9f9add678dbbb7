"""Batches made ahead by a few workers, in order; what a worker raises is raised here, with its own traceback."""

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy.typing as npt
import torch
from torch import Tensor

from ..base.log import logger

_log = logger(__name__)
_SPARE = 2
"""Batches waiting beyond one a worker (our choice: enough to smooth uneven ones, little memory)."""

_worker_source: Any = None


class Source(Protocol):
    """Batches by number."""

    def __getitem__(self, number: int, /) -> dict[str, Tensor]: ...


@dataclass(frozen=True, slots=True)
class Workers:
    """How batches are made ahead."""

    count: int = 1
    kind: Literal["thread", "process"] = "thread"


def ahead(source: Source, numbers: range, workers: Workers) -> Generator[dict[str, Tensor]]:
    """Yield ``source[n]`` for each of ``numbers``, in order, prepared by ``workers``.

    The batches do not depend on the workers. Processes are spawned, so the source must be picklable; where they
    cannot start, or die (usually of memory), the rest is prepared in this process, with a warning.
    """
    if workers.count < 1:
        yield from (source[number] for number in numbers)
        return
    done = 0
    try:
        for batch in _pooled(source, numbers, workers):
            yield batch
            done += 1
    except (BrokenExecutor, _CannotStartError) as error:
        _log.warning("Worker processes stopped (%s); going on without them. Is there enough memory?", error)
        yield from (source[number] for number in numbers[done:])


class _CannotStartError(Exception):
    pass


def _pooled(source: Source, numbers: range, workers: Workers) -> Generator[dict[str, Tensor]]:
    pool, make = _start(source, workers)
    waiting: deque[Future[Any]] = deque()
    try:
        for number in numbers:
            waiting.append(pool.submit(make, number))
            if len(waiting) >= workers.count + _SPARE:
                yield _as_tensors(waiting.popleft().result())
        while waiting:
            yield _as_tensors(waiting.popleft().result())
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start(source: Source, workers: Workers) -> tuple[Executor, Callable[[int], Any]]:
    if workers.kind == "thread":
        return ThreadPoolExecutor(workers.count, thread_name_prefix="batches"), source.__getitem__
    try:
        multiprocessing.reduction.ForkingPickler.dumps(source)
    except Exception as error:
        raise _CannotStartError(f"the samples cannot be sent to another process: {error}") from error
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers.count, mp_context=context, initializer=_keep, initargs=(source,))
    return pool, _make


def _keep(source: Source) -> None:
    global _worker_source  # a worker process has one source for its whole life
    _worker_source = source
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; who trains decides when to stop


def _make(number: int) -> dict[str, npt.NDArray[Any]]:
    """As arrays, for tensors would travel in shared memory, of which containers often have little."""
    return {name: tensor.numpy() for name, tensor in _worker_source[number].items()}


def _as_tensors(batch: Mapping[str, Tensor | npt.NDArray[Any]]) -> dict[str, Tensor]:
    return {name: torch.as_tensor(value) for name, value in batch.items()}
