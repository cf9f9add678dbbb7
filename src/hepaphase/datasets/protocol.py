"""What a source of studies must offer, and how the right one is found."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from ..base.errors import InputError
from ..base.family import Family
from ..study.study import Study
from .unnamed import Namer

ADAPTERS = Family("hepaphase.datasets.adapters", "Adapter", "dataset adapter")
PLAIN = ("dicom",)
"""Layouts that any folder with such files has; taken where no layout of a known set fits."""


class Adapter(Protocol):
    """A cohort on disk in the layout of one source. Add a file to ``datasets/adapters`` to add a source."""

    def __init__(self, root: Path) -> None:
        """Look at the folder, read no voxel."""

    @staticmethod
    def recognizes(root: Path) -> bool:
        """Whether ``root`` has this layout, judged by names of files and folders (plain DICOM: by first bytes)."""
        ...

    def cases(self) -> list[str]:
        """Names of all cases, sorted; each may serve as a file name."""
        ...

    def patient(self, case: str) -> str:
        """Whose case it is; several cases of one patient never part in a split."""
        ...

    def paths(self, case: str) -> list[Path]:
        """Every file that the case is read from, the table of the cohort left out."""
        ...

    def clinical(self, case: str) -> Mapping[str, Any]:
        """What the table of the cohort says about the case."""
        ...

    def load(self, case: str) -> Study:
        """One case.

        Raises:
            InputError: when a file is missing or damaged.
            UnknownNameError: when there is no such case.
        """
        ...

    @staticmethod
    def write_example(root: Path, study: Study) -> None:
        """Lay ``study`` out below ``root`` the way the source does; tests read it back with ``load``."""


def open_cohort(root: Path, *, layout: str | None = None, namer: Namer | None = None) -> Adapter:
    """The adapter for the cohort at ``root``: ``layout`` when given, else the one that recognizes the folder.

    ``namer`` names the phases of sources that do not tell them; without it they do as their adapters say.

    Raises:
        InputError: when there is no such folder, or no layout or more than one fits.
        UnknownNameError: when ``layout`` is not a known one.
    """
    if not root.is_dir():
        raise InputError(f"There is no cohort folder '{root}'.")
    if layout is not None:
        return _open(layout, root, namer)
    known = [name for name in ADAPTERS.names() if name not in PLAIN]
    fitting = [name for name in known if ADAPTERS.load(name).recognizes(root)]
    fitting = fitting or [name for name in PLAIN if ADAPTERS.load(name).recognizes(root)]
    if len(fitting) != 1:
        found = "several layouts fit: " + ", ".join(fitting) if fitting else "no known layout fits"
        raise InputError(
            f"Cannot tell how the cohort '{root}' is laid out: {found}. Known: {', '.join(ADAPTERS.names())}. "
            "Ours is one folder per case holding NC.nii.gz, AP.nii.gz, PVP.nii.gz or DP.nii.gz."
        )
    return _open(fitting[0], root, namer)


def _open(layout: str, root: Path, namer: Namer | None) -> Adapter:
    adapter: Adapter = ADAPTERS.load(layout)(root)
    if hasattr(adapter, "namer"):
        adapter.namer = namer
    return adapter
