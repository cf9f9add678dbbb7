"""Every adapter of volume files reads back a study that it laid out itself; the traps of each set are caught."""

from dataclasses import replace

import numpy as np
import pytest

from hepaphase.datasets.files import FileCohort
from hepaphase.datasets.layout import Layout
from hepaphase.datasets.protocol import ADAPTERS, open_cohort
from hepaphase.datasets.tables import yes_no
from hepaphase.io.nifti import write_nifti
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import LesionRow, PhaseVolume, Study

GRID = Geometry((5, 6, 7), (0.75, 0.875, 2.5), (-110.0, 35.5, -720.25), ((-1.0, 0, 0), (0, -1.0, 0), (0, 0, 1.0)))
FILES = [name for name in ADAPTERS.names() if issubclass(ADAPTERS.load(name), FileCohort)]


def study(case: str = "0042", lesion_class: str = "metastasis", origin: str = "breast") -> Study:
    rng = np.random.default_rng(3)
    lesions = np.zeros(GRID.shape_zyx, np.uint16)
    lesions[1, 1:3, 1] = 1
    lesions[3, 4, 4:6] = 2
    liver = np.zeros(GRID.shape_zyx, np.uint8)
    liver[1:4, 1:5, 1:6] = 1
    hu = {p: rng.integers(-150, 190, GRID.shape_zyx).astype(np.float32) for p in Phase}
    return Study(
        case,
        {p: PhaseVolume(array, GRID, Provenance.MEASURED) for p, array in hu.items()},
        {"liver": (liver, GRID), "lesions": (lesions, GRID), "body": (np.ones_like(liver), GRID)},
        tuple(LesionRow(i, lesion_class, {"origin": origin} if origin else {}) for i in (1, 2)),
        {"sex": "F", "age": 61},
    )


@pytest.mark.parametrize("name", FILES)
def test_reads_back_what_its_layout_holds(name, tmp_path):
    adapter, before = ADAPTERS.load(name), study()
    adapter.write_example(tmp_path, before)
    cohort = open_cohort(tmp_path)
    assert isinstance(cohort, adapter) and adapter.source == name
    assert cohort.cases() == ["0042"] and cohort.patient("0042") == "0042"
    again, layout = cohort.load("0042"), adapter.layout_at(tmp_path)
    assert tuple(again.phases) == layout.phases
    for phase, volume in again.phases.items():
        hu = before.phases[phase].hu
        np.testing.assert_allclose(volume.hu, adapter.restored(np.float32(adapter.stored(hu))), atol=0)
        assert np.abs(volume.hu - hu).max() < 1
        assert volume.geometry.matches(adapter.placed(adapter.misplaced(GRID)), tolerance_mm=1e-3)
    held = {part for rule in layout.masks for part in rule.parts}
    assert set(again.masks) == {part for part in held if part in before.masks}
    for part, (array, geometry) in again.masks.items():
        np.testing.assert_array_equal(array > 0, before.masks[part][0] > 0)
        assert geometry.matches(again.phases[again.reference()].geometry)
        assert part != "lesions" or sorted(np.unique(array)) == [0, 1, 2]
    assert adapter.table is None or (again.clinical["sex"], again.clinical["age"]) == ("F", 61)
    assert all(path.is_file() for path in cohort.paths("0042")) and len(cohort.paths("0042")) >= len(again.phases)


def test_kinds_of_lesions_are_mapped_by_name(tmp_path):
    for name, lesion_class, origin in (("mct_ltdiag", "metastasis", "breast"), ("plc_cect", "icc", "")):
        ADAPTERS.load(name).write_example(tmp_path / name, study("7", lesion_class, origin))
        rows = open_cohort(tmp_path / name).load("7").lesion_table
        assert {(row.lesion_class, row.details.get("origin", "")) for row in rows} == {(lesion_class, origin)}


def test_plc_cect_is_never_trusted(tmp_path):
    ADAPTERS.load("plc_cect").write_example(tmp_path, study())
    again = open_cohort(tmp_path).load("0042")
    assert again.clinical["geometry_trust"] == "untrusted" and again.clinical["hu_trust"] == "windowed"
    assert len(again.warnings) == 2
    low, high = again.phase(Phase.NC).geometry.to_lps_mm([[0, 0, 0], [4, 0, 0]])
    assert low[2] > high[2]  # the first slice is the uppermost
    assert "phase" not in again.clinical


