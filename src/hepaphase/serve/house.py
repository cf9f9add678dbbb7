"""All parts of the service put together, started and stopped."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ..base.errors import ConfigError, HepaphaseError
from ..base.log import logger
from .jobs import Queue, Sending, State
from .node import Node, start_node
from .page import Page
from .place import opened
from .readings import Readings
from .received import Received
from .send import Sender, Target
from .uploads import Uploads
from .web import Site, WebServer
from .worker import How, Worker

_TICK_S = 0.1
log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is served, where and how.

    Raises:
        ConfigError: for a number that cannot be.
    """

    root: Path
    """Folder of readings."""
    host: str = "127.0.0.1"
    port: int = 8642
    """0 for any that is free."""
    node: Node | None = None
    wait_s: float = 60.0
    """A study that was sent is read when nothing of it came for so long."""
    target: Target | None = None
    """Where SEG and SR of studies that were sent go."""
    keep_hours: float = 24.0
    """How long the images of a study that was read stay."""
    upload_gib: float = 8.0
    how: How = field(default_factory=How)

    def __post_init__(self) -> None:
        if self.wait_s <= 0 or self.upload_gib <= 0 or self.keep_hours < 0:
            raise ConfigError("The time to wait and the size of an upload are above zero, the time to keep not below.")
        if not 0 <= self.port < 65536:
            raise ConfigError(f"Ports lie between 0 and 65535, got {self.port}.")


class House:
    """What runs."""

    def __init__(self, queue: Queue, received: Received, sender: Sender | None, settings: Settings) -> None:
        self.queue, self._received, self._sender, self._settings = queue, received, sender, settings
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="caretaker", daemon=True)
        self.url = ""
        """Of the page."""

    @property
    def num_waiting(self) -> int:
        """Studies that are not read yet."""
        return sum(job.state == State.WAITING for job in self.queue.all()) + len(self._received.growing())

    def start(self) -> None:
        """Look after what was received, sent and kept, again and again."""
        self._thread.start()

    def stop(self) -> None:
        """Let that be."""
        self._is_over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._is_over.wait(_TICK_S):
            try:
                self._received.queue_quiet()
                if self._sender is not None:
                    self._sender.send_waiting()
                self._forget_old()
            except (OSError, HepaphaseError) as error:  # a full disk, say; the next time may do
                log.warning("%s while looking after studies.", type(error).__name__)

    def _forget_old(self) -> None:
        """Remove the images of studies that were read long enough ago."""
        before_s = time.time() - self._settings.keep_hours * 3600
        for job in self.queue.all():
            if job.state == State.DONE and job.sending != Sending.WAITING and job.ended_s <= before_s:
                self._received.forget(job)


@contextmanager
def serving(settings: Settings) -> Iterator[House]:
    """Yield the service for as long as it runs; then whatever was being read waits again, and nothing is lost.

    Raises:
        ConfigError: when a port cannot be listened on.
        MissingExtraError: for a DICOM node without pynetdicom.
        OutputError: when the folder cannot be served.
    """
    with ExitStack() as stack:
        place = stack.enter_context(opened(settings.root))
        queue = Queue(place)
        received = Received(place, queue, wait_s=settings.wait_s)
        worker = Worker(place, queue, settings.how)
        readings = Readings(settings.root)
        own_title = settings.node.title if settings.node else Node(port=1).title
        target = settings.target
        sender = None if target is None else Sender(place, queue, target, own_title=own_title)
        uploads = Uploads(place, queue, max_bytes=int(settings.upload_gib * 2**30))
        facts = {"node": settings.node, "target": target, "wait_s": settings.wait_s, "upload_bytes": uploads.max_bytes}
        page = Page(readings, queue, received, worker, **facts)
        site = Site(page=page, readings=readings, queue=queue, received=received, uploads=uploads, worker=worker)
        web = stack.enter_context(WebServer(settings.host, settings.port, site))
        house = House(queue, received, sender, settings)
        house.url = f"http://{settings.host}:{web.server_address[1]}"
        worker.start()
        stack.callback(worker.stop)
        house.start()
        stack.callback(house.stop)
        if settings.node is not None:
            node = start_node(settings.node, received.keep)
            stack.callback(node.shutdown)
        threading.Thread(target=web.serve_forever, args=(_TICK_S,), name="web", daemon=True).start()
        stack.callback(web.shutdown)
        yield house
