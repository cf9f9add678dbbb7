"""Couinaud's segments of a liver, estimated: how sure each border is, which segment a lesion is in, and doubts."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..base.seeds import stream
from ..study.findings import Segment
from ..study.geometry import Geometry
from ..study.phase import Phase
from .borders import CAUDATE_MM, NUM_DRAWS, Borders, Shares, draw_height, draw_planes, label, log_normal
from .cava import LEAST_HEIGHT_MM, Cava, find_cava
from .liver_veins import AZIMUTHS, Vessels, find_vessels, fissure_scores, vein_scores

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.uint8]

WEIGHTS = {Phase.PVP: 2.0, Phase.DP: 2.0, Phase.NC: 1.0}
"""Phase to how much a unit of noise counts, as a log likelihood ratio, for a hepatic vein on a plane.

Phases are asked in this order; chosen on 70 simulated patients of training. In the arterial phase veins may be brighter
or darker than the liver.
"""
FISSURE_WEIGHT = 10.0
"""Log likelihood ratio of a plane that is dark by 40 HU all along, chosen on 60 simulated patients of training."""
GALLBLADDER_SD_RAD = float(np.radians(15.0))
"""How far the middle of the gallbladder lies from the plane of the middle vein, which goes through its fossa."""
_LEAST_GALLBLADDER = 5
_MOST_PLACES = 400
SEED = 0
"""Of the draws of where the planes lie."""
LEAST_SHARE = 0.2
"""Segments with less of a lesion's volume are not named (physics notes, F)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What the division is made from, all on one grid of about 4 mm along LPS, (z, y, x)."""

    hu: Mapping[Phase, npt.NDArray[np.floating]]
    """Scanned phases."""
    liver: Bools
    lesions: npt.NDArray[np.integer]
    cava: Bools
    gallbladder: Bools
    geometry: Geometry


