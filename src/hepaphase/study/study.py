"""Volumes of one visit: a Study holds each phase on its own grid, an AlignedStudy all on one."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.errors import GeometryError, MissingPhaseError, StudyError, VolumeError
from .cut import Cut
from .displacement import Displacement
from .geometry import Floats, Geometry
from .origin import Origin
from .phase import REFERENCE_ORDER, TYPICAL_TIME_S, Phase, Provenance

HuArray = npt.NDArray[np.float32]
MaskArray = npt.NDArray[np.uint8]
LabelArray = npt.NDArray[np.uint16]
LONGEST_MM = 3000.0
"""No CT is longer (our choice: the longest tables scan about 2 m); spacing in other units is."""


@dataclass(frozen=True, slots=True)
class PhaseVolume:
    """One phase on its own grid.

    Raises:
        VolumeError: unless ``hu`` is a finite float32 (z, y, x) array.
        GeometryError: unless its shape is that of ``geometry``, and that of a grid that a scanner can have.
    """

    hu: HuArray
    geometry: Geometry
    provenance: Provenance
    time_s: float | None = None
    """Seconds from the start of injection to the middle of the scan; None when unknown."""
    sd_hu: HuArray | None = None
    """Predicted uncertainty per voxel; synthetic phases have it."""
    recognised_by: str = "name"
    """How the phase was recognised: name (of a file), flag (of the user), or measured."""
    origin: Origin | None = None
    """The DICOM images it was read from; None for any other file."""
    cut: Cut | None = None
    """The whole scan, where this is a part of it."""

    def __post_init__(self) -> None:
        check_volume(self.hu, self.geometry, what="The volume")
        if self.cut is not None:
            self.cut.require(self.geometry)
        longest_mm = max(n * s for n, s in zip(self.geometry.shape_zyx, self.geometry.spacing_zyx_mm, strict=True))
        if longest_mm > LONGEST_MM:
            raise GeometryError(
                f"The volume is {longest_mm / 1000:.0f} m long, which no CT is. Check the spacing in its header."
            )
        if self.sd_hu is not None:
            check_volume(self.sd_hu, self.geometry, what="The uncertainty")

    @property
    def whole(self) -> Geometry:
        """The grid of the whole scan; its own where nothing was cut away."""
        return self.geometry if self.cut is None else self.cut.whole


@dataclass(frozen=True, slots=True)
class LesionRow:
    """One lesion of a study's truth table."""

    lesion_id: int
    """Its value in the ``lesions`` mask."""
    lesion_class: str
    """A key of ``study.lesions.LESION_CLASSES``."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What else is known: origin, long axis, drawn parameters."""


@dataclass(frozen=True, slots=True)
class Study:
    """One visit: any subset of phases, each on its own grid, and what is known beside them.

    Masks are (z, y, x) arrays with the grid they lie on; ``lesions`` holds one id per lesion.

    Raises:
        StudyError: when there is no phase at all, or a time that cannot be.
    """

    case: str
    phases: Mapping[Phase, PhaseVolume]
    masks: Mapping[str, tuple[npt.NDArray[Any], Geometry]] = field(default_factory=dict)
    """Name (``liver``, ``body``, ``lesions``) to array and grid."""
    lesion_table: tuple[LesionRow, ...] | None = None
    """Truth about the lesions, or None when it is unknown; an empty tuple means lesion-free."""
    clinical: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.phases:
            raise StudyError(f"Study '{self.case}' has no phase. Give at least one of {', '.join(Phase)}.")
        object.__setattr__(self, "phases", MappingProxyType({p: self.phases[p] for p in Phase if p in self.phases}))
        for phase, volume in self.phases.items():
            time_s = volume.time_s
            if time_s is not None and not (math.isfinite(time_s) and (time_s >= 0 or phase is Phase.NC)):
                raise StudyError(
                    f"Study '{self.case}': {phase} has time_s {time_s:g}; it is seconds after the start of injection. "
                    "Leave it out where it is not known."
                )
        for name, (array, geometry) in self.masks.items():
            if array.shape != geometry.shape_zyx:
                raise GeometryError(f"Mask '{name}' has shape {array.shape}, its grid {geometry.shape_zyx}.")

    def phase(self, phase: Phase) -> PhaseVolume:
        """One phase.

        Raises:
            MissingPhaseError: naming what the study has.
        """
        if phase not in self.phases:
            raise MissingPhaseError(f"The study '{self.case}' has no {phase} phase (has: {', '.join(self.phases)}).")
        return self.phases[phase]

    @property
    def inputs(self) -> tuple[Phase, ...]:
        """Phases that were scanned (measured or simulated), in order of time."""
        return tuple(p for p, volume in self.phases.items() if volume.provenance.is_input)

    def reference(self, wanted: Phase | None = None) -> Phase:
        """The phase whose grid results are written on: ``wanted``, else PVP, AP, DP, NC, whichever is there first.

        Raises:
            MissingPhaseError: when ``wanted`` was not scanned, or no phase was.
        """
        have = ", ".join(self.inputs) or "none"
        if wanted is not None and wanted not in self.inputs:
            raise MissingPhaseError(f"The study '{self.case}' has no scanned {wanted} phase (scanned: {have}).")
        if not self.inputs:
            made = ", ".join(self.phases)
            raise MissingPhaseError(f"Every phase of '{self.case}' was generated ({made}). Give one that was scanned.")
        return wanted or next(p for p in REFERENCE_ORDER if p in self.inputs)


