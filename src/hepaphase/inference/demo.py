"""The demo study: simulated, replayed from its frozen seed, with two phases withheld."""

from dataclasses import replace

import numpy as np

from ..phantom.seeds import DEMO_SEED
from ..phantom.simulate import simulate
from ..prepare.align import align
from ..prepare.register import register
from ..report.words import probability
from ..study.phase import Phase
from ..study.study import HuArray, Study
from .pipeline import Reading

DEMO = "demo"
"""Name of the case."""
WITHHELD = (Phase.AP, Phase.DP)


def demo_study() -> tuple[Study, Study]:
    """The study as it is read (no AP, no DP, no masks, no truth), and the whole one."""
    whole = replace(simulate(DEMO_SEED, grid="abdomen").study, case=DEMO)
    kept = {p: v for p, v in whole.phases.items() if p not in WITHHELD}
    return replace(whole, phases=kept, masks={}, lesion_table=None), whole


def withheld_phases(whole: Study, reading: Reading) -> dict[Phase, HuArray]:
    """The scans kept from the reader, lined up with what it read, on its grid: to be shown, never judged."""
    reference = reading.study.reference
    liver = reading.on_reference_grid(reading.study.masks["liver"], fill=0)
    fixed = whole.phase(reference)
    moves = {p: register(fixed, whole.phase(p), liver) for p in WITHHELD}
    kept = replace(whole, phases={p: whole.phase(p) for p in (*WITHHELD, reference)}, masks={})
    lined = align(kept, reading.study.geometry, reference=reference, transforms=moves)
    return {p: lined.hu[p] for p in WITHHELD}


def truth_lines(whole: Study, reading: Reading) -> list[str]:
    """For each true lesion of 20 mm or more, what the reading called it."""
    lesions, geometry = whole.masks["lesions"]
    found = reading.on_reference_grid(reading.study.masks["lesions"], fill=0)
    geometry.require(reading.reference_grid, what="The reading")
    lines = []
    for row in whole.lesion_table or ():
        inside = lesions == row.lesion_id
        diameter_mm = 2 * (3 / (4 * np.pi) * inside.sum() * geometry.voxel_ml * 1000) ** (1 / 3)
        if diameter_mm < 20:
            continue
        hits = found[inside]
        hits = hits[hits > 0]
        answer = "not found"
        if hits.size:
            finding = reading.findings.lesions[int(np.bincount(hits).argmax()) - 1]
            answer = f"called {finding.lesion_class} ({probability(max(finding.probabilities.values()))})"
        lines.append(f"true {row.lesion_class}, {diameter_mm:.0f} mm: {answer}")
    return lines
