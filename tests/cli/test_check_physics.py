import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tests.shared_data import shared_data

from hepaphase.cli.main import group
from hepaphase.io.case import write_case
from hepaphase.io.nifti import write_nifti
from hepaphase.phantom.grids import Grid
from hepaphase.phantom.labels import Organ
from hepaphase.phantom.simulate import simulate
from hepaphase.study.phase import Phase
from hepaphase.study.study import Study

LABELS = {
    "aorta": Organ.AORTA,
    "spleen": Organ.SPLEEN,
    "kidney_left": Organ.KIDNEY,
    "inferior_vena_cava": Organ.IVC,
    "portal_vein_and_splenic_vein": Organ.PORTAL_VEIN,
}


GRID = Grid(shape_zyx=(40, 64, 72), spacing_zyx_mm=(5.0, 5.0, 5.0))


def test_missing_phases_are_generated_first_where_asked(tmp_path) -> None:
    case = simulate(8, grid=GRID)
    study = case.study
    write_case(Study(study.case, {Phase.NC: study.phase(Phase.NC)}, masks=study.masks), tmp_path / "case")
    words = ["check-physics", str(tmp_path / "case"), "--complete", "AP,PVP", "--out", str(tmp_path / "out")]
    found = CliRunner().invoke(group, words)
    assert found.exit_code == 0, found.output
    assert "Generated, not scanned: AP, PVP." in found.output
    assert json.loads((tmp_path / "out" / "physics.json").read_text())["generated"] == ["AP", "PVP"]
    assert "liver PVP" in found.output and "liver DP |" not in found.output


def test_a_simulated_exam_gets_a_card(tmp_path) -> None:
    case = simulate(7, grid=GRID)
    write_case(case.study, tmp_path / "case")
    grid = next(iter(case.study.phases.values())).geometry
    for name, label in LABELS.items():
        mask = (case.truth.organs == label).astype(np.uint8)
        write_nifti(tmp_path / "case" / "segmentations" / f"{name}.nii.gz", mask, grid)
    found = CliRunner().invoke(
        group, ["check-physics", str(tmp_path / "case"), "--out", str(tmp_path / "out"), "--no-register"]
    )
    assert found.exit_code == 0, found.output
    content = json.loads((tmp_path / "out" / "physics.json").read_text())
    values = {f"{row['measure']} {row['name']}": row["value"] for row in content["items"]}
    assert 100 < values["M2 aorta AP"] < 600 and values["M7 liver share of dose"] is None
    assert "| M3 | portal vein/aorta PVP |" in (tmp_path / "out" / "table.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "phase"), [("chaos_ct_03/ct.nii.gz", "PVP"), ("totalsegmentator_example/example_ct.nii.gz", "NC")]
)
def test_completed_real_ct_shows_nothing_that_true_patients_do_not(tmp_path: Path, name: str, phase: str) -> None:
    words = ["check-physics", str(shared_data(name)), "--phases", phase, "--complete", "all"]
    found = CliRunner().invoke(group, [*words, "--out", str(tmp_path / "out")])
    assert found.exit_code == 0, found.output
    card = json.loads((tmp_path / "out" / "physics.json").read_text())
    assert card["outside_band"] == [] and card["worst"] is None and card["score"] == 1.0
    assert set(card["generated"]) == {"NC", "AP", "PVP", "DP"} - {phase}
    assert sum(item["value"] is not None for item in card["items"]) >= 40
