"""This machine."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed

from ...base.errors import ConfigError
from ..bounded import Order, Running, read_bounded
from ..engine import Ended


def run(orders: Mapping[str, Order], ended: Ended, *, workers: int, address: str | None) -> None:
    """Read the studies from a few threads.

    Raises:
        ConfigError: when an address is given.
    """
    if address is not None:
        raise ConfigError("The engine 'local' is this machine and takes no address. Say --engine ray.")
    running = Running()
    with ThreadPoolExecutor(workers) as pool:
        names = {pool.submit(read_bounded, order, running): name for name, order in orders.items()}
        try:
            for future in as_completed(names):
                ended(names[future], *future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            running.end_all()
            raise
