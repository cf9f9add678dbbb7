import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from hepaphase.base.errors import InputError
from hepaphase.prepare.crops import line_up_crops
from hepaphase.study.phase import Phase
from hepaphase.training.cohort import read_prepared

from .moved_liver import GRIDS, moved_liver


def write_crop(path: Path, number: int) -> None:
    case = moved_liver(GRIDS[number], (1.0, -1.0, 9.0))
    hu = {Phase.NC: case.moving.hu, Phase.PVP: case.fixed.hu}
    np.savez_compressed(
        path,
        case=path.stem,
        geometry=json.dumps(asdict(case.fixed.geometry)),
        times_s=np.array([0, np.nan, 70, np.nan], np.float32),
        liver=case.liver,
        lesions=np.zeros(case.liver.shape, np.uint16),
        **{f"{kind}_{p}": v.round().astype(np.int16) for p, v in hu.items() for kind in ("hu", "clean")},
    )


def test_crops_come_out_lined_up_and_otherwise_the_same(tmp_path: Path) -> None:
    source, out = tmp_path / "crops", tmp_path / "lined"
    source.mkdir()
    out.mkdir()
    write_crop(source / "case-0.npz", 0)
    assert line_up_crops(source, out, quiet=True) == [out / "case-0.npz"]
    before, after = read_prepared(source / "case-0.npz"), read_prepared(out / "case-0.npz")
    inside = before.masks["liver"] > 0
    for volumes in ("hu", "clean_hu"):
        one, two = getattr(before, volumes), getattr(after, volumes)
        assert np.array_equal(one[Phase.PVP], two[Phase.PVP])
        off = [np.abs(v[Phase.NC][inside] - 58.0).mean() for v in (one, two)]
        assert off[1] < 0.7 * off[0]
    assert np.array_equal(before.masks["liver"], after.masks["liver"])
    assert after.times_s == before.times_s


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    write_crop(tmp_path / "case-0.npz", 0)
    out = tmp_path / "out"
    out.mkdir()
    (out / "case-0.npz").write_bytes(b"kept")
    line_up_crops(tmp_path, out, quiet=True)
    assert (out / "case-0.npz").read_bytes() == b"kept"


@pytest.mark.slow
def test_two_workers_write_what_one_does(tmp_path: Path) -> None:
    source = tmp_path / "crops"
    source.mkdir()
    for number in range(2):
        write_crop(source / f"case-{number}.npz", number)
    for workers in (1, 2):
        line_up_crops(source, tmp_path / str(workers), workers=workers, quiet=True)
    for number in range(2):
        one, two = (np.load(tmp_path / str(w) / f"case-{number}.npz") for w in (1, 2))
        assert all(np.array_equal(one[name], two[name]) for name in one if name != "times_s")
        assert np.array_equal(one["times_s"], two["times_s"], equal_nan=True)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no prepared case"):
        line_up_crops(tmp_path, tmp_path / "out")
