"""TotalSegmentator as a command beside us. Its networks cannot be had here, so a script with its options stands in."""

import stat
import sys
from pathlib import Path

import numpy as np
import pytest

from hepaphase.base.errors import InputError, MissingExtraError
from hepaphase.inference.totalsegmentator import is_wanted, run_totalsegmentator, with_totalsegmentator
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import PhaseVolume, Study

GRID = Geometry((6, 8, 10), (1.5, 2.0, 3.0), (11.0, -7.0, 5.0), ((0.0, 1.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 0.0, 1.0)))

SCRIPT = """#!{python}
import argparse, pathlib, sys
import nibabel, numpy as np
options = argparse.ArgumentParser()
options.add_argument("-i"); options.add_argument("-o")
options.add_argument("--device", choices=["cpu", "gpu", "gpu:1"])
options.add_argument("--quiet", action="store_true"); options.add_argument("--roi_subset", nargs="+")
given = options.parse_args()
if "{fails}":
    print("loading", file=sys.stderr); sys.exit("{fails}")
image = nibabel.load(given.i)
bright = np.asarray(image.dataobj) > 50
pathlib.Path(given.o).mkdir()
for name in given.roi_subset:
    inside = bright if name == "liver" else np.zeros_like(bright)
    nibabel.save(nibabel.Nifti1Image(inside.astype("uint8"), image.affine), f"{{given.o}}/{{name}}.nii.gz")
"""


def _install(folder: Path, fails: str = "") -> str:
    path = folder / "TotalSegmentator"
    path.write_text(SCRIPT.format(python=sys.executable, fails=fails), encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.fixture
def volume() -> PhaseVolume:
    hu = np.full(GRID.shape_zyx, -80.0, np.float32)
    hu[2:5, 3:6, 4:9] = 100.0
    return PhaseVolume(hu, GRID, Provenance.MEASURED)


def test_its_masks_come_back_on_the_grid_of_the_phase(volume: PhaseVolume, tmp_path: Path) -> None:
    masks = run_totalsegmentator(volume, command=_install(tmp_path))
    assert set(masks) == {"liver", "spleen", "kidneys", "aorta", "vena_cava", "portal_vein"}
    array, grid = masks["liver"]
    np.testing.assert_array_equal(array, volume.hu > 50)
    assert grid.matches(GRID)
    assert not masks["spleen"][0].any()


def test_the_masks_of_the_user_win(volume: PhaseVolume, tmp_path: Path) -> None:
    own = np.ones(GRID.shape_zyx, np.uint8)
    study = Study(case="a", phases={Phase.PVP: volume}, masks={"liver": (own, GRID)})
    done = with_totalsegmentator(study, device="cuda:1", command=_install(tmp_path))
    np.testing.assert_array_equal(done.masks["liver"][0], own)
    assert "aorta" in done.masks


def test_what_it_says_when_it_fails_is_passed_on(volume: PhaseVolume, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"code 1 and said: no weights here\. Run it by hand"):
        run_totalsegmentator(volume, command=_install(tmp_path, fails="no weights here"))
    with pytest.raises(MissingExtraError, match="not installed"):
        run_totalsegmentator(volume, command=str(tmp_path / "nowhere"))


def test_a_folder_of_that_name_is_a_folder(tmp_path: Path) -> None:
    assert is_wanted(Path("totalsegmentator"))
    assert not is_wanted(None)
    (tmp_path / "totalsegmentator").mkdir()
    assert not is_wanted(tmp_path / "totalsegmentator")
