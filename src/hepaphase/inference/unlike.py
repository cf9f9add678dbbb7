"""How unlike a study is to those its reader was made with, and what that forbids to say."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..bundle.bundle import Bundle
from ..bundle.familiar import familiar_facts
from ..diagnosis.diagnose import measures_of
from ..diagnosis.levels import organ_levels
from ..diagnosis.measures import names_for
from ..evaluation.unlike import Familiar
from ..study.findings import Finding, Findings, Unlike
from ..study.study import AlignedStudy


def judge_unlike(
    findings: Findings, seen: AlignedStudy, lesions: npt.NDArray[np.uint16], kept: Sequence[int], reader: Bundle
) -> tuple[Findings, tuple[str, ...]]:
    """The findings with scores of how unlike lesions and scan are, and warnings.

    Beyond the bound nothing is said that supposes images like those learned from: no screening and no sets of classes
    for such a scan, no set for such a lesion, and no LI-RADS category. Without a reference for ``reader``, or where
    generated phases were read, there is no score and nothing changes.

    Args:
        findings: with decisions.
        seen: what was read, on the working grid, with its organs as far as they are known.
        lesions: those found, (z, y, x) on that grid.
        kept: number in ``lesions`` of each lesion of ``findings``, in order.
        reader: what read.
    """
    facts = familiar_facts(reader)
    if facts is None or any(p not in seen.inputs for p in seen.hu):
        return findings, ()
    scan = _scan(seen, lesions, facts)
    scores = _scores(seen, lesions, facts)
    rows = [replace(f, ood_score=float(scores[k - 1])) for f, k in zip(findings.lesions, kept, strict=True)]
    odd = [f.lesion_id for f in rows if f.ood_score is not None and f.ood_score >= facts["bound"]]
    why = _why_scan(scan) if scan is not None and scan.is_beyond else ""
    told = replace(findings, lesions=tuple(_silent(f, why, facts["bound"]) for f in rows), unlike=scan)
    if why and findings.screening is not None:
        told = replace(told, screening=None, abstained=(why,))
    if why:
        told = replace(told, set_basis={})
    return told, (*((why,) if why else ()), *(_why_lesions(odd, facts) if odd else ()))


def _scan(seen: AlignedStudy, lesions: npt.NDArray[np.uint16], facts: Mapping[str, Any]) -> Unlike | None:
    """The score of the scan; None where no organ could be measured."""
    known = Familiar.from_dict(facts["scan"])
    levels = organ_levels(seen.hu, seen.masks, lesions)
    names = [name for name in known.names if name in levels]
    if not names:
        return None
    row = np.array([levels[name] for name in names])
    measure, value, low, high = known.oddest(row, names)
    return Unlike(
        score=float(known.scores(row[None], names)[0]),
        bound=facts["bound"],
        held_out=facts["held_out"],
        num_patients=facts["num_patients"][1],
        num_lesions=facts["num_lesions"][1],
        oddest=measure,
        value=value,
        usual=(low, high),
    )


def _scores(seen: AlignedStudy, lesions: npt.NDArray[np.uint16], facts: Mapping[str, Any]) -> npt.NDArray[np.float64]:
    """Of lesion 1 ... L."""
    known = Familiar.from_dict(facts["lesions"])
    names = names_for(known.names, seen.hu)
    values = measures_of(seen, lesions).astype(float)
    return known.scores(values[:, [known.names.index(name) for name in names]], names)


def _why_scan(scan: Unlike) -> str:
    low, high = scan.usual
    organ, phase = scan.oddest.rsplit("_", 1)
    return (
        f"The scan is unlike those that the reader was made with (beyond {scan.score:.1%} of {scan.num_patients} "
        f"simulated patients; {organ} in {phase} {scan.value:.0f} HU, usual {low:.0f} to {high:.0f}): no decision "
        "and no set of classes is given for it."
    )


def _why_lesions(odd: Sequence[int], facts: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        f"Lesion(s) {', '.join(map(str, odd))} measure unlike those that the reader was made with (beyond "
        f"{facts['bound']:.0%} of {facts['num_lesions'][1]} found in simulated patients): their classes are not to be "
        "relied upon.",
    )


def _silent(finding: Finding, why_scan: str, bound: float) -> Finding:
    """The finding without what may not be said of it."""
    beyond = finding.ood_score is not None and finding.ood_score >= bound
    if not why_scan and not beyond:
        return finding
    why = "The scan" if why_scan else "The lesion"
    reasons = (*finding.lirads_withheld, f"{why} is unlike those that the reader was made with.")
    return replace(finding, prediction_set=(), lirads=None, lirads_withheld=reasons)