@dataclass(frozen=True, slots=True)
class Division:
    """The segments of one liver."""

    cava: Cava
    borders: Borders
    labels: Labels
    """(z, y, x), 1 to 8 in the liver by the middle of all draws, 0 elsewhere."""
    geometry: Geometry
    veins_in: Phase | None
    """The phase in which veins were looked for; None where shares of the volume are all that is known."""

    @property
    def shares(self) -> dict[int, float]:
        """Share of the liver's volume in each segment."""
        counts = np.bincount(self.labels[self.labels > 0], minlength=9)[1:9]
        return {number: float(c) for number, c in enumerate(counts / max(1, counts.sum()), start=1)}

    def segment_of(self, mask: Bools) -> Segment:
        """Where a lesion ``mask`` (z, y, x) on the grid of the division lies.

        The segment is the one that holds most of it in most draws, with the share of these draws; a share of volume is
        the mean over draws.
        """
        places = np.argwhere(mask)
        places = places[:: max(1, len(places) // _MOST_PLACES)]
        return self._segment_at(
            self.geometry.to_lps_mm(places), self.geometry.to_lps_mm(np.argwhere(mask).mean(axis=0))
        )

    def _segment_at(self, points: Floats, middle: Floats) -> Segment:
        turn, away = self.cava.around(points)
        drawn = label(self.borders, turn, away, points[:, 2])
        counts = np.stack([(drawn == number).sum(axis=1) for number in range(1, 9)], axis=1)
        votes = np.bincount(counts.argmax(axis=1), minlength=8) / NUM_DRAWS
        shares = counts.mean(axis=0) / len(points)
        best = int(votes.argmax())
        border, distance, sd = self._nearest_border(middle)
        return Segment(
            number=best + 1,
            confidence=float(votes[best]),
            shares={k + 1: float(shares[k]) for k in np.argsort(-shares) if shares[k] >= LEAST_SHARE or k == best},
            border=border,
            to_border_mm=distance,
            border_sd_mm=sd,
        )

    def _nearest_border(self, point: Floats) -> tuple[str, float, float]:
        """Name of the border that is nearest, in units of its error, with the distance and that error, mm."""
        turn, away = (float(v) for v in self.cava.around(point))
        one, z = self.borders.median(), float(point[2])
        sector = {
            "lateral": turn < one.left[0],
            "anterior": one.middle[0] < turn < one.right[0],
            "posterior": turn > one.right[0],
        }
        found = [
            (f"{name} hepatic vein", away * abs(turn - float(getattr(one, name)[0])), away * self.borders.sd(name))
            for name in ("left", "middle", "right")
        ]
        found += [
            ("portal vein", abs(z - float(getattr(one, f"{name}_mm")[0])), self.borders.sd(f"{name}_mm"))
            for name, inside in sector.items()
            if inside
        ]
        return min(found, key=lambda row: row[1] / max(row[2], 1.0))


def divide(scan: Scan, shares: Shares | None = None) -> Division | str:
    """The segments of a liver, or why they cannot be told.

    Three half-planes from the axis of the vena cava part the sectors, a height within each of three sectors its upper
    and lower segment (physics notes, F). Where each lies is drawn from how much of a liver's volume is usual on either
    side; for planes also from what is bright or dark like a vein there, and from the gallbladder. So the draws say how
    sure a border is.
    """
    cava = find_cava(scan.cava, scan.liver, scan.geometry)
    if cava is None:
        return f"The vena cava is not seen beside {LEAST_HEIGHT_MM:.0f} mm of the liver."
    places = scan.geometry.to_lps_mm(np.argwhere(scan.liver))
    turn, away = cava.around(places)
    if float(np.median(turn)) < np.pi / 2:
        return "Most of the liver lies left of the vena cava."
    seen = _Seen(cava, places[:, 2], turn, away, *_look(scan))
    rng = stream(SEED, "couinaud")
    shares = shares or Shares()
    planes = _planes(scan, seen, shares, rng)
    lateral, anterior, posterior = _heights(seen, planes, shares, rng)
    borders = Borders(*planes, lateral, anterior, posterior, rng.normal(*CAUDATE_MM, NUM_DRAWS))
    labels = np.zeros(scan.liver.shape, np.uint8)
    labels[scan.liver] = label(borders.median(), turn, away, seen.z_mm)[0]
    return Division(cava, borders, labels, scan.geometry, seen.phase)


@dataclass(frozen=True, slots=True)
class _Seen:
    """The liver about the vena cava, V voxels, and the vessels in it."""

    cava: Cava
    z_mm: Floats
    turn: Floats
    away: Floats
    phase: Phase | None
    vessels: Vessels | None


def _look(scan: Scan) -> tuple[Phase | None, Vessels | None]:
    phase = next((p for p in WEIGHTS if p in scan.hu), None)
    if phase is None:
        return None, None
    vessels = find_vessels(scan.hu[phase], scan.liver, np.asarray(scan.lesions > 0), brighter=phase is not Phase.NC)
    return (phase, vessels) if vessels is not None else (None, None)


def _planes(scan: Scan, seen: _Seen, shares: Shares, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    outside = np.sort(seen.turn[seen.away > CAUDATE_MM[0]])
    volume = np.searchsorted(outside, AZIMUTHS) / max(1, outside.size)
    scores = np.zeros((len(AZIMUTHS), 1))
    if seen.vessels is not None and seen.phase is not None:
        bounds = float(seen.z_mm.min()), float(seen.z_mm.max())
        scores = WEIGHTS[seen.phase] * vein_scores(seen.vessels, seen.cava, scan.geometry, bounds)
    left = _fissure(scan, seen)
    middle = np.zeros(len(AZIMUTHS))
    if np.count_nonzero(scan.gallbladder) >= _LEAST_GALLBLADDER:
        turn, _ = seen.cava.around(scan.geometry.to_lps_mm(np.argwhere(scan.gallbladder).mean(axis=0)))
        middle = log_normal(AZIMUTHS, (float(turn), GALLBLADDER_SD_RAD))
    return draw_planes(volume, scores, (left, middle), shares, rng)


def _fissure(scan: Scan, seen: _Seen) -> Floats:
    """What the umbilical fissure says of the left plane, log likelihood ratio (azimuths,)."""
    phase = next((p for p in (*WEIGHTS, Phase.AP) if p in scan.hu), None)
    if phase is None:
        return np.zeros(len(AZIMUTHS))
    others = np.asarray((scan.lesions > 0) | scan.gallbladder)
    return FISSURE_WEIGHT * fissure_scores(scan.hu[phase], scan.liver, others, seen.cava, scan.geometry)


def _heights(
    seen: _Seen, planes: tuple[Floats, Floats, Floats], shares: Shares, rng: np.random.Generator
) -> list[Floats]:
    """Borders within the lateral, the anterior and the posterior sector; in a sector without liver that of the liver.

    Bright portal branches at a height were tried as evidence, and found to add nothing.
    """
    left, middle, right = (float(np.median(plane)) for plane in planes)
    sectors = (
        (-np.pi, left, shares.upper_lateral),
        (middle, right, shares.upper_anterior),
        (right, 2 * np.pi, shares.upper_posterior),
    )
    outside = seen.away > CAUDATE_MM[0]
    found = []
    for low, high, told in sectors:
        inside = outside & (seen.turn > low) & (seen.turn < high)
        found.append(draw_height(seen.z_mm[inside] if inside.any() else seen.z_mm, told, rng))
    return found
