"""What a generator is told beside the phases: organs from the pass that finds the liver, times that organs tell."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage
from tests.tiny_models import tiny_models

from hepaphase.inference.known import at_times, estimated_times, time_warnings, with_organs
from hepaphase.inference.models import Models
from hepaphase.inference.options import ReadOptions
from hepaphase.inference.pipeline import read
from hepaphase.inference.write import write_reading
from hepaphase.organs.segment import CoarseOrgans
from hepaphase.organs.table import CLASSES
from hepaphase.phantom.grids import Grid
from hepaphase.phantom.labels import Organ
from hepaphase.phantom.simulate import simulate
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import AlignedStudy, PhaseVolume, Study

GRID = Geometry((20, 24, 28), (4.0, 4.0, 4.0), (1.0, -2.0, 30.0))


def laid(**masks: np.ndarray) -> AlignedStudy:
    return AlignedStudy(
        case="a",
        geometry=GRID,
        reference=Phase.PVP,
        hu={Phase.PVP: np.full(GRID.shape_zyx, 100, np.float32)},
        provenance={Phase.PVP: Provenance.MEASURED},
        time_s={Phase.PVP: 70.0},
        transforms={Phase.PVP: np.eye(4)},
        masks=masks,
    )


def scanned(time_s: float | None) -> Study:
    hu = np.full(GRID.shape_zyx, 100, np.float32)
    return Study("a", {Phase.PVP: PhaseVolume(hu, GRID, Provenance.MEASURED, time_s=time_s)})


def test_organs_found_leave_the_liver_and_the_masks_of_the_user_alone() -> None:
    liver, own = np.zeros(GRID.shape_zyx, np.uint8), np.zeros(GRID.shape_zyx, np.uint8)
    liver[4:16, 4:16, 4:14] = 1
    own[8, 8, 20] = 1
    seen = np.zeros((len(CLASSES), *GRID.shape_zyx), np.float32)
    seen[CLASSES.index("gallbladder"), 6:12, 6:12, 12:18] = 1
    seen[CLASSES.index("aorta"), 2:18, 18:22, 18:22] = 1
    found = with_organs(laid(liver=liver, aorta=own), CoarseOrgans(seen, GRID)).masks
    assert set(found) == {"liver", "aorta", "gallbladder"}
    assert found["aorta"].sum() == 1 and not found["gallbladder"][..., :14].any() and found["gallbladder"].sum() > 50
    assert with_organs(laid(liver=liver), None).masks.keys() == {"liver"}


@pytest.fixture(scope="module")
def simulated() -> tuple[Study, np.ndarray]:
    """A portal venous scan whose time nobody wrote down, and where its aorta is."""
    case = simulate(11, grid=Grid(shape_zyx=(40, 64, 72), spacing_zyx_mm=(5.0, 5.0, 5.0)))
    volume = replace(case.study.phase(Phase.PVP), time_s=None)
    return Study(
        "sim", {Phase.PVP: volume}, masks={"liver": case.study.masks["liver"]}
    ), case.truth.organs == Organ.AORTA


def test_a_reading_draws_a_bright_aorta_and_says_when_it_thinks_the_scan_was_made(
    simulated: tuple[Study, np.ndarray], tmp_path: Path
) -> None:
    study, aorta = simulated
    models = replace(tiny_models(), organs=Models.load().organs, synthesis=Models.load().synthesis)
    reading = read(study, models, ReadOptions(complete=(Phase.AP,)))
    made = reading.on_reference_grid(reading.study.hu[Phase.AP], fill=np.nan)
    inside = ndimage.binary_erosion(aorta) & np.isfinite(made)
    assert np.median(made[inside]) > 200
    one = reading.estimated[Phase.PVP]
    assert 52 < one.interval_s[0] < one.time_s < one.interval_s[1] < 108
    assert reading.study.time_s[Phase.PVP] == one.time_s and study.phase(Phase.PVP).time_s is None
    assert sum("by its organs" in warning for warning in reading.warnings) == 1
    write_reading(reading, tmp_path / "out", models)
    phase = next(
        p for p in json.loads((tmp_path / "out" / "findings.json").read_text())["phases"] if p["name"] == "PVP"
    )
    assert phase["time_source"] == "estimated" and phase["time_interval_s"] == pytest.approx(one.interval_s, abs=0.06)
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    assert run["estimated_times_s"]["PVP"]["time_s"] == pytest.approx(one.time_s, abs=0.06)
    assert "estimated from its organs" in (tmp_path / "out" / "report.html").read_text()


def test_a_time_that_no_organ_tells_is_the_typical_one_and_that_is_said() -> None:
    bare = laid(liver=np.zeros(GRID.shape_zyx, np.uint8))
    assert estimated_times(bare, scanned(None)) == {} and at_times(bare, {}).time_s == bare.time_s
    assert time_warnings(scanned(None), {}) == ("The time of the PVP phase is unknown: the typical one was assumed.",)
    assert time_warnings(scanned(66.0), {}) == ()
