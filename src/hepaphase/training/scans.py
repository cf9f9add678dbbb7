"""Which scans a prepared case shows, by their content: what trained must neither validate nor test.

Public sets share patients under other names (LiTS in MSD, CRLM and AbdomenCT-1K, and so on). A scan that was prepared
twice from the same source with the same liver mask gives the same voxels, whatever the case is called.
"""

import base64
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..base.errors import InputError
from ..study.phase import Phase

KEY_BYTES = 8
"""CRC-32 of a phase's voxels and of the liver's mask: two cases agree in both by chance once in 10^19 pairs."""
CARD_FIELD = "scans"
_PHASES = tuple(f"hu_{phase}.npy" for phase in Phase)
_MASK = "liver.npy"


def scans_of(path: Path) -> frozenset[bytes]:
    """A key for each phase of a prepared case, from the checksums in its table of contents; no voxel is read.

    Raises:
        InputError: if the file is damaged.
    """
    try:
        with zipfile.ZipFile(path) as file:
            checksums = {info.filename: info.CRC for info in file.infolist()}
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is not a prepared case ({error}). Prepare the cohort again.") from error
    mask = checksums.get(_MASK, 0).to_bytes(4, "big")
    return frozenset(checksums[name].to_bytes(4, "big") + mask for name in _PHASES if name in checksums)


def all_scans(files: Iterable[Path]) -> frozenset[bytes]:
    """Keys of all cases together."""
    return frozenset().union(*(scans_of(path) for path in files))


def seen(files: Iterable[Path], scans: frozenset[bytes]) -> list[Path]:
    """Those of ``files`` that show one of ``scans``."""
    return [path for path in files if scans and not scans.isdisjoint(scans_of(path))]


def require_unseen(files: Sequence[Path], cards: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse to test a model on scans that trained it; models without a record of their scans pass.

    ``cards`` are those of the models, by what they are for.

    Raises:
        InputError: naming the model and some of the cases.
    """
    for kind, card in cards.items():
        found = seen(files, from_text(str(card.get(CARD_FIELD, ""))))
        if found:
            raise InputError(
                f"{len(found)} of {len(files)} cases trained the {kind} model ({names(found)}); figures on them say "
                "nothing of new patients. Leave them out, or give a model that has not seen them with --bundle."
            )


def names(files: Sequence[Path], at_most: int = 3) -> str:
    """Names of the first few cases."""
    more = ", and others" if len(files) > at_most else ""
    return ", ".join(path.stem for path in files[:at_most]) + more


def to_text(scans: Iterable[bytes]) -> str:
    """For a model's card."""
    return base64.b64encode(b"".join(sorted(scans))).decode("ascii")


def from_text(text: str) -> frozenset[bytes]:
    """Undo of :func:`to_text`."""
    raw = base64.b64decode(text)
    return frozenset(raw[i : i + KEY_BYTES] for i in range(0, len(raw), KEY_BYTES))
