"""``read`` on real CT: every file written, the liver on the source grid. Skipped where the data are absent."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tests.shared_data import shared_data

from hepaphase.cli.main import group
from hepaphase.io.nifti import read_mask
from hepaphase.io.source import read_source
from hepaphase.study.phase import Phase

EXAMPLES = {
    "tcga-ov_09-2043_dicom": Phase.DP,
    "cptac-pda_C3L-00189_dicom": Phase.PVP,
    "chaos_ct_03/ct.nii.gz": Phase.PVP,
    "totalsegmentator_example/example_ct_sm.nii.gz": Phase.NC,
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "phase"), EXAMPLES.items())
def test_real_ct_is_read(name: str, phase: Phase, tmp_path: Path) -> None:
    source, out = shared_data(name), tmp_path / "out"
    result = CliRunner().invoke(group, ["read", str(source), str(out), "--phases", phase], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    others = [p for p in Phase if p is not phase]
    wanted = {"report.html", "findings.json", "run.json", "liver.nii.gz", "lesions.nii.gz"}
    wanted |= {f"synthetic/{p}{suffix}.nii.gz" for p in others for suffix in ("", "_sd")}
    wanted |= {"lesions.seg.dcm", "report.sr.dcm"} if source.is_dir() else set()
    assert {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()} == wanted
    liver, grid = read_mask(out / "liver.nii.gz")
    study = read_source(source, phases={phase: None})
    assert study.phase(phase).geometry.matches(grid)
    assert 200 < np.count_nonzero(liver) * grid.voxel_ml < 4000
