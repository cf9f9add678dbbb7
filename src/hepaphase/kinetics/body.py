"""The circulation as a linear system: compartments, flows and exchange, scaled to a patient.

Structure after Bae et al. 1998; numbers for 70 kg, 6500 mL/min and 4760 mL of blood as restated and refitted in the
physics notes, A. The state is iodine mass in mg, so mass balance is exact.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .patient import Patient

Floats = npt.NDArray[np.float64]

FLOW_ML_PER_MIN = {
    "heart": 260.0,
    "bronchial": 130.0,
    "head": 975.0,
    "arms": 325.0,
    "trunk": 1495.0,
    "kidney": 1430.0,
    "hepatic_artery": 455.0,
    "gut": 935.0,
    "spleen": 310.0,
    "stomach": 185.0,
}
_CENTRAL = 0.75  # right and left heart, lungs: smaller than Bae's, fitted
VESSEL_ML = {
    "arm_vein": 25.0,
    "svc": 60.0,
    "right_heart": 180.0 * _CENTRAL,
    "pulmonary_artery": 130.0 * _CENTRAL,
    "pulmonary_vein": 160.0 * _CENTRAL,
    "left_heart": 180.0 * _CENTRAL,
    "ascending_aorta": 100.0,
    "descending_aorta": 100.0,
    "aorta": 100.0,
    "hepatic_artery": 20.0,
    "portal_vein": 80.0,
    "hepatic_vein": 100.0,
    "renal_vein": 60.0,
    "head_vein": 80.0,
    "trunk_vein": 1000.0,
    "ivc": 700.0,
}
CAPILLARY_ML = {
    "heart": 10.0,
    "lung": 150.0 * _CENTRAL,
    "head": 57.0,
    "arms": 32.0,
    "trunk": 277.0,
    "gut": 130.0,
    "stomach": 30.0,
}
INTERSTITIUM_ML = {
    "lung": 144.0,
    "heart": 103.0,
    "head": 484.0,
    "trunk": 0.80 * 8500.0,
    "arms": 2000.0,
    "gut": 620.0,
    "stomach": 60.0,
}
ORGAN_ML = {"spleen": 140.0, "liver": 1500.0, "kidney": 310.0}
BLOOD_FRACTION = {"spleen": 0.32, "liver": 0.16, "kidney": 0.22}
INTERSTITIUM_FRACTION = {"spleen": 0.09, "liver": 0.165, "kidney": 0.12}
EXCHANGE = {
    "heart": 0.7,
    "lung": 0.02,
    "head": 1.0,
    "arms": 2.5,
    "trunk": 2.5,
    "kidney": 0.3,
    "gut": 3.5,
    "stomach": 2.2,
    "spleen": 6.0,
    "liver": 4.0,
}
"""k = PS / (F (1 - h)); effective, not physiological."""
TUBULAR_TRANSIT_S = 120.0

ROI_ML = {
    **ORGAN_ML,
    "muscle": INTERSTITIUM_ML["trunk"] / 0.15,  # interstitium is some 15 % of muscle (our choice)
    "gut": 2000.0,  # wall of stomach and bowel (our choice)
    "heart": 300.0,
    "lung": 4000.0,
}
"""Tissue volume at 70 kg over which an organ's iodine is spread in a region of interest."""


@dataclass(frozen=True, slots=True)
class Body:
    """dm/dt = ``matrix`` m between injections, m in mg by compartment."""

    names: tuple[str, ...]
    volume_ml: Floats
    matrix: Floats
    arm_vein_ml_per_s: float
    """Flow through the injected arm's vein at rest: half the arms' flow."""
    svc_ml_per_s: float
    haematocrit: float
    weight_factor: float

    def index(self, name: str) -> int:
        """Position of a compartment."""
        return self.names.index(name)


def make_body(patient: Patient) -> Body:
    """The linear system of one patient: blood scales with blood volume, flows with output, tissue with weight."""
    weight = patient.weight_kg / 70.0
    blood = patient.blood_volume_ml / 4760.0
    flow = {k: q * patient.cardiac_output_ml_per_min / 6500.0 / 60.0 for k, q in FLOW_ML_PER_MIN.items()}
    volume = {name: v * blood for name, v in VESSEL_ML.items()}
    volume |= {f"{name}_blood": v * blood for name, v in CAPILLARY_ML.items()}
    volume |= {f"{name}_tissue": v * weight for name, v in INTERSTITIUM_ML.items()}
    for name, v in ORGAN_ML.items():
        volume[f"{name}_blood"] = v * BLOOD_FRACTION[name] * weight
        volume[f"{name}_tissue"] = v * INTERSTITIUM_FRACTION[name] * weight
    volume |= {"tubules": 1.0, "urine": 1.0}
    builder = _Builder(volume, patient.hematocrit)
    _connect(builder, flow)
    builder.filter_kidney(patient.gfr_ml_per_min / 60.0)
    return Body(
        names=tuple(volume),
        volume_ml=np.array(list(volume.values())),
        matrix=builder.matrix,
        arm_vein_ml_per_s=flow["arms"] / 2,
        svc_ml_per_s=flow["arms"] + flow["head"],
        haematocrit=patient.hematocrit,
        weight_factor=weight,
    )


