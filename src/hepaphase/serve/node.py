"""The DICOM node: answers C-ECHO, takes C-STORE of CT (DICOM PS3.4 A and B)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..base.errors import ConfigError, HepaphaseError, InputError
from ..base.extras import need
from ..base.log import logger

Keep = Callable[[bytes], None]
"""Keeps the bytes of one DICOM file; raises InputError for what it cannot take."""

_STORED, _NO_ROOM, _NOT_UNDERSTOOD = 0x0000, 0xA700, 0xC000
_NOT_KEPT = 0xB006
"""Elements discarded, a warning: many senders give up a whole study when one dose screen in it is refused."""
_MOST_AT_ONCE = 8
"""Senders at once; what they send is held in memory image by image (our choice)."""

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Where the node listens, and to whom.

    Raises:
        ConfigError: for a port or a title that cannot be.
    """

    port: int
    title: str = "HEPAPHASE"
    host: str = "127.0.0.1"
    """The default is reached from this machine alone."""
    callers: tuple[str, ...] = ()
    """Titles that may send; everybody's when empty."""

    def __post_init__(self) -> None:
        if not 0 < self.port < 65536:
            raise ConfigError(f"Ports lie between 1 and 65535, got {self.port}.")
        if odd := next((title for title in (self.title, *self.callers) if not 0 < len(title) <= 16), None):
            raise ConfigError(f"A title has 1 to 16 letters, got '{odd}'.")


def start_node(node: Node, keep: Keep) -> Any:
    """Listen in threads of its own; ``shutdown()`` of what is returned ends it and who is sending.

    CT images are kept. Other objects of a study, such as dose reports, are not, and the sender is warned of each.

    Raises:
        MissingExtraError: without pynetdicom.
        ConfigError: when the port cannot be listened on.
    """
    net = need("pynetdicom", extra="pacs")
    classes = need("pynetdicom.sop_class", extra="pacs")
    entity = net.AE(ae_title=node.title)
    entity.require_called_aet = True
    entity.require_calling_aet = list(node.callers)
    entity.maximum_associations = _MOST_AT_ONCE
    for context in net.AllStoragePresentationContexts:
        entity.add_supported_context(context.abstract_syntax, net.ALL_TRANSFER_SYNTAXES)
    entity.add_supported_context(classes.Verification)
    images = {
        classes.CTImageStorage,
        classes.EnhancedCTImageStorage,
        classes.LegacyConvertedEnhancedCTImageStorage,
    }

    def stored(event: Any) -> int:
        return _stored(event, keep) if event.context.abstract_syntax in images else _NOT_KEPT

    handlers = [(net.evt.EVT_C_STORE, stored), (net.evt.EVT_C_ECHO, lambda event: _STORED)]
    try:
        entity.start_server((node.host, node.port), block=False, evt_handlers=handlers)
    except OSError as error:
        raise ConfigError(
            f"The DICOM port {node.port} of {node.host} cannot be listened on: {error}. Choose another."
        ) from error
    return entity


def _stored(event: Any, keep: Keep) -> int:
    """The status to answer; nothing of the image is ever logged."""
    try:
        keep(event.encoded_dataset())
    except InputError:
        return _NOT_UNDERSTOOD
    except (HepaphaseError, OSError) as error:
        log.warning("An image was refused: there is no room (%s).", type(error).__name__)
        return _NO_ROOM
    return _STORED
