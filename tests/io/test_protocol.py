from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from hepaphase.io.headers import Header
from hepaphase.io.protocol import protocol


def header(**elements: object) -> Header:
    data = Dataset()
    for name, value in elements.items():
        setattr(data, name, value)
    return Header(Path("one.dcm"), data)


def test_size_voltage_and_injection_are_read() -> None:
    plain = header(PatientSize="1.72", PatientWeight="70.5", KVP="100")
    enhanced = header(
        KVP="100", ContrastBolusVolume="110", ContrastFlowRate="3.5", ContrastBolusIngredientConcentration="350"
    )
    assert protocol([plain, enhanced]) == {
        "height_cm": 172.0,
        "weight_kg": 70.5,
        "kvp": 100.0,
        "contrast_ml": 110.0,
        "contrast_ml_per_s": 3.5,
        "iodine_mg_per_ml": 350.0,
    }


@pytest.mark.parametrize(
    "headers",
    [
        [header(KVP="100"), header(KVP="120")],
        [header(PatientWeight="0"), header(PatientSize="172")],  # zeros, and centimeters for meters
        [header(ContrastFlowRate=["3.0", "2.0"])],
        [header(KVP="")],
        [header()],
    ],
)
def test_what_is_absent_impossible_or_contradictory_is_left_out(headers: list[Header]) -> None:
    assert protocol(headers) == {}
