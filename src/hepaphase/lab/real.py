"""Real anatomy as a four-phase study: a scan, or a label map alone, moved through the phases by contrast physics."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..base.errors import StudyError
from ..base.seeds import stream
from ..kinetics.circulation import Circulation
from ..phantom.exam import Exam, draw_exam
from ..phantom.labels import Organ
from ..phantom.noise import draw_noise
from ..phantom.population import REFERRAL, Person, Population, draw_person
from ..phantom.smooth import smooth_noise
from ..phantom.tissues import Enhancement, draw_liver_tissue, organ_hu
from ..study.geometry import Geometry
from ..study.phase import Phase, Provenance
from ..study.study import HuArray, PhaseVolume, Study

Labels = npt.NDArray[np.uint8]
Field = npt.NDArray[np.float32]

_SOFT_MM = 1.0
"""Standard deviation with which the outlines of organs are softened, so that they leave no seam."""
_GRAIN_MM, _GRAIN_VOXELS = 1.5, 0.7
"""Standard deviation of the filter that parts noise from anatomy, away from edges: the larger (our choice)."""
_EDGE_HU = 25.0
"""Differences from the smooth image above this are anatomy."""
_GAIN = (0.4, 2.5)
"""An organ of the scan enhances this much less or more than the physics of the drawn examination (our choice)."""
_LEAST_HU = 8.0
_VESSEL_HU = 20.0
"""Vessels stand out of the liver by this much in a scan that shows them."""
_BLOOD = (Organ.AORTA, Organ.IVC, Organ.PORTAL_VEIN, Organ.HEPATIC_VEIN)
_MAP_TEXTURE_HU, _MAP_TEXTURE_VOXELS = 3.0, 4.0
_MAP_BLUR_VOXELS = 0.5


@dataclass(frozen=True, slots=True)
class RealDraw:
    """What is drawn about one study on real anatomy."""

    seed: int
    person: Person
    exam: Exam
    circulation: Circulation
    table: Mapping[Organ, npt.NDArray[np.float64]]
    """HU of each organ in NC, AP, PVP, DP by the physics alone."""

    def record(self) -> dict[str, Any]:
        """As plain JSON."""
        exam = self.exam
        return {
            "seed": self.seed,
            "person": asdict(self.person) | {"clinical": dict(self.person.clinical)},
            "patient": asdict(exam.patient),
            "injection": asdict(exam.injection),
            "kvp": exam.kvp,
            "kappa": exam.kappa,
            "times_s": {str(p): t for p, t in exam.times_s.items()},
            "noise_hu": exam.noise_hu,
            "organ_hu": {organ.name: [round(float(v), 2) for v in hu] for organ, hu in self.table.items()},
        }


def draw_real(seed: int, population: Population = REFERRAL) -> RealDraw:
    """Draw patient, examination and tissues; the same person as a simulated one of that seed."""
    person = draw_person(seed, population)
    exam, circulation = draw_exam(seed, sex=person.sex, age_years=person.age_years, cirrhosis=person.cirrhosis)
    liver = Enhancement(exam, circulation).hu([draw_liver_tissue(seed, cirrhosis=person.cirrhosis)])[0]
    return RealDraw(seed, person, exam, circulation, organ_hu(seed, exam, circulation, liver))


def study_of_scan(volume: PhaseVolume, phase: Phase, organs: Labels, drawn: RealDraw) -> tuple[Study, dict[str, Any]]:
    """Four phases of a scan; also how each organ was moved, as plain JSON.

    Texture is the scan's own. Each organ moves by kappa (C(t_q) - C(t_p)) (physics notes, B), times what the scan's
    own enhancement is against the physics: an organ that shows half of what was predicted also loses half. Inside the
    liver the share of vessel in a voxel decides between tissue and vessel. Noise is taken off where there is no edge
    and drawn anew for each phase at the same size; ``phase`` itself stays as it was scanned.

    Raises:
        StudyError: when there is no liver among ``organs``.
    """
    if not (organs == Organ.LIVER).any():
        raise StudyError("The anatomy has no liver. Choose a scan of the upper abdomen, or name the liver's label.")
    medians = _medians(volume.hu, organs)
    gains = {organ: _gain(organ, hu, phase, drawn) for organ, hu in medians.items()}
    gains.setdefault(Organ.PORTAL_VEIN, gains.get(Organ.AORTA, 1.0))
    smooth, noisy = _part_noise(volume.hu, volume.geometry)
    quiet = ndimage.binary_erosion(organs == Organ.LIVER, iterations=2)
    sd_hu = float((volume.hu - smooth)[quiet].std()) if quiet.any() else 0.0
    shares = _shares(organs, smooth, medians, volume.geometry)
    index = {p: i for i, p in enumerate(Phase)}
    phases = {phase: replace(volume, time_s=drawn.exam.times_s[phase])}
    for other in Phase:
        if other is phase:
            continue
        hu = smooth.copy()
        for organ, share in shares.items():
            table = drawn.table[organ]
            hu += np.float32(gains.get(organ, 1.0) * (table[index[other]] - table[index[phase]])) * share
        hu += noisy * _noise(drawn, other, volume.geometry, sd_hu)
        phases[other] = PhaseVolume(_clipped(hu), volume.geometry, Provenance.SIMULATED,
                                    time_s=drawn.exam.times_s[other])  # fmt: skip
    facts = {"phase": str(phase), "noise_sd_hu": round(sd_hu, 2),
             "scan_hu": {o.name: round(v, 1) for o, v in medians.items()},
             "gain": {o.name: round(g, 3) for o, g in gains.items()}}  # fmt: skip
    return _study(phases, organs, volume.geometry, drawn), facts


def study_of_labels(organs: Labels, geometry: Geometry, drawn: RealDraw) -> tuple[Study, dict[str, Any]]:
    """Four phases of a label map: each organ its HU, texture and noise of the drawn examination.

    Raises:
        StudyError: when there is no liver among ``organs``.
    """
    if not (organs == Organ.LIVER).any():
        raise StudyError("The anatomy has no liver. Choose another label map, or name the liver's label.")
    shape = geometry.shape_zyx
    grain = _MAP_TEXTURE_HU * smooth_noise(stream(drawn.seed, "real", "texture"), shape, _MAP_TEXTURE_VOXELS)
    grain[organs == Organ.BACKGROUND] = 0
    phases = {}
    for index, phase in enumerate(Phase):
        table = np.full(256, -1000.0, np.float32)
        for organ, hu in drawn.table.items():
            table[organ] = hu[index]
        hu_clean = ndimage.gaussian_filter(table[organs] + grain, _MAP_BLUR_VOXELS)
        noise = _noise(drawn, phase, geometry, drawn.exam.noise_hu) * np.where(organs > 0, 1.0, 0.25)
        phases[phase] = PhaseVolume(_clipped(hu_clean + noise), geometry, Provenance.SIMULATED,
                                    time_s=drawn.exam.times_s[phase])  # fmt: skip
    return _study(phases, organs, geometry, drawn), {"phase": None, "noise_sd_hu": round(drawn.exam.noise_hu, 2)}


def _study(phases: dict[Phase, PhaseVolume], organs: Labels, geometry: Geometry, drawn: RealDraw) -> Study:
    liver = np.isin(organs, (Organ.LIVER, Organ.PORTAL_VEIN, Organ.HEPATIC_VEIN)).astype(np.uint8)
    masks: dict[str, tuple[npt.NDArray[Any], Geometry]] = {
        "liver": (liver, geometry),
        "body": ((organs > Organ.BACKGROUND).astype(np.uint8), geometry),
        "lesions": (np.zeros(geometry.shape_zyx, np.uint16), geometry),
    }
    return Study(f"real-{drawn.seed:07d}", phases, masks=masks, lesion_table=(), clinical=drawn.person.clinical)


def _medians(hu: HuArray, organs: Labels) -> dict[Organ, float]:
    """What each organ shows, without its edge."""
    found = {}
    for organ in (Organ(int(i)) for i in np.unique(organs) if i):
        mask = organs == organ
        inner = ndimage.binary_erosion(mask)
        found[organ] = float(np.median(hu[inner if np.count_nonzero(inner) > 20 else mask]))
    return found


def _gain(organ: Organ, shown_hu: float, phase: Phase, drawn: RealDraw) -> float:
    """Enhancement the scan shows against what the physics predicts; 1 where neither says much."""
    table = drawn.table[organ]
    predicted = float(table[list(Phase).index(phase)] - table[0])
    if phase is Phase.NC or predicted < _LEAST_HU:
        return 1.0
    return float(np.clip((shown_hu - float(table[0])) / predicted, *_GAIN))


def _part_noise(hu: HuArray, geometry: Geometry) -> tuple[Field, Field]:
    """The scan without noise, and where noise was taken off (0 to 1): not at edges, not in gas or bone."""
    sigma = [max(_GRAIN_MM / s, _GRAIN_VOXELS) for s in geometry.spacing_zyx_mm]
    low = ndimage.gaussian_filter(hu, sigma, truncate=2.5)
    wide = ndimage.gaussian_filter(low, [1.5 * s for s in sigma], truncate=2.5)
    noisy = np.clip(2 - 2 * np.abs(low - wide) / _EDGE_HU, 0, 1) * (low > -200) * (low < 350)
    return (hu + noisy * (low - hu)).astype(np.float32), noisy.astype(np.float32)


def _shares(organs: Labels, smooth: Field, medians: Mapping[Organ, float], geometry: Geometry) -> dict[Organ, Field]:
    """How much of each voxel is each organ that enhances, edges softened; vessels of the liver by their HU."""
    sigma = [_SOFT_MM / s for s in geometry.spacing_zyx_mm]
    shares: dict[Organ, Field] = {}
    for organ in medians:
        if organ in (Organ.FAT, Organ.LUNG, Organ.STOMACH, Organ.GALLBLADDER, Organ.SOFT_TISSUE):
            continue
        shares[organ] = ndimage.gaussian_filter((organs == organ).astype(np.float32), sigma, truncate=2.5)
    liver = shares[Organ.LIVER]
    blood = max((medians[o] for o in _BLOOD if o in medians), default=medians[Organ.LIVER])
    if blood - medians[Organ.LIVER] > _VESSEL_HU and Organ.PORTAL_VEIN not in shares:
        vessel = np.clip((smooth - medians[Organ.LIVER] - _VESSEL_HU / 2) / (blood - medians[Organ.LIVER]), 0, 1)
        shares[Organ.PORTAL_VEIN] = (vessel * liver).astype(np.float32)
        shares[Organ.LIVER] = (liver - shares[Organ.PORTAL_VEIN]).astype(np.float32)
    return shares


def _noise(drawn: RealDraw, phase: Phase, geometry: Geometry, sd_hu: float) -> Field:
    """Fresh noise whose size on this very grid is ``sd_hu``."""
    field = draw_noise(stream(drawn.seed, "real", "noise", phase), geometry, sd_hu=1.0,
                       peak_per_mm=drawn.exam.noise_peak_per_mm, slice_mm=drawn.exam.slice_mm)  # fmt: skip
    return np.asarray(field * (sd_hu / max(float(field.std()), 1e-6)), np.float32)


def _clipped(hu: npt.NDArray[Any]) -> HuArray:
    return np.asarray(np.clip(hu, -1024, 3071), np.float32)
