"""Enhancement over time of organs and of each class of lesion at the reference exam."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...kinetics.circulation import circulate
from ...kinetics.tissue import enhancement_mg_ml
from ...kinetics.tube import kappa_hu_per_mg_ml
from ...phantom.detail import REFINED_CLASSES
from ...study.lesions import LIVER_CIRRHOSIS, LIVER_NORMAL, Tissue
from ..simulator import reference_body

Floats = npt.NDArray[np.float64]

ORGANS = ("aorta", "portal_vein", "hepatic_vein", "ivc", "spleen", "kidney", "gut", "muscle")
TIMES_S = np.arange(0.0, 301.0, 5.0)


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of the plot."""

    group: str
    """``organ`` or ``lesion``."""
    name: str
    enhancement_hu: Floats
    """(T,) at ``TIMES_S``."""


def enhancement_curves() -> list[Curve]:
    """Organs from the circulation; livers and compartments of lesions from the tissue model (typical parameters)."""
    patient, injection = reference_body(cirrhosis=False)
    circulation = circulate(patient, injection)
    kappa = kappa_hu_per_mg_ml(120.0)
    found = [
        Curve("organ", name, kappa * np.interp(TIMES_S, circulation.time_s, circulation.mg_per_ml[name]))
        for name in ORGANS
    ]
    late = TIMES_S[1:]
    tissues: Mapping[str, Tissue] = {"liver": LIVER_NORMAL, "liver, cirrhotic": LIVER_CIRRHOSIS, **_compartments()}
    for name, tissue in tissues.items():
        group = "organ" if name.startswith("liver") else "lesion"
        values = kappa * np.asarray(enhancement_mg_ml(tissue, circulation, late))
        found.append(Curve(group, name, np.concatenate([[0.0], values])))
    return found


def _compartments() -> dict[str, Tissue]:
    """Those that take up contrast, by class and name."""
    return {
        f"{key}, {part}": tissue
        for key, row in REFINED_CLASSES.items()
        for part, tissue in row.tissues.items()
        if tissue.arterial_flow + tissue.portal_flow > 0
    }


def checks(curves: Sequence[Curve]) -> list[tuple[str, str, bool]]:
    """What the physics notes (B, D) say of the order of events: statement, what is found, whether it holds."""
    by = {one.name: one for one in curves}

    def peak_s(name: str) -> float:
        return float(TIMES_S[int(np.argmax(by[name].enhancement_hu))])

    def at(name: str, time_s: float) -> float:
        return float(np.interp(time_s, TIMES_S, by[name].enhancement_hu))

    order = [peak_s(name) for name in ("aorta", "portal_vein", "liver")]
    wash_out = at("hcc, body", 37) - at("liver, cirrhotic", 37), at("hcc, body", 180) - at("liver, cirrhotic", 180)
    core = [at("icc, body", t) for t in (37, 70, 180)]
    center = [at("hemangioma, body", t) for t in (37, 70, 180)]
    return [
        (
            "aorta peaks first, then portal vein, then liver",
            " / ".join(f"{t:.0f} s" for t in order),
            order == sorted(order),
        ),
        (
            "carcinoma of liver cells is above a cirrhotic liver in the arterial phase, below in the delayed",
            " / ".join(f"{v:+.0f} HU" for v in wash_out),
            wash_out[0] > 0 > wash_out[1],
        ),
        (
            "core of a carcinoma of bile ducts fills until the delayed phase",
            " / ".join(f"{v:.0f} HU" for v in core),
            core == sorted(core),
        ),
        (
            "middle of a hemangioma fills until the delayed phase",
            " / ".join(f"{v:.0f} HU" for v in center),
            center == sorted(center),
        ),
    ]