@dataclass(frozen=True, slots=True)
class AlignedStudy:
    """All phases of one visit on one grid. Made only by ``prepare``.

    Raises:
        GeometryError: unless every array has the shape of ``geometry``.
    """

    case: str
    geometry: Geometry
    reference: Phase
    hu: Mapping[Phase, HuArray]
    """(z, y, x) arrays in HU."""
    provenance: Mapping[Phase, Provenance]
    time_s: Mapping[Phase, float]
    """Seconds after the start of injection; the typical time where it was not known."""
    transforms: Mapping[Phase, Floats]
    """For each phase the 4x4 LPS matrix that takes a reference position to that phase's own space."""
    masks: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    sd_hu: Mapping[Phase, HuArray] = field(default_factory=dict)
    lesion_table: tuple[LesionRow, ...] | None = None
    clinical: Mapping[str, Any] = field(default_factory=dict)
    bends: Mapping[Phase, Displacement] = field(default_factory=dict)
    """Phases that were bent as well: what is added to a reference position before its matrix."""

    def __post_init__(self) -> None:
        for name, array in [*self.hu.items(), *self.masks.items(), *self.sd_hu.items()]:
            if array.shape != self.geometry.shape_zyx:
                raise GeometryError(f"'{name}' has shape {array.shape}, the study grid is {self.geometry.shape_zyx}.")
        if set(self.hu) != set(self.provenance) or set(self.hu) != set(self.time_s):
            raise StudyError(f"Study '{self.case}': every phase needs voxels, provenance and time.")

    @property
    def inputs(self) -> tuple[Phase, ...]:
        """Phases that were scanned, in order of time."""
        return tuple(p for p in Phase if p in self.hu and self.provenance[p].is_input)


def known_time_s(phase: Phase, time_s: float | None) -> float:
    """``time_s`` where it is known, else the typical time of the phase."""
    return TYPICAL_TIME_S[phase] if time_s is None else time_s


def check_volume(hu: npt.NDArray[Any], geometry: Geometry, *, what: str) -> None:
    """Refuse an array that cannot be a volume in HU on ``geometry``.

    Raises:
        VolumeError: for a wrong type, number of axes, or values that are not finite.
        GeometryError: for a shape that is not the grid's.
    """
    if hu.ndim != 3:
        raise VolumeError(f"{what} has {hu.ndim} axes, expected three (z, y, x).")
    if hu.dtype != np.float32:
        raise VolumeError(f"{what} holds {hu.dtype}, expected float32 HU.")
    if hu.shape != geometry.shape_zyx:
        raise GeometryError(f"{what} has shape {hu.shape}, its grid {geometry.shape_zyx}.")
    if not np.isfinite(hu).all():
        raise VolumeError(f"{what} holds NaN or infinite voxels. Repair the file or leave the phase out.")
