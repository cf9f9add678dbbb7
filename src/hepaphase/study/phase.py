"""The four contrast phases, when they are scanned, and where a volume came from."""

from enum import StrEnum

from ..base.names import check_name


class Phase(StrEnum):
    """A contrast phase of a liver CT; members are in order of time."""

    NC = "NC"
    AP = "AP"
    PVP = "PVP"
    DP = "DP"

    @property
    def label(self) -> str:
        """The name in words, as a report prints it."""
        return _LABELS[self]

    @classmethod
    def parse(cls, name: str) -> "Phase":
        """The phase called ``name``, in any letter case.

        Raises:
            UnknownNameError: if there is no such phase.
        """
        return cls(check_name(name.strip().upper(), [p.value for p in cls], kind="phase"))


_LABELS = {
    Phase.NC: "non-contrast",
    Phase.AP: "arterial",
    Phase.PVP: "portal venous",
    Phase.DP: "delayed",
}

TYPICAL_TIME_S = {Phase.NC: 0.0, Phase.AP: 37.0, Phase.PVP: 70.0, Phase.DP: 180.0}
"""Seconds after the start of injection when a phase is usually scanned (kinetics.md B, the reference exam)."""

REFERENCE_ORDER = (Phase.PVP, Phase.AP, Phase.DP, Phase.NC)
"""The first of these that a study holds is its reference phase (product.md, Grids)."""


class Provenance(StrEnum):
    """Where the voxels of a phase came from."""

    MEASURED = "measured"
    """A scanner."""
    SIMULATED = "simulated"
    """Our physics, in a cohort. Counts as input wherever measured does, and is named as simulated."""
    SYNTHETIC = "synthetic"
    """Completed by stage I. Never sets a category, never passed off as measured."""

    @property
    def is_input(self) -> bool:
        """Whether a model may take this volume as something that was scanned."""
        return self is not Provenance.SYNTHETIC