class _Builder:
    """Collects flows and exchange into one matrix."""

    def __init__(self, volume_ml: dict[str, float], haematocrit: float) -> None:
        self.volume_ml = volume_ml
        self.haematocrit = haematocrit
        self.place = {name: i for i, name in enumerate(volume_ml)}
        self.matrix = np.zeros((len(volume_ml), len(volume_ml)))

    def move(self, source: str, target: str, ml_per_s: float) -> None:
        """``ml_per_s`` of ``source`` clears into ``target``."""
        rate = ml_per_s / self.volume_ml[source]
        i, j = self.place[source], self.place[target]
        self.matrix[i, i] -= rate
        self.matrix[j, i] += rate

    def exchange(self, organ: str, flow_ml_per_s: float) -> None:
        """Plasma and interstitium of an organ."""
        plasma_share = 1 - self.haematocrit
        permeability = EXCHANGE[organ] * flow_ml_per_s * plasma_share
        self.move(f"{organ}_blood", f"{organ}_tissue", permeability / plasma_share)
        self.move(f"{organ}_tissue", f"{organ}_blood", permeability)

    def organ(self, organ: str, source: str, target: str, flow_ml_per_s: float) -> None:
        """Blood from ``source`` through ``organ`` to ``target``."""
        self.move(source, f"{organ}_blood", flow_ml_per_s)
        self.move(f"{organ}_blood", target, flow_ml_per_s)
        self.exchange(organ, flow_ml_per_s)

    def filter_kidney(self, gfr_ml_per_s: float) -> None:
        """Filtered plasma stays in the tubules for two minutes, then is urine."""
        self.move("kidney_blood", "tubules", gfr_ml_per_s / (1 - self.haematocrit))
        self.move("tubules", "urine", self.volume_ml["tubules"] / TUBULAR_TRANSIT_S)


def _connect(body: _Builder, flow: dict[str, float]) -> None:
    output = sum(flow.values())
    _connect_arms_and_head(body, flow)
    descending = output - flow["heart"] - flow["head"] - flow["arms"]
    body.organ("heart", "ascending_aorta", "right_heart", flow["heart"])
    body.move("ascending_aorta", "descending_aorta", descending)
    body.move("descending_aorta", "right_heart", flow["bronchial"])
    body.move("descending_aorta", "aorta", descending - flow["bronchial"])
    _connect_abdomen(body, flow)
    for source, target in (("right_heart", "pulmonary_artery"), ("pulmonary_vein", "left_heart")):
        body.move(source, target, output)
    body.organ("lung", "pulmonary_artery", "pulmonary_vein", output)
    body.move("left_heart", "ascending_aorta", output)


def _connect_arms_and_head(body: _Builder, flow: dict[str, float]) -> None:
    """One arm is injected: its vein and the vena cava get their outflow with the injection."""
    body.organ("head", "ascending_aorta", "head_vein", flow["head"])
    body.move("head_vein", "svc", flow["head"])
    body.move("ascending_aorta", "arms_blood", flow["arms"])
    body.move("arms_blood", "svc", flow["arms"] / 2)
    body.move("arms_blood", "arm_vein", flow["arms"] / 2)
    body.exchange("arms", flow["arms"])


def _connect_abdomen(body: _Builder, flow: dict[str, float]) -> None:
    body.organ("trunk", "aorta", "trunk_vein", flow["trunk"])
    body.move("trunk_vein", "ivc", flow["trunk"])
    body.organ("kidney", "aorta", "renal_vein", flow["kidney"])
    body.move("renal_vein", "ivc", flow["kidney"])
    for organ in ("gut", "stomach", "spleen"):
        body.organ(organ, "aorta", "portal_vein", flow[organ])
    portal = flow["gut"] + flow["stomach"] + flow["spleen"]
    liver = portal + flow["hepatic_artery"]
    body.move("aorta", "hepatic_artery", flow["hepatic_artery"])
    body.move("hepatic_artery", "liver_blood", flow["hepatic_artery"])
    body.move("portal_vein", "liver_blood", portal)
    body.move("liver_blood", "hepatic_vein", liver)
    body.exchange("liver", liver)
    body.move("hepatic_vein", "ivc", liver)
    body.move("ivc", "right_heart", liver + flow["trunk"] + flow["kidney"])
