"""Volumes are named by what they measure; whatever contradicts it is said."""

from dataclasses import replace

import numpy as np
import pytest
from tests.prepare.test_recognize import regions

from hepaphase.base.errors import ConfigError
from hepaphase.datasets.spelling import said_phase
from hepaphase.prepare.phases import Candidate, doubted_names, name_phases, recognized_as_named
from hepaphase.prepare.regions import Measured
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import PhaseVolume

SHAPE = (3, 4, 5)


def candidate(name: str, time_s: float, *, voxel_mm: float = 3.0, peak: float | None = None, **facts) -> Candidate:
    """A volume with a fingerprint of its name in it, and the regions of a time."""
    hu = np.full(SHAPE, float(sum(map(ord, name))), np.float32)
    grid = Geometry(SHAPE, (voxel_mm,) * 3, (-4.0, 7.0, 11.0))
    volume = PhaseVolume(hu, grid, Provenance.MEASURED)
    return Candidate(
        name=name, label=f"Series {name}", volume=volume, measured=Measured(regions(time_s), peak), **facts
    )


def test_all_are_named_and_timed() -> None:
    named = name_phases([candidate("3", 180.0), candidate("1", 0.0), candidate("2", 38.0, delay_s=38.0)])
    assert named.names == {Phase.DP: "3", Phase.NC: "1", Phase.AP: "2"}
    assert named.phases[Phase.AP].time_s == 38.0
    assert {v.recognised_by for v in named.phases.values()} == {"measured"}
    assert named.warnings == ()


def test_a_lying_header_is_named_and_not_believed() -> None:
    named = name_phases([candidate("4", 70.0, text="ABDOMEN NATIV", contrast_told=False, delay_s=25.0)])
    assert list(named.phases) == [Phase.PVP]
    assert named.phases[Phase.PVP].time_s > 50
    text = " ".join(named.warnings)
    assert "named like NC" in text and "names no contrast agent" in text and "25 s after" in text
    assert "ABDOMEN" not in text


def test_missed_bolus_and_earlier_contrast_are_named() -> None:
    named = name_phases([candidate("5", 0.0, peak=260.0, contrast_told=True), candidate("6", 0.0)])
    text = " ".join(named.warnings)
    assert "earlier injection" in text and "missed bolus" in text and "No volume shows contrast" in text


def test_copies_go_and_of_two_equal_phases_the_finer_stays() -> None:
    fine = candidate("fine", 70.0, voxel_mm=1.0)
    named = name_phases([candidate("coarse", 70.0), fine, fine, candidate("nc", 0.0)])
    assert named.names[Phase.PVP] == "fine"
    text = " ".join(named.warnings)
    assert "same voxels" in text and "both PVP" in text


def test_swapped_times_are_named() -> None:
    named = name_phases([candidate("a", 180.0, scan_s=0.0), candidate("b", 0.0, scan_s=200.0)])
    assert any("swapped" in w for w in named.warnings)


def test_doubt_becomes_a_question_with_an_answer_to_give() -> None:
    doubtful = candidate("7:2", 70.0)
    doubtful = Candidate(name="7:2", label="", volume=doubtful.volume, measured=Measured({"liver": 100.0}, None))
    with pytest.raises(ConfigError, match=r"7:2 looks like .* or .*--phases"):
        name_phases([doubtful])


def test_fluid_taken_for_a_spleen_does_not_stop_the_rest_but_is_said() -> None:
    plain = candidate("5", 70.0)
    wet = replace(plain, measured=Measured({**plain.measured.hu, "spleen": 8.0}, None))
    named = name_phases([wet])
    assert list(named.phases) == [Phase.PVP] and "spleen (8 HU)" in named.warnings[0]
    nothing = replace(plain, measured=Measured(dict.fromkeys(plain.measured.hu, -700.0), None))
    with pytest.raises(ConfigError, match="unlike any phase"):
        name_phases([nothing])


def test_a_name_that_does_not_fit_is_said() -> None:
    times = {Phase.NC: 0.0, Phase.AP: 38.0, Phase.PVP: 70.0}
    right = {phase: Measured(regions(time_s), None) for phase, time_s in times.items()}
    assert doubted_names(recognized_as_named(right)) == []
    swapped = {Phase.NC: right[Phase.AP], Phase.AP: right[Phase.NC], Phase.PVP: right[Phase.PVP]}
    (text,) = doubted_names(recognized_as_named(swapped))
    assert text.startswith("NC measures as AP and AP as NC: they look swapped") and "Nothing was renamed" in text
    (text,) = doubted_names(recognized_as_named({Phase.DP: right[Phase.NC], Phase.PVP: right[Phase.PVP]}))
    assert text.startswith("DP measures as NC: NC ")
    assert doubted_names(recognized_as_named({Phase.PVP: Measured({}, None)})) == []
    assert doubted_names(recognized_as_named({Phase.NC: Measured({"liver": 100.0}, None)})) == []  # in doubt: no word


@pytest.mark.parametrize(
    ("text", "phase"),
    [
        ("Abd. arteriell 1.0", Phase.AP),
        ("ABDOMEN WITHOUT", Phase.NC),
        ("portal venous", Phase.PVP),
        ("5 min delay", Phase.DP),
        ("Leber mehrphasig", None),
        ("arterial and portal", None),
    ],
)
def test_what_series_are_called(text: str, phase: Phase | None) -> None:
    assert said_phase(text) is phase