def test_lits_28_to_47_are_those_of_3d_ircadb(tmp_path):
    for name in ("lits", "msd03"):
        for case in ("27", "28", "47", "48"):
            ADAPTERS.load(name).write_example(tmp_path / name, study(case))
        cohort = open_cohort(tmp_path / name)
        bad = [c for c in cohort.cases() if cohort.load(c).clinical.get("geometry_trust") == "untrusted"]
        assert bad == ["28", "47"]
        assert cohort.load("28").clinical["duplicate_of"] == "ircadb" and not cohort.load("27").warnings


def test_waw_tace_tumors_lie_in_the_phase_they_were_drawn_in(tmp_path):
    adapter, whole = ADAPTERS.load("waw_tace"), study()
    arterial = Geometry((5, 6, 7), (0.75, 0.875, 2.5), (-100.0, 35.5, -700.0))
    moved = PhaseVolume(whole.phases[Phase.AP].hu, arterial, Provenance.MEASURED)
    alone = replace(
        whole, phases={Phase.AP: moved}, masks={k: (a, arterial) for k, (a, _) in whole.masks.items() if k != "liver"}
    )
    adapter.write_example(tmp_path, alone)
    portal = whole.phases[Phase.PVP]
    write_nifti(tmp_path / "0042" / "0042_2_scan.nii.gz", portal.hu, portal.geometry)
    again = open_cohort(tmp_path).load("0042")
    assert again.reference() is Phase.PVP
    assert again.clinical["lesions_phase"] == "AP" and again.masks["lesions"][1].matches(arterial)
    assert {row.lesion_class for row in again.lesion_table} == {"hcc"}


def test_waw_tace_33_and_34_are_marked(tmp_path):
    for case in ("32", "33"):
        ADAPTERS.load("waw_tace").write_example(tmp_path, study(case))
    cohort = open_cohort(tmp_path)
    assert cohort.load("33").clinical["scan_trust"] == "inconsistent"
    assert "scan_trust" not in cohort.load("32").clinical


def test_amos_above_500_is_mr_and_left_out(tmp_path):
    for case in ("0500", "0501"):
        ADAPTERS.load("amos").write_example(tmp_path, study(case))
    assert open_cohort(tmp_path).cases() == ["0500"]


def test_scans_of_untold_phase_say_so(tmp_path):
    for name in ("amos", "flare", "ct_org", "abdomenatlas"):
        ADAPTERS.load(name).write_example(tmp_path / name, study())
        again = open_cohort(tmp_path / name).load("0042")
        assert again.clinical["phase_trust"] == "untold" and "does not say which phase" in again.warnings[-1]


def test_yes_no_cells_hold_free_text(tmp_path):
    assert yes_no("Y(TACE)") == (True, "TACE") and yes_no("N") == (False, "") and yes_no("unknown") == (None, "unknown")
    ADAPTERS.load("mct_ltdiag").write_example(tmp_path, study())
    (tmp_path / "meta_info_patient.csv").unlink()
    rows = "ID\ttype\tpatient_sex\tHistory of chemotherapy (Y/N)\n0042\tHCC\tM\tY(TACE)\n"
    (tmp_path / "meta_info_patient.tab").write_text(rows)
    (tmp_path / "meta_info_tumor.tab").write_text("ID\tWashout\n0042\t1\n0042\t0\n")
    again = open_cohort(tmp_path).load("0042")
    assert again.clinical["chemotherapy"] is True and again.clinical["chemotherapy_note"] == "TACE"
    assert again.clinical["tumor: washout"] == 1 and again.lesion_table[0].lesion_class == "hcc"


def test_the_same_number_is_another_organ_elsewhere():
    layouts: dict[str, Layout] = {name: ADAPTERS.load(name).layout for name in ("lits", "btcv", "amos", "flare")}
    found = {name: next(rule.parts["liver"] for rule in layout.masks) for name, layout in layouts.items()}
    assert found == {"lits": (1, 2), "btcv": (6,), "amos": (6,), "flare": (1,)}


@pytest.mark.parametrize("name", FILES)
def test_hidden_twins_that_a_mac_leaves_are_no_scans(name, tmp_path):
    ADAPTERS.load(name).write_example(tmp_path, study())
    cases = open_cohort(tmp_path, layout=name).cases()
    for path in list(tmp_path.rglob("*.nii*")):
        path.with_name(f"._{path.name}").write_bytes(b"\x00\x05\x16\x07")
    again = open_cohort(tmp_path, layout=name)
    assert again.cases() == cases
    again.load(cases[0])
