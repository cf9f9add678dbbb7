"""HU of every organ and of every kind of lesion tissue in every phase."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ..base.seeds import stream
from ..kinetics.basis import basis_weights, enhancement, make_basis
from ..kinetics.circulation import Circulation
from ..study.lesions import LIVER_CIRRHOSIS, LIVER_NORMAL, Tissue
from ..study.phase import Phase
from .exam import Exam
from .labels import Organ

Floats = npt.NDArray[np.float64]

SPREAD = {
    "arterial_flow": 0.40,
    "portal_flow": 0.50,
    "blood_fraction": 0.25,
    "interstitium_fraction": 0.20,
    "permeability": 0.50,
}
"""Standard deviation of the logarithm between lesions (physics notes, B); background liver has 0.6 of it."""
_LIVER_SPREAD = 0.6
_FATTY_DRAWN = 0.2
"""Share of livers whose fat is drawn; a smaller share uses it in fewer, and disturbs no other draw."""


def vary(rng: np.random.Generator, tissue: Tissue, *, hu0: float, spread: float = 1.0) -> Tissue:
    """A tissue of the same kind in another lesion: parameters times lognormal factors, unenhanced HU given."""
    factors = {name: float(np.exp(spread * sd * rng.standard_normal())) for name, sd in SPREAD.items()}
    values = {name: getattr(tissue, name) * factor for name, factor in factors.items()}
    room = 1.08 / max(values["blood_fraction"] + values["interstitium_fraction"], 1.08)
    values["blood_fraction"] *= room
    values["interstitium_fraction"] *= room
    return replace(tissue, hu0=hu0, **values)


class Enhancement:
    """Tissue to HU in each phase of one examination."""

    def __init__(self, exam: Exam, circulation: Circulation) -> None:
        self._kappa = exam.kappa
        self._haematocrit = circulation.haematocrit
        self._basis = make_basis(circulation, [exam.times_s[p] for p in Phase if p is not Phase.NC])

    def hu(self, tissues: list[Tissue]) -> Floats:
        """HU of each tissue in NC, AP, PVP, DP, (N, 4)."""
        columns = [
            np.array([getattr(t, name) for t in tissues])
            for name in ("arterial_flow", "portal_flow", "blood_fraction", "interstitium_fraction", "permeability")
        ]
        weights = basis_weights(*columns, haematocrit=self._haematocrit)
        gain = self._kappa * enhancement(weights, self._basis)
        hu0 = np.array([t.hu0 for t in tissues])[:, None]
        return np.asarray(hu0 + np.concatenate([np.zeros((len(tissues), 1)), gain], axis=1))


def draw_liver_tissue(seed: int, *, cirrhosis: bool, fatty_share: float = 0.2) -> Tissue:
    """Background liver of one patient; whether fatty or not, everything but HU without contrast is the same."""
    rng = stream(seed, "liver")
    base = LIVER_CIRRHOSIS if cirrhosis else LIVER_NORMAL
    hu0 = float(rng.normal(base.hu0, 6))
    rank = float(rng.random())
    if rank < _FATTY_DRAWN:
        fatty_hu = 65 - 1.7 * float(rng.uniform(5, 30))
        hu0 = fatty_hu if rank < fatty_share else hu0
    return vary(rng, base, hu0=hu0, spread=_LIVER_SPREAD)


def fatten(seed: int, liver: Tissue) -> Tissue:
    """The same liver with 12 to 30 % of fat, for patients whose finding needs one."""
    return replace(liver, hu0=min(liver.hu0, 65 - 1.7 * float(stream(seed, "fatten").uniform(12, 30))))


def organ_hu(seed: int, exam: Exam, circulation: Circulation, liver_hu: Floats) -> Mapping[Organ, Floats]:
    """HU of each organ in each phase, (4,); vessels and perfused organs from the circulation's own curves."""
    rng = stream(seed, "organs")
    times = [exam.times_s[p] for p in Phase]
    blood = 0.7 * 100 * circulation.haematocrit + 10

    def curve(name: str, hu0: float, share: float = 1.0) -> Floats:
        gain = np.interp(times, circulation.time_s, circulation.mg_per_ml[name])
        gain[0] = 0.0
        return np.asarray(hu0 + share * exam.kappa * gain)

    def still(hu0: float) -> Floats:
        return np.full(4, hu0)

    n = rng.normal
    return {
        Organ.SOFT_TISSUE: still(n(30, 6)),
        Organ.FAT: still(n(-103, 6)),
        Organ.MUSCLE: curve("muscle", n(56, 5)),
        Organ.BONE: curve("muscle", n(210, 50)),
        Organ.LUNG: still(n(-830, 30)),
        Organ.LIVER: liver_hu,
        Organ.SPLEEN: curve("spleen", n(48, 4)),
        Organ.KIDNEY: curve("kidney", n(33, 3)),
        Organ.AORTA: curve("aorta", blood),
        Organ.PORTAL_VEIN: curve("portal_vein", blood),
        Organ.IVC: curve("ivc", blood),
        Organ.HEPATIC_VEIN: curve("hepatic_vein", blood),
        Organ.STOMACH: still(n(15, 12)),
        Organ.GALLBLADDER: still(n(8, 5)),
        Organ.PANCREAS: curve("gut", n(40, 5), 1.2),
        Organ.HEART: curve("aorta", blood, 0.8),
        Organ.BOWEL: curve("gut", n(28, 10), 0.6),
    }
