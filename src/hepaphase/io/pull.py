"""A study fetched from an archive, over DICOMweb or by C-MOVE, into a folder."""

import json
import re
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..base.atomic import atomic_path
from ..base.errors import ConfigError, DicomError, InputError
from ..base.extras import need

_MOVE_DONE = 0x0000
_PENDING = (0xFF00, 0xFF01)
_UID = re.compile(r"[0-9.]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A DICOM node that answers C-MOVE, and where it shall send to.

    Raises:
        ConfigError: for a port or a title that cannot be.
    """

    host: str
    port: int
    title: str
    own_title: str = "HEPAPHASE"
    """The name under which the archive knows us."""
    own_host: str = "127.0.0.1"
    """The address to listen on; the default is reached from this machine alone."""
    own_port: int = 11112
    timeout_s: float = 60.0

    def __post_init__(self) -> None:
        if not all(0 < port < 65536 for port in (self.port, self.own_port)):
            raise ConfigError(f"Ports lie between 1 and 65535, got {self.port} and {self.own_port}.")
        if not all(0 < len(title) <= 16 for title in (self.title, self.own_title)):
            raise ConfigError(f"A title has 1 to 16 letters, got '{self.title}' and '{self.own_title}'.")


def pull_web(url: str, study_uid: str, folder: Path, *, timeout_s: float = 60.0) -> list[Path]:
    """Fetch all objects of a study by WADO-RS (DICOM PS3.18 10.4), series by series, in the syntax they are stored in.

    Args:
        url: Of the service, without ``/studies``.
        study_uid: Which study.
        folder: Where to; one file per object, each whole or not there.
        timeout_s: How long to wait for an answer.

    Raises:
        InputError: when the service cannot be reached or does not know the study.
        DicomError: when what it sends is no DICOM.
    """
    _require_uid(study_uid)
    study = f"{url.rstrip('/')}/studies/{quote(study_uid)}"
    series = json.loads(_get(f"{study}/series", "application/dicom+json", timeout_s)[0] or b"[]")
    uids = [str(item["0020000E"]["Value"][0]) for item in series]
    if not uids:
        raise InputError(f"The archive has no study {study_uid}. Ask for another.")
    paths: list[Path] = []
    accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
    for uid in uids:
        for content in _parts(*_get(f"{study}/series/{quote(uid)}", accept, timeout_s)):
            paths.append(_write(content, folder, len(paths)))
    return paths


def pull_move(archive: Archive, study_uid: str, folder: Path) -> list[Path]:
    """Have the archive send a study by C-MOVE (DICOM PS3.4 C.4.2) to a receiver that runs for as long as it takes.

    Raises:
        MissingExtraError: without pynetdicom.
        InputError: when the archive cannot be reached, refuses, or sends nothing.
    """
    _require_uid(study_uid)
    net = need("pynetdicom", extra="pacs")
    classes = need("pynetdicom.sop_class", extra="pacs")
    paths: list[Path] = []

    def keep(event: Any) -> int:
        paths.append(_write(event.encoded_dataset(), folder, len(paths)))
        return 0x0000

    receiver = net.AE(ae_title=archive.own_title)
    for context in net.AllStoragePresentationContexts:
        receiver.add_supported_context(context.abstract_syntax, net.ALL_TRANSFER_SYNTAXES)
    try:
        server = receiver.start_server(
            (archive.own_host, archive.own_port), block=False, evt_handlers=[(net.evt.EVT_C_STORE, keep)]
        )
    except OSError as error:
        raise InputError(f"Port {archive.own_port} cannot be listened on: {error}. Choose another.") from error
    try:
        _move(net, classes.StudyRootQueryRetrieveInformationModelMove, archive, study_uid)
    finally:
        server.shutdown()
    if not paths:
        raise InputError(f"The archive has no study {study_uid}, or may not send to {archive.own_title}.")
    return paths


def _move(net: Any, model: Any, archive: Archive, study_uid: str) -> None:
    import pydicom

    try:
        socket.create_connection((archive.host, archive.port), timeout=archive.timeout_s).close()
    except OSError as error:
        raise InputError(f"The archive {archive.title} at {archive.host}:{archive.port} does not answer.") from error
    entity = net.AE(ae_title=archive.own_title)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = archive.timeout_s
    entity.add_requested_context(model)
    link = entity.associate(archive.host, archive.port, ae_title=archive.title)
    if not link.is_established:
        raise InputError(f"The archive {archive.title} refuses {archive.own_title}. Have it registered there.")
    wanted = pydicom.Dataset()
    wanted.QueryRetrieveLevel, wanted.StudyInstanceUID = "STUDY", study_uid
    try:
        for status, _ in link.send_c_move(wanted, archive.own_title, model):
            code = status.get("Status") if status else None
            if code not in (_MOVE_DONE, *_PENDING):
                said = "no answer" if code is None else f"status {code:#06x}"
                raise InputError(f"The archive {archive.title} did not send the study ({said}).")
    finally:
        link.release()


def _require_uid(uid: str) -> None:
    if not _UID.fullmatch(uid):
        raise ConfigError(f"'{uid}' is no study UID: digits and dots, 64 at most.")


def _get(url: str, accept: str, timeout_s: float) -> tuple[bytes, str]:
    """Body and content type."""
    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"'{url}' is no address of a DICOMweb service (http or https).")
    request = urllib.request.Request(url, headers={"Accept": accept})
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:
            return answer.read(), str(answer.headers.get("Content-Type", ""))
    except urllib.error.HTTPError as error:
        raise InputError(f"The archive does not give '{url}' (HTTP {error.code}).") from error
    except OSError as error:
        raise InputError(f"The archive at '{url}' cannot be reached: {error}.") from error


def _parts(body: bytes, content_type: str) -> Iterator[bytes]:
    """The bodies of a multipart answer (RFC 2046)."""
    found = re.search(r'boundary="?([^";]+)"?', content_type)
    if found is None:
        raise DicomError(f"The archive answered with '{content_type}', not with several DICOM objects.")
    for part in (b"\r\n" + body).split(b"\r\n--" + found[1].encode())[1:]:
        head, _, content = part.partition(b"\r\n\r\n")
        if head[:2] != b"--" and content:
            yield content


def _write(content: bytes, folder: Path, number: int) -> Path:
    if content[128:132] != b"DICM":
        raise DicomError("The archive sent something that is not DICOM.")
    path = folder / f"{number:05d}.dcm"
    with atomic_path(path) as partial:
        partial.write_bytes(content)
    return path
