"""What a user can choose about a reading."""

from dataclasses import dataclass

from ..study.phase import Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """Choices of one reading; the defaults are those of ``hepaphase read``."""

    complete: tuple[Phase, ...] | None = None
    """Which missing phases to generate; None for all, empty for none."""
    reference: Phase | None = None
    """Phase on whose grid masks and generated phases are written; None for the study's own choice."""
    all_grids: bool = False
    """Also put the masks on each phase's own grid."""
    device: str = "cpu"
    """Where networks run, such as ``cuda``."""
    read_generated: bool = False
    """Whether stage II sees generated phases. Off by default: they add no information to the phases they were made
    from, and the benchmark in the docs shows what they do to the scores."""

    weigh_clinical: bool = True
    """Whether what is known of the patient is weighed into the classes of lesions; the report then gives both."""

    register: bool = True
    """Whether phases are lined up with the reference, and left out where that fails; else the scanner's positions are
    trusted."""

    def to_generate(self, scanned: tuple[Phase, ...]) -> tuple[Phase, ...]:
        """Phases to generate for a study in which ``scanned`` exist."""
        wanted = tuple(Phase) if self.complete is None else self.complete
        return tuple(p for p in Phase if p in wanted and p not in scanned)
