"""Enhancement curves a lesion class is expected to follow."""

from dataclasses import dataclass

import numpy as np

from ..kinetics.circulation import Circulation, circulate
from ..kinetics.injection import Injection
from ..kinetics.patient import Patient
from ..kinetics.tissue import enhancement_mg_ml
from ..kinetics.tube import kappa_hu_per_mg_ml
from ..study.geometry import Floats
from ..study.lesions import LESION_CLASSES, LIVER_NORMAL, Tissue

STEP_S = 2.0
KVP = 120.0


@dataclass(frozen=True, slots=True)
class Curve:
    """HU over time of one compartment."""

    name: str
    time_s: Floats
    hu: Floats


@dataclass(frozen=True, slots=True)
class ReferenceExam:
    """The exam to which the lesion table was fitted: 65 kg, 35 g iodine in 28.6 s (physics notes, part B).

    A patient's own curve differs with weight, dose and heart; this one shows the shape.
    """

    circulation: Circulation
    time_s: Floats

    @classmethod
    def until(cls, last_s: float) -> "ReferenceExam":
        """Simulate it from the start of injection to a little past ``last_s``, and past 200 s."""
        patient = Patient(sex="M", age_years=55.0, height_cm=168.0, weight_kg=65.0)
        injection = Injection(concentration_mg_per_ml=350.0, volume_ml=100.0, rate_ml_per_s=3.5)
        duration_s = 1.08 * max(200.0, float(last_s))
        circulation = circulate(patient, injection, duration_s=duration_s)
        return cls(circulation, np.arange(0.0, duration_s, STEP_S))

    def curve(self, tissue: Tissue, *, name: str) -> Curve:
        """The curve of one tissue at 120 kVp."""
        iodine = enhancement_mg_ml(tissue, self.circulation, self.time_s)
        return Curve(name, self.time_s, tissue.hu0 + kappa_hu_per_mg_ml(KVP) * np.asarray(iodine))

    def liver(self) -> Curve:
        """Normal liver."""
        return self.curve(LIVER_NORMAL, name="normal liver")

    def lesion(self, lesion_class: str) -> tuple[Curve, ...]:
        """Each compartment of a class, its main one first."""
        tissues = LESION_CLASSES[lesion_class].tissues
        names = sorted(tissues, key=lambda name: name != "body")
        return tuple(self.curve(tissues[name], name=name) for name in names)
