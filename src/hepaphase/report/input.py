"""Everything a report needs, in one value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ..base.errors import GeometryError, StudyError
from ..study.findings import Findings
from ..study.geometry import Geometry
from ..study.phase import Phase, Provenance
from ..study.study import AlignedStudy, HuArray

TIME_SOURCES = ("given", "estimated", "typical", "requested")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseFacts:
    """How one phase got its name and its time.

    Raises:
        StudyError: for a source of time that does not exist, or an estimate without its interval.
    """

    recognised_by: str
    """How the phase was recognised: ``name`` (of a file), ``flag`` (of the user), ``measured``; ``generated``."""
    time_source: str = "typical"
    """``given`` with the scan; where the scan did not say ``estimated`` from its organs, or else ``typical`` of the
    phase; or ``requested`` of the generator."""
    time_interval_s: tuple[float, float] | None = None
    """Central 95 % of an estimated time."""
    source: str = ""
    """The series or file it came from, or the generator that made it."""

    def __post_init__(self) -> None:
        if self.time_source not in TIME_SOURCES:
            raise StudyError(f"A time is {' or '.join(TIME_SOURCES)}, got '{self.time_source}'.")
        if (self.time_source == "estimated") != (self.time_interval_s is not None):
            raise StudyError("A time that was estimated, and no other, has an interval.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInput:
    """What a reading found, on what, and how.

    Raises:
        StudyError: when a phase has no facts, or a withheld phase was not generated.
        GeometryError: when a withheld phase lies on another grid.
    """

    findings: Findings
    study: AlignedStudy
    """All phases on the reference grid (or a part of it that holds the liver), scanned and generated, with the masks
    ``liver`` and ``lesions``."""
    facts: Mapping[Phase, PhaseFacts]
    """For each phase of the study."""
    reference_grid: Geometry | None = None
    """The whole grid of the reference phase where the study is a part of it; slices are counted on it."""
    read_from: tuple[Phase, ...] | None = None
    """The phases that the probabilities were computed from; None for all."""
    withheld: Mapping[Phase, HuArray] = field(default_factory=dict)
    """Scans that were kept from the reader, (z, y, x) in HU on the grid of ``study``: shown beside what was generated
    in their place."""
    warnings: tuple[str, ...] = ()
    run: Mapping[str, str] = field(default_factory=dict)
    """Facts about the run as label to text: versions, models, seconds."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "facts", MappingProxyType({p: self.facts[p] for p in Phase if p in self.facts}))
        if missing := [p for p in self.study.hu if p not in self.facts]:
            raise StudyError(f"The report needs facts about every phase, none given for {', '.join(missing)}.")
        for phase, hu in self.withheld.items():
            if self.study.provenance.get(phase) is not Provenance.SYNTHETIC:
                raise StudyError(f"{phase} was withheld, but the study holds no generated {phase} to compare it with.")
            if hu.shape != self.study.geometry.shape_zyx:
                raise GeometryError(
                    f"Withheld {phase} has shape {hu.shape}, the study grid is {self.study.geometry.shape_zyx}."
                )

    @property
    def phases(self) -> tuple[Phase, ...]:
        """All phases of the study, in order of time."""
        return tuple(p for p in Phase if p in self.study.hu)

    @property
    def generated(self) -> tuple[Phase, ...]:
        """The phases that no scanner (and no simulation of one) made."""
        return tuple(p for p in self.phases if p not in self.study.inputs)
