"""What cirrhosis does to the abdomen, more of it the further the disease has come.

One latent decides (``population.draw_stage``): the rank of a patient among those with cirrhosis. Each sign has a
share of its own and goes along with the stage; how far the lobes, spleen and surface change follows from the stage. Fat
in the liver is not drawn here: it is independent of the stage.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from ..base.seeds import stream

SIGN_SHARES = {
    "nodular": 0.80,
    "ascites": 0.35,
    "esophageal": 0.50,
    "perigastric": 0.40,
    "splenic": 0.25,
    "umbilical": 0.20,
}
"""Share of patients with cirrhosis who have a sign. A recanalized umbilical vein in 20.2 % of 247 (PMC8415999), where
26 % had ascites that was at least moderate: so any in 35 %, our choice, as are the other shares."""
TIE = 0.7
"""Correlation of a sign with the stage (our choice)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What is drawn of one patient's liver disease; the defaults are a healthy liver."""

    stage: float = 0.0
    """Rank among patients with cirrhosis, 0 to 1."""
    right: float = 1.0
    """Size of the right lobe along each axis, against a healthy one."""
    left: float = 1.0
    caudate: float = 1.0
    spleen: float = 1.0
    portal: float = 1.0
    """Width of the portal vein and its roots."""
    hepatic_veins: float = 1.0
    nodule_mm: float = 0.0
    """How far nodules raise the surface."""
    lattice_mm: float = 10.0
    """Half the distance between nodules, about."""
    texture: float = 0.0
    """How clearly nodules are seen inside, 0 to 1."""
    ascites_mm: float = 0.0
    """Thickness of the fluid around the liver."""
    varices: tuple[str, ...] = ()
    umbilical_mm: float = 0.0
    """Radius of the recanalized umbilical vein; 0 for none."""


HEALTHY = Signs()


def draw_signs(seed: int, stage: float | None) -> Signs:
    """Signs of one patient; a ``stage`` of None is a liver without cirrhosis.

    The right lobe loses about a third of its volume at most, the caudate doubles, the spleen grows to three times its
    own (our choice; that the caudate grows at the expense of the right lobe is the sign of Harbin et al., Radiology
    1980;135:273, seen in 84 % of 25 cirrhotic livers and in none of 40 others). The portal vein is 13.9 mm wide with
    varices and 12.0 mm without (85 patients, Tarzamni et al., WJG 2008;14:1898): the ratio is taken. A recanalized
    umbilical vein measures 9.9 +- 4.7 mm (PMC8415999).
    """
    if stage is None:
        return HEALTHY
    rng = stream(seed, "liver disease")
    latent = float(ndtri(np.clip(stage, 1e-4, 1 - 1e-4)))
    has = {
        name: TIE * latent + np.sqrt(1 - TIE**2) * float(rng.standard_normal()) > ndtri(1 - share)
        for name, share in SIGN_SHARES.items()
    }
    u, jitter = rng.uniform, rng.lognormal(0, 0.04, 4)
    varices = tuple(name for name in ("esophageal", "perigastric", "splenic") if has[name])
    nodule, lattice, ascites, vein = u(1.2, 3.0), u(8.0, 13.0), rng.lognormal(np.log(12), 0.5), rng.normal(9.9, 4.7)
    return Signs(
        stage=float(stage),
        right=float((1 - 0.13 * stage) * jitter[0]),
        left=float((1.04 + 0.16 * stage) * jitter[1]),
        caudate=float((1.08 + 0.20 * stage) * jitter[2]),
        spleen=float((1.05 + 0.37 * stage) * jitter[3]),
        portal=1.16 if varices else 1.0,
        hepatic_veins=float(1 - 0.2 * stage),
        nodule_mm=float(nodule * (0.5 + stage)) if has["nodular"] else 0.0,
        lattice_mm=float(lattice),
        texture=float(0.25 + 0.75 * stage) if has["nodular"] else 0.0,
        ascites_mm=float(np.clip(ascites, 4, 35)) if has["ascites"] else 0.0,
        varices=varices,
        umbilical_mm=float(np.clip(vein, 5, 16) / 2) if has["umbilical"] else 0.0,
    )
