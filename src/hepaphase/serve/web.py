"""The web server: pages and files out, uploads and orders in."""

import contextlib
import ipaddress
import re
import shutil
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from ..base.errors import ConfigError, HepaphaseError
from ..base.log import logger
from ..io.source import parse_phases
from .jobs import ENDED, Queue, State
from .page import Page, asset
from .readings import SHOWN, Readings
from .received import Received
from .uploads import Uploads
from .worker import Worker

_MARK = "X-Hepaphase"
"""Every order carries it: another site's page cannot set it without asking us first, and is never answered."""
_MOST_TEXT = 2000
_MOST_HEARD, _PATIENCE_S = 2**26, 0.2
_PAGE_RULES = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_FILE_RULES = "sandbox allow-scripts allow-downloads; frame-ancestors 'none'"
"""A report runs its viewer, and can ask us for nothing."""

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the server hands out and does."""

    page: Page
    readings: Readings
    queue: Queue
    received: Received
    uploads: Uploads
    worker: Worker


class _Refused(Exception):
    """A status, and what to say."""

    def __init__(self, status: HTTPStatus, why: str = "") -> None:
        super().__init__(why)
        self.status = status


class WebServer(ThreadingHTTPServer):
    """Answers each request in a thread of its own."""

    daemon_threads = True
    site: Site

    def __init__(self, host: str, port: int, site: Site) -> None:
        """Listen.

        Raises:
            ConfigError: when the port cannot be listened on.
        """
        self.site = site
        try:
            super().__init__((host, port), _Handler)
        except (OSError, OverflowError) as error:
            raise ConfigError(f"Port {port} of {host} cannot be listened on: {error}. Choose another.") from error

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what kind of mistake it was; nothing of the request."""
        kind = sys.exc_info()[0]
        if kind is not None and not issubclass(kind, OSError):  # whoever asked has gone
            log.warning("A request failed: %s.", kind.__name__)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_own(name: str) -> bool:
    """Whether it is an address, or what this machine calls itself."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name.lower() in {"localhost", socket.gethostname().lower(), socket.getfqdn().lower()}
    return True


class _Handler(BaseHTTPRequestHandler):
    server: WebServer
    server_version, sys_version = "hepaphase", ""
    timeout = 60.0
    routes: ClassVar[tuple[tuple[str, re.Pattern[str], str], ...]] = tuple(
        (method, re.compile(pattern), name)
        for method, pattern, name in (
            ("GET", "/", "_page"),
            ("GET", "/live", "_live"),
            ("GET", r"/(serve\.css|serve\.js)", "_asset"),
            ("GET", r"/readings/([^/]+)/([^/]+)", "_file"),
            ("POST", "/uploads", "_begin"),
            ("PUT", r"/uploads/([^/]+)/([0-9]{1,6})", "_put"),
            ("POST", r"/uploads/([^/]+)", "_finish"),
            ("DELETE", r"/uploads/([^/]+)", "_drop"),
            ("POST", r"/jobs/([^/]+)/(cancel|again|forget)", "_order"),
        )
    )

    def do_GET(self) -> None:
        """Pages and files."""
        self._answer("GET")

    def do_POST(self) -> None:
        """Orders."""
        self._answer("POST")

    def do_PUT(self) -> None:
        """Files of an upload."""
        self._answer("PUT")

    def do_DELETE(self) -> None:
        """An upload that is given up."""
        self._answer("DELETE")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: names of readings are nobody's business."""

    def _answer(self, method: str) -> None:
        try:
            self._require_own(method)
            path = urlsplit(self.path).path
            for wanted, pattern, name in self.routes:
                if wanted == method and (found := pattern.fullmatch(path)):
                    getattr(self, name)(*map(unquote, found.groups()))
                    return
            raise _Refused(HTTPStatus.NOT_FOUND, "There is no such page.")
        except _Refused as refused:
            self._refuse(str(refused), refused.status)
        except HepaphaseError as error:
            self._refuse(str(error), HTTPStatus.BAD_REQUEST)

    def _refuse(self, why: str, status: HTTPStatus) -> None:
        """Answer, then hear out what the other side is still sending, within reason: else it hears no answer."""
        self._text(why, status)
        self.wfile.flush()
        self.connection.settimeout(_PATIENCE_S)
        left = _MOST_HEARD
        with contextlib.suppress(OSError):
            while left > 0 and (chunk := self.connection.recv(2**16)):
                left -= len(chunk)

    def _require_own(self, method: str) -> None:
        """Refuse what a page of another site has the browser ask.

        A name other than ours would be another's that was made to point here.
        """
        host = self.headers.get("Host", "")
        name = (urlsplit(f"//{host}").hostname or "") if host else ""
        only_here = is_loopback(str(self.server.server_address[0]))
        if not (is_loopback(name) if only_here else _is_own(name)):
            raise _Refused(HTTPStatus.FORBIDDEN, "Ask for this machine by its address or its own name.")
        if method != "GET" and self.headers.get(_MARK) != "1":
            raise _Refused(HTTPStatus.FORBIDDEN, f"Orders carry the header {_MARK}: 1.")

    def _page(self) -> None:
        self._text(self.server.site.page.whole(), kind="text/html", rules=_PAGE_RULES)

    def _live(self) -> None:
        self._text(self.server.site.page.live(), kind="text/html", rules=_PAGE_RULES)

    def _asset(self, name: str) -> None:
        self._text(asset(name), kind="text/css" if name.endswith(".css") else "text/javascript")

    def _file(self, name: str, file: str) -> None:
        path = self.server.site.readings.file(name, file)
        if path is None:
            raise _Refused(HTTPStatus.NOT_FOUND, "There is no such file.")
        with path.open("rb") as content:
            size = path.stat().st_size
            self._head(HTTPStatus.OK, {"Content-Type": SHOWN[file], "Content-Length": str(size)}, rules=_FILE_RULES)
            shutil.copyfileobj(content, self.wfile)

    def _begin(self) -> None:
        self._text(self.server.site.uploads.begin(), HTTPStatus.CREATED)

    def _put(self, key: str, number: str) -> None:
        self.server.site.uploads.put(key, int(number), self.rfile, self._length())
        self._text("", HTTPStatus.CREATED)

    def _finish(self, key: str) -> None:
        self._text(self.server.site.uploads.finish(key).name, HTTPStatus.CREATED)

    def _drop(self, key: str) -> None:
        self.server.site.uploads.cancel(key)
        self._text("")

    def _order(self, name: str, order: str) -> None:
        site = self.server.site
        if site.queue.get(name) is None:
            raise _Refused(HTTPStatus.NOT_FOUND, "There is no such study in the queue.")
        if order == "cancel":
            if not site.worker.cancel(name):
                raise _Refused(HTTPStatus.CONFLICT, "It has ended already.")
        else:
            phases = self.rfile.read(min(self._length(), _MOST_TEXT)).decode("utf-8", errors="replace").strip()
            if phases:
                parse_phases(phases)
            self._again_or_forget(name, order, phases)
        self._text("")

    def _again_or_forget(self, name: str, order: str, phases: str) -> None:
        site = self.server.site
        job = site.queue.get(name)
        if job is None or job.state not in ENDED or site.worker.is_busy_with(name):
            raise _Refused(HTTPStatus.CONFLICT, "It has not ended yet.")
        if order == "forget":
            site.received.forget(job)
        elif job.state == State.DONE:
            raise _Refused(HTTPStatus.CONFLICT, "It is read already.")
        else:
            site.queue.change(name, state=State.WAITING, why="", phases=phases)

    def _length(self) -> int:
        text = self.headers.get("Content-Length", "")
        if not re.fullmatch(r"[0-9]{1,15}", text):
            raise _Refused(HTTPStatus.LENGTH_REQUIRED, "Say how long it is (Content-Length).")
        return int(text)

    def _text(
        self,
        text: str,
        status: HTTPStatus = HTTPStatus.OK,
        *,
        kind: str = "text/plain",
        rules: str = _PAGE_RULES,
    ) -> None:
        content = text.encode()
        facts = {"Content-Type": f"{kind}; charset=utf-8", "Content-Length": str(len(content))}
        self._head(status, facts, rules=rules)
        self.wfile.write(content)

    def _head(self, status: HTTPStatus, facts: Mapping[str, str], *, rules: str) -> None:
        self.send_response(status)
        always = {
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Content-Security-Policy": rules,
        }
        for name, value in {**facts, **always}.items():
            self.send_header(name, value)
        self.end_headers()
