"""Rim, washout and capsule of lesions that have them by construction."""

from dataclasses import replace

import numpy as np
import pytest

from hepaphase.report.major_features import major_features
from hepaphase.report.measure import measure_findings
from hepaphase.study.findings import PatientScores
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import AlignedStudy

GRID = Geometry((44, 40, 48), (1.2, 1.4, 1.3), (-60.0, 20.0, 90.0))
LIVER_HU = {Phase.NC: 55.0, Phase.AP: 72.0, Phase.PVP: 110.0, Phase.DP: 95.0}


def seen(radius_mm: float = 13.0, *, core, rim=None, shell=None, noise_hu: float = 6.0):
    """A ball in liver; HU by phase of its core, of its outer 3 mm, and of a shell of 3 mm about its surface."""
    index = np.moveaxis(np.indices(GRID.shape_zyx), 0, -1)
    away = np.linalg.norm(GRID.to_lps_mm(index) - GRID.to_lps_mm(np.array([22, 20, 24])), axis=-1)
    inside, rng, hu = away < radius_mm, np.random.default_rng(0), {}
    for phase, liver in LIVER_HU.items():
        plain = np.where(inside, core[phase], liver)
        if rim:
            plain = np.where(inside & (away > radius_mm - 3.0), rim[phase], plain)
        if shell:
            plain = np.where(np.abs(away - radius_mm) < 1.5, shell[phase], plain)
        hu[phase] = (plain + rng.normal(0, noise_hu, inside.shape)).astype(np.float32)
    study = AlignedStudy(
        "ball", GRID, Phase.PVP, hu, dict.fromkeys(hu, Provenance.MEASURED), dict.fromkeys(hu, 0.0),
        {p: np.eye(4) for p in hu},
        masks={"liver": np.ones(GRID.shape_zyx, np.uint8), "lesions": inside.astype(np.uint16)},
    )  # fmt: skip
    found = measure_findings(study, [{"hcc": 1.0}], PatientScores({"hcc": 1.0}, 1.0))
    return major_features(study, 1, found.lesions[0].hu, found.liver_hu)


def hu(nc: float, ap: float, pvp: float, dp: float) -> dict[Phase, float]:
    return dict(zip(Phase, (nc, ap, pvp, dp), strict=True))


def test_a_carcinoma_of_liver_cells_has_hyperenhancement_and_washout():
    got = seen(core=hu(48, 115, 95, 78))
    assert (got.aphe, got.washout, got.peripheral_washout, got.capsule) == ("nonrim", True, False, False)
    assert got.measured["ap_hottest_minus_liver_hu"] == pytest.approx(43, abs=6)


def test_noise_alone_is_no_hyperenhancement():
    assert seen(core=LIVER_HU, noise_hu=15.0).aphe == "absent"


def test_a_bright_lesion_that_enhances_no_more_than_the_liver_has_none():
    assert seen(core=hu(75, 92, 130, 115)).aphe == "absent"


def test_a_metastasis_has_a_rim_and_no_washout():
    got = seen(core=hu(38, 45, 60, 65), rim=hu(45, 100, 105, 96))
    assert got.aphe == "rim" and not got.washout  # never brighter in an earlier phase


def test_what_fills_late_from_the_edge_is_told():
    assert seen(core=hu(38, 50, 70, 105), rim=hu(42, 95, 90, 80)).central_delay


def test_washout_of_the_periphery_alone_is_told_apart():
    got = seen(core=hu(45, 110, 108, 104), rim=hu(45, 105, 80, 62))
    assert got.peripheral_washout and not got.washout


def test_a_thin_bright_shell_is_a_capsule_where_voxels_can_show_one():
    shell = hu(50, 72, 128, 122)
    assert seen(core=hu(48, 110, 95, 80), shell=shell).capsule is True
    assert seen(core=hu(48, 110, 95, 80)).capsule is False


def test_thick_voxels_show_no_capsule(monkeypatch):
    monkeypatch.setattr("tests.report.test_major_features.GRID", replace(GRID, spacing_xyz_mm=(1.2, 1.4, 2.0)))
    assert seen(core=hu(48, 110, 95, 80)).capsule is None
