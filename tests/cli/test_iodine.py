import json

import numpy as np
from click.testing import CliRunner

from hepaphase.base.errors import StudyError
from hepaphase.cli.main import group
from hepaphase.io.case import write_case
from hepaphase.io.nifti import read_nifti
from hepaphase.phantom.grids import Grid
from hepaphase.phantom.simulate import SimulatedCase, simulate
from hepaphase.study.phase import Phase
from hepaphase.study.study import Study

GRID = Grid(shape_zyx=(34, 52, 60), spacing_zyx_mm=(6.0, 6.0, 6.0))


def written(case: SimulatedCase, folder, phases: tuple[Phase, ...]) -> str:
    study = case.study
    kept = Study(study.case, {p: study.phase(p) for p in phases}, masks={"liver": study.masks["liver"]})
    write_case(kept, folder)
    return str(folder)


def test_iodine_of_a_scanned_pair_and_of_a_generated_one(tmp_path) -> None:
    case = simulate(11, grid=GRID)
    liver = case.study.masks["liver"][0] > 0
    truth = float(np.median((case.truth.reference_hu[Phase.PVP] - case.truth.reference_hu[Phase.NC])[liver])) / 25.3
    facts = {}
    for name, phases in (("pair", (Phase.NC, Phase.PVP)), ("alone", (Phase.PVP,))):
        out = tmp_path / f"out-{name}"
        found = CliRunner().invoke(group, ["iodine", written(case, tmp_path / name, phases), str(out)])
        assert found.exit_code == 0, found.output
        assert found.output.splitlines()[-1].endswith("iodine.json")
        facts[name] = json.loads((out / "iodine.json").read_text())
        iodine, _ = read_nifti(out / "iodine_PVP.nii.gz")
        plain, _ = read_nifti(out / "VNC_from_PVP.nii.gz")
        assert iodine.shape == plain.shape == liver.shape and np.median(plain[liver]) < 90
        assert abs(facts[name]["liver_mg_per_ml"] - truth) < (0.3 if name == "pair" else 1.2)
    assert (facts["pair"]["pair"], facts["alone"]["pair"]) == ("scanned", "generated")
    assert abs(facts["pair"]["liver_vnc_error_hu"]) < 30 and "liver_vnc_error_hu" not in facts["alone"]
    again = CliRunner().invoke(group, ["iodine", str(tmp_path / "alone"), str(tmp_path / "out-alone")])
    assert "exists in" in str(again.exception)


def test_a_phase_without_contrast_agent_is_refused(tmp_path) -> None:
    folder = written(simulate(11, grid=GRID), tmp_path / "case", (Phase.PVP,))
    for phase in ("NC", "DP"):
        found = CliRunner().invoke(group, ["iodine", folder, str(tmp_path / "out"), "--phase", phase])
        assert isinstance(found.exception, StudyError) and "has PVP" in str(found.exception)
