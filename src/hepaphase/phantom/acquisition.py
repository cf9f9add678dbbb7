"""One phase of a rendered patient through the scanner: what is seen without noise, and with it."""

from dataclasses import dataclass, replace

import numpy as np

from ..base.seeds import stream
from ..kinetics.circulation import Circulation
from ..study.geometry import Geometry
from ..study.lesions import Tissue
from ..study.phase import Phase
from .domain import Domain
from .events import Event, find_event
from .exam import Exam
from .labels import Organ
from .lesions import Lesion
from .noise import draw_noise
from .render import State
from .scanner import Floats, Slopes, add_helix, blur_slices, draw_scan, harden, noise_gain, spoil
from .space import Field
from .tissues import Enhancement, organ_hu

_STEP_S = 1.0
_SMALL_CYST_MM = 20.0
_THIN_MM = 1.5


@dataclass(frozen=True, slots=True)
class Contents:
    """What the body holds: HU of organs in each phase, and the tissues that enhance."""

    seed: int
    exam: Exam
    circulation: Circulation
    liver: Tissue
    lesions: tuple[Lesion, ...]
    events: tuple[Event, ...]

    def organ_hu(self, later_s: float = 0.0) -> dict[Organ, Floats]:
        """HU of each organ in each phase, (4,), scanned ``later_s`` later, contrast given before included."""
        exam = _later(self.exam, later_s)
        liver_hu = Enhancement(exam, self.circulation).hu([self.liver])[0]
        table = dict(organ_hu(self.seed, exam, self.circulation, liver_hu))
        if event := find_event(self.events, "oral_contrast"):
            table |= {organ: np.full(4, event.amount) for organ in (Organ.STOMACH, Organ.BOWEL)}
        if event := find_event(self.events, "prior_contrast"):
            table[Organ.KIDNEY] = table[Organ.KIDNEY] + event.amount
        return table

    def lesion_hu(self, later_s: float = 0.0) -> Floats:
        """HU of the main tissue of each lesion in each phase, (N, 4)."""
        if not self.lesions:
            return np.zeros((0, 4))
        return Enhancement(_later(self.exam, later_s), self.circulation).hu([main_tissue(one) for one in self.lesions])


def main_tissue(lesion: Lesion) -> Tissue:
    """The compartment that fills most of a lesion."""
    return lesion.tissues.get(lesion.variant) or next(iter(lesion.tissues.values()))


def true_exam(exam: Exam, events: tuple[Event, ...]) -> Exam:
    """The examination with the times at which contrast was really seen: a late bolus makes every phase early."""
    event = find_event(events, "late_bolus")
    return _later(exam, -event.amount) if event else exam


def _later(exam: Exam, later_s: float) -> Exam:
    if not later_s:
        return exam
    times = {p: t if p is Phase.NC else max(t + later_s, 0.5) for p, t in exam.times_s.items()}
    return replace(exam, times_s=times)


class Scanner:
    """The scanner of one examination on one grid."""

    def __init__(self, domain: Domain, contents: Contents, geometry: Geometry) -> None:
        self.plain = domain.is_plain
        self.scan = draw_scan(contents.seed, domain)
        self._contents, self._geometry = contents, geometry
        self._diameter_cm = float(np.clip(22 + 0.11 * contents.exam.patient.weight_kg, 22, 40))
        if not self.plain:
            self._organ_hu = contents.organ_hu()
            early, late = contents.organ_hu(-_STEP_S / 2), contents.organ_hu(_STEP_S / 2)
            self._organ_slope = {organ: (late[organ] - early[organ]) / _STEP_S for organ in late}
            self._lesion_slope = (contents.lesion_hu(_STEP_S / 2) - contents.lesion_hu(-_STEP_S / 2)) / _STEP_S

    def see(self, hu: Field, state: State, phase: Phase) -> Field:
        """The phase as scanned without noise and before failures of the picture, offset included."""
        exam = self._contents.exam
        if self.plain:
            return hu + np.float32(exam.offset_hu[phase])
        index = list(Phase).index(phase)
        slopes = Slopes(
            organ={int(organ): float(values[index]) for organ, values in self._organ_slope.items()},
            lesion={i + 1: float(row[index]) for i, row in enumerate(self._lesion_slope)},
            organs=state.organs,
            lesions=state.lesions,
        )
        out = add_helix(hu, slopes, self.scan.helical_s[phase]) if index else hu
        out = self._pseudo(out, state, index)
        aorta = self._organ_hu[Organ.AORTA]
        out = harden(
            out,
            self._geometry,
            cupping_hu=self.scan.cupping_hu,
            iodine_hu=float(aorta[index] - aorta[0]),
            diameter_cm=self._diameter_cm,
        )
        out = blur_slices(out, self._geometry, max(self._slice_mm(phase), self._breath_mm(phase)))
        return out + np.float32(exam.offset_hu[phase])

    def expose(self, clean: Field, state: State, phase: Phase) -> Field:
        """The picture: noise, then whatever went wrong with it."""
        contents, exam = self._contents, self._contents.exam
        noise = draw_noise(
            stream(contents.seed, "noise", phase),
            self._geometry,
            sd_hu=exam.noise_hu,
            peak_per_mm=exam.noise_peak_per_mm,
            slice_mm=self._slice_mm(phase) or exam.slice_mm,
        )
        if not self.plain:
            noise = noise * noise_gain(self._geometry, center=self.scan.center_noise, diameter_cm=self._diameter_cm)
        hu = clean + noise * state.inside
        if contents.events:
            hu = spoil(hu, self._geometry, contents.events, phase)
        return np.clip(hu, -1024, 3071).astype(np.float32)

    def _pseudo(self, hu: Field, state: State, index: int) -> Field:
        """Spurious enhancement of small cysts, in proportion to that of the liver around."""
        liver = self._organ_hu[Organ.LIVER]
        gain = np.float32(self.scan.pseudo_hu * (liver[index] - liver[0]) / 50)
        small = [
            i + 1
            for i, one in enumerate(self._contents.lesions)
            if one.lesion_class == "cyst" and one.long_axis_mm < _SMALL_CYST_MM
        ]
        return np.asarray(hu + gain * np.isin(state.lesions, small), np.float32) if small and gain else hu

    def _slice_mm(self, phase: Phase) -> float:
        thick = find_event(self._contents.events, "thick_nc", phase)
        if thick:
            return thick.amount
        return self._contents.exam.slice_mm if self.scan.thick_slices else 0.0

    def _breath_mm(self, phase: Phase) -> float:
        event = find_event(self._contents.events, "breathing_blur", phase)
        return event.amount if event else 0.0
