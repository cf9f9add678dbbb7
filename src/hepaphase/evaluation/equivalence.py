"""Two readings of the same patients: is one as good as the other, better, or worse?"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..base.errors import ConfigError, InputError
from .bootstrap import Bootstrap, Interval
from .patient import Statistic, differences
from .rows import PatientRow

MARGIN = 0.02
"""AUC; fixed beforehand."""
NAMES = ("AUC-8", "AUC-2", "malignant AUC")
"""Statistics that are tested."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One statistic of two readings."""

    name: str
    difference: Interval
    """Reading minus baseline, with its 95 % interval."""
    inner: Interval
    """The same with its 90 % interval, which two one-sided tests at 5 % look at."""
    num_patients: int
    margin: float

    @property
    def words(self) -> str:
        """What follows: ``equivalent`` when the 90 % interval lies within the margin (TOST, Schuirmann 1987)."""
        if -self.margin < self.inner.low and self.inner.high < self.margin:
            return "equivalent"
        if self.difference.high < -self.margin:
            return "worse, beyond the margin"
        if self.difference.low > self.margin:
            return "better, beyond the margin"
        if self.difference.high < 0:
            return "worse"
        return "better" if self.difference.low > 0 else "undecided"


def in_both(rows: Sequence[PatientRow], baseline: Sequence[PatientRow]) -> tuple[list[PatientRow], list[PatientRow]]:
    """The rows of patients that both hold, each in its own order.

    Raises:
        InputError: when there is no such patient.
    """
    shared = {row.case for row in rows} & {row.case for row in baseline}
    if not shared:
        raise InputError("The two tables have no patient in common.")
    return [row for row in rows if row.case in shared], [row for row in baseline if row.case in shared]


def verdicts(
    rows: Sequence[PatientRow],
    baseline: Sequence[PatientRow],
    *,
    margin: float = MARGIN,
    config: Bootstrap | None = None,
) -> list[Verdict]:
    """Compare two readings of the same patients by paired bootstrap.

    Args:
        rows: the reading that is tested.
        baseline: what it is compared with.
        margin: the largest difference in AUC that does not matter.
        config: resamples and seed; the levels are 95 and 90 %.

    Raises:
        ConfigError: for a margin that is not positive.
        InputError: when the two are not the same patients.
    """
    if not 0 < margin < 1:
        raise ConfigError(f"The margin must lie between 0 and 1, got {margin:g}.")
    config = config or Bootstrap()
    outer = {s.name: s for s in differences(rows, baseline, replace(config, level=0.95))}
    inner = {s.name: s for s in differences(rows, baseline, replace(config, level=0.90))}
    return [_verdict(outer[name], inner[name], margin) for name in NAMES if name in outer]


def _verdict(outer: Statistic, inner: Statistic, margin: float) -> Verdict:
    return Verdict(outer.name, outer.interval, inner.interval, outer.num_patients, margin)


def table(found: Sequence[Verdict]) -> str:
    """A line per statistic, in Markdown."""
    lines = ["| | difference, 95 % interval | 90 % interval | n | |", "|---|---|---|---|---|"]
    for v in found:
        d, i = v.difference, v.inner
        difference = f"{d.value:.3f} [{d.low:.3f}, {d.high:.3f}]"
        lines.append(f"| {v.name} | {difference} | [{i.low:.3f}, {i.high:.3f}] | {v.num_patients} | {v.words} |")
    return "\n".join(lines) + f"\n\nEquivalent: the 90 % interval lies within {found[0].margin:g} either way.\n"
