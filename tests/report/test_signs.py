"""Every sign is present, absent or not assessable, and says by which phases."""

import numpy as np
import pytest

from hepaphase.report.measure import measure_findings
from hepaphase.report.signs import SIGNS, signs_of
from hepaphase.study.findings import PatientScores, Sign
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import AlignedStudy

GRID = Geometry((40, 38, 42), (1.3, 1.2, 1.4), (-60.0, 20.0, 90.0))
LIVER_HU = {Phase.NC: 55.0, Phase.AP: 72.0, Phase.PVP: 110.0, Phase.DP: 95.0}
CARCINOMA = {Phase.NC: 48.0, Phase.AP: 115.0, Phase.PVP: 95.0, Phase.DP: 78.0}


def told(*scanned: Phase, core=CARCINOMA, made: tuple[Phase, ...] = (), grid: Geometry = GRID) -> dict[str, Sign]:
    index = np.moveaxis(np.indices(grid.shape_zyx), 0, -1)
    middle = grid.to_lps_mm((np.array(grid.shape_zyx) - 1) / 2)
    inside = np.linalg.norm(grid.to_lps_mm(index) - middle, axis=-1) < 12.0
    rng = np.random.default_rng(0)
    hu = {
        p: (np.where(inside, core[p], LIVER_HU[p]) + rng.normal(0, 6, inside.shape)).astype(np.float32)
        for p in Phase
        if p in scanned + made
    }
    kinds = {p: Provenance.SYNTHETIC if p in made else Provenance.MEASURED for p in hu}
    study = AlignedStudy(
        "ball", grid, scanned[0], hu, kinds, dict.fromkeys(hu, 0.0), {p: np.eye(4) for p in hu},
        masks={"liver": np.ones(grid.shape_zyx, np.uint8), "lesions": inside.astype(np.uint16)},
    )  # fmt: skip
    found = measure_findings(study, [{"hcc": 1.0}], PatientScores({"hcc": 1.0}, 1.0))
    return {sign.name: sign for sign in signs_of(study, 1, found.lesions[0].hu, found.liver_hu)}


def test_a_carcinoma_of_liver_cells_in_four_phases() -> None:
    signs = told(*Phase)
    assert list(signs) == list(SIGNS)
    assert {name for name, sign in signs.items() if sign.state == "present"} == {
        "nonrim_arterial_hyperenhancement",
        "washout",
    }
    assert all(sign.state == "absent" for name, sign in signs.items() if name in ("capsule", "progressive_enhancement"))
    assert signs["washout"].measured["dp_liver_to_lesion_percent"] == pytest.approx(100 * 95 / 78, abs=3)
    assert signs["washout"].phases == (Phase.AP, Phase.PVP, Phase.DP)


def test_what_no_scanned_phase_can_show_is_not_assessable_and_says_why() -> None:
    signs = told(Phase.NC)
    assert {sign.state for sign in signs.values()} == {"not assessable"}
    assert all(sign.why and not sign.phases and not sign.measured for sign in signs.values())
    signs = told(Phase.PVP, Phase.NC)
    assert signs["capsule"].state == "absent" and signs["capsule"].phases == (Phase.PVP,)
    assert {name for name, sign in signs.items() if sign.state != "not assessable"} == {"capsule"}


def test_two_phases_with_contrast_agent_show_washout() -> None:
    for pair in ((Phase.AP, Phase.PVP), (Phase.AP, Phase.DP), (Phase.PVP, Phase.DP)):
        sign = told(*pair)["washout"]
        assert sign.state == "present" and sign.phases == pair
    assert told(Phase.AP)["washout"].state == "not assessable"


def test_generated_phases_show_no_sign() -> None:
    alone, filled = told(Phase.PVP), told(Phase.PVP, made=(Phase.NC, Phase.AP, Phase.DP))
    assert {name: sign.state for name, sign in alone.items()} == {name: sign.state for name, sign in filled.items()}


def test_what_brightens_late_is_progressive() -> None:
    late = {Phase.NC: 40.0, Phase.AP: 55.0, Phase.PVP: 80.0, Phase.DP: 110.0}
    sign = told(Phase.PVP, Phase.DP, core=late)["progressive_enhancement"]
    assert sign.state == "present"
    assert sign.measured["pvp_to_dp_over_liver_hu"] == pytest.approx(45, abs=2)


def test_thick_voxels_show_no_capsule_either_way() -> None:
    thick = Geometry((20, 38, 42), (1.3, 1.2, 2.8), (-60.0, 20.0, 90.0))
    sign = told(*Phase, grid=thick)["capsule"]
    assert sign.state == "not assessable" and "1.5 mm" in sign.why
