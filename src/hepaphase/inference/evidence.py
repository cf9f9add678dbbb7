"""What the class of each lesion rests on, gathered when everything else is known of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..bundle.bundle import Bundle
from ..bundle.familiar import familiar_facts
from ..diagnosis.clinical import weigh
from ..diagnosis.diagnose import Reader
from ..diagnosis.left_out import named_without
from ..report import words
from ..report.lirads import VERSION
from ..report.signs import NOT_LOOKED_FOR, signs_of
from ..study.findings import Evidence, Finding, Findings, Rule
from ..study.phase import Phase
from ..study.study import AlignedStudy

Without = Mapping[Phase, Sequence[Mapping[str, float]]]
"""Phase to the class probabilities of each lesion, had it not been read."""


def left_out(
    seen: AlignedStudy,
    lesions: npt.NDArray[np.uint16],
    kept: Sequence[int],
    clinical: Mapping[str, Any],
    reader: Reader,
) -> Without:
    """What the lesions would be called without each phase, one reading each; empty for one phase, or generated ones.

    Args:
        seen: what was read, on the working grid.
        lesions: those found, (z, y, x) on that grid.
        kept: number in ``lesions`` of each lesion that is reported, in order.
        clinical: what is known of the patient and is weighed in; empty where nothing is.
        reader: what read.
    """
    found = named_without(seen, lesions, reader)
    return {phase: [weigh(told[number - 1], clinical) for number in kept] for phase, told in found.items()}


def gather_evidence(
    findings: Findings, box: AlignedStudy, read_from: tuple[Phase, ...], without: Without, reader: Bundle
) -> Findings:
    """The findings with the evidence of each lesion.

    Args:
        findings: with everything else said.
        box: phases, scanned and generated, and masks that they were measured on.
        read_from: the phases that the probabilities come from.
        without: as ``left_out`` gives it.
        reader: what read.
    """
    places: list[Any] = ndimage.find_objects(np.asarray(box.masks["lesions"]))
    facts = familiar_facts(reader)
    bound = None if facts is None else float(facts["bound"])
    lesions = []
    for index, finding in enumerate(findings.lesions):
        names = {phase: told[index] for phase, told in without.items()}
        place = places[finding.lesion_id - 1]
        evidence = Evidence(
            read_from=read_from,
            signs=signs_of(box, finding.lesion_id, finding.hu, findings.liver_hu, found=place),
            not_looked_for=NOT_LOOKED_FOR,
            without=names,
            rules=(
                *_naming(finding, box, read_from),
                *_sets(findings, finding),
                *_lirads(finding),
                *_hanging(finding, names),
                *_unlike(findings, finding, bound),
            ),
        )
        lesions.append(replace(finding, evidence=evidence))
    return replace(findings, lesions=tuple(lesions))


def _naming(finding: Finding, box: AlignedStudy, read_from: tuple[Phase, ...]) -> list[Rule]:
    name = finding.lesion_class
    told = [_rule("most_probable", f"Named as the most probable of {len(finding.probabilities)} classes.")]
    if (seen := finding.image_probabilities) is not None:
        images, share = max(seen.items(), key=lambda item: item[1])
        alone = f"{'the same class' if images == name else words.class_name(images)}, {words.probability(share)}"
        told.append(
            _rule("clinical", f"What is known of the patient was weighed in; from the images alone it is {alone}.")
        )
    if made := [str(p) for p in box.hu if p not in box.inputs]:
        read = [p for p in made if p in read_from]
        text = (
            f"Generated {words.join(read)} was read too, and sets no sign."
            if read
            else f"Generated {words.join(made)} was not read, and sets no sign."
        )
        told.append(_rule("generated", text))
    return told


def _sets(findings: Findings, finding: Finding) -> list[Rule]:
    if not finding.prediction_set:
        return []
    names = words.join([words.class_name(key) for key in finding.prediction_set])
    level = findings.set_basis.get("level")
    return [] if level is None else [_rule("prediction_set", f"The {100 * level:.0f} % prediction set holds {names}.")]


def _lirads(finding: Finding) -> list[Rule]:
    if finding.lirads is not None:
        return [_rule("lirads", f"{finding.lirads.category} by {VERSION}, from measures.")]
    if not finding.lirads_withheld:
        return []
    return [_rule("lirads_withheld", f"No LI-RADS category. {' '.join(finding.lirads_withheld)}")]


def _hanging(finding: Finding, without: Mapping[Phase, Mapping[str, float]]) -> list[Rule]:
    """A doubt where one phase alone makes the name."""
    name = finding.lesion_class
    other = [p for p, told in without.items() if max(told, key=lambda key: told[key]) != name]
    if not other:
        return []
    each = "it" if len(other) == 1 else "either" if len(other) == 2 else "any of them"
    text = f"The name hangs on {words.join([str(p) for p in other])}: without {each} another class is more probable."
    return [Rule(kind="doubt", name="hangs_on_phase", text=text)]


def _unlike(findings: Findings, finding: Finding, bound: float | None) -> list[Rule]:
    told = []
    if findings.unlike is not None and findings.unlike.is_beyond:
        told.append(
            Rule(kind="doubt", name="unlike_scan", text="The scan is unlike those that the reader learned from.")
        )
    if bound is not None and finding.ood_score is not None and finding.ood_score >= bound:
        text = "It measures unlike the lesions that the reader learned from."
        told.append(Rule(kind="doubt", name="unlike_lesion", text=text))
    return told


def _rule(name: str, text: str) -> Rule:
    return Rule(kind="rule", name=name, text=text)
