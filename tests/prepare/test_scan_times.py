import numpy as np
import pytest

from hepaphase.kinetics.circulation import circulate
from hepaphase.kinetics.injection import Injection
from hepaphase.kinetics.patient import Patient
from hepaphase.prepare.scan_times import likely_times, regions_of
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import AlignedStudy

SHAPE = (10, 14, 40)
UNENHANCED_HU = {"aorta": 42.0, "vena_cava": 42.0, "liver": 55.0, "spleen": 48.0, "kidneys": 32.0}
ROIS = {"aorta": "aorta", "vena_cava": "ivc", "liver": "liver", "spleen": "spleen", "kidneys": "kidney"}


def scanned_at(time_s: float, phase: Phase) -> AlignedStudy:
    flow = circulate(Patient(), Injection.for_patient(70.0))
    masks, hu = {}, np.full(SHAPE, -50.0, np.float32)
    for number, (name, base) in enumerate(UNENHANCED_HU.items()):
        masks[name] = np.zeros(SHAPE, np.uint8)
        masks[name][2:8, 2:12, 8 * number + 1 : 8 * number + 7] = 1
        gain = 25.3 * np.interp(time_s, flow.time_s, flow.mg_per_ml[ROIS[name]])
        hu[masks[name] > 0] = base + gain
    return AlignedStudy(
        case="a",
        geometry=Geometry(SHAPE, (4.0, 4.0, 4.0), (1.0, 2.0, 3.0)),
        reference=phase,
        hu={phase: hu},
        provenance={phase: Provenance.MEASURED},
        time_s={phase: 70.0},
        transforms={phase: np.eye(4)},
        masks=masks,
    )


@pytest.mark.parametrize("time_s", [60.0, 85.0])
def test_organs_tell_when_a_phase_was_scanned(time_s: float) -> None:
    found = likely_times(scanned_at(time_s, Phase.PVP), [Phase.PVP])[Phase.PVP]
    assert found.interval_s[0] < time_s < found.interval_s[1] and found.time_s == pytest.approx(time_s, abs=12)


def test_a_phase_that_measures_as_another_has_no_time() -> None:
    assert likely_times(scanned_at(30.0, Phase.DP), [Phase.DP]) == {}


def test_an_organ_hardly_in_view_is_not_measured() -> None:
    study = scanned_at(70.0, Phase.PVP)
    study.masks["spleen"][:] = 0
    study.masks["spleen"][4:6, 4:6, 4:6] = 1
    assert regions_of(study, Phase.PVP).keys() == set(UNENHANCED_HU) - {"spleen"}
    assert likely_times(study, []) == {}
