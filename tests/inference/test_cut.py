"""A phase cut around its liver reads as the whole scan does, and results are written on the whole."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.tiny_models import tiny_models

from hepaphase.bundle.bundle import Bundle, shipped
from hepaphase.inference.cut import MARGIN_MM, cut_out
from hepaphase.inference.intake import take_in
from hepaphase.inference.options import ReadOptions
from hepaphase.inference.pipeline import read
from hepaphase.inference.write import write_reading
from hepaphase.io.nifti import read_mask, read_nifti, write_nifti
from hepaphase.organs.segment import CoarseOrgans, coarse_grid, coarse_organs
from hepaphase.organs.table import CLASSES
from hepaphase.phantom.seeds import seed_range
from hepaphase.phantom.simulate import simulate
from hepaphase.prepare.crop import liver_grid
from hepaphase.prepare.working import working_volumes
from hepaphase.report.again import volume_hash
from hepaphase.resample.crop import box_around
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import MaskArray, PhaseVolume, Study

MODELS = tiny_models()
TURN = np.deg2rad(20)
OBLIQUE = (
    (float(np.cos(TURN)), 0.0, float(np.sin(TURN))),
    (0.0, 1.0, 0.0),
    (-float(np.sin(TURN)), 0.0, float(np.cos(TURN))),
)
UPRIGHT = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def scan(*, direction: tuple = UPRIGHT, seed: int = 0) -> tuple[PhaseVolume, MaskArray]:
    """Half a meter of noise with a liver in it."""
    grid = Geometry((90, 80, 84), (6.0, 6.0, 6.0), (-250.0, -240.0, 30.0), direction)
    liver = np.zeros(grid.shape_zyx, np.uint8)
    liver[50:68, 20:44, 12:40] = 1
    hu = (np.random.default_rng(seed).normal(0, 10, grid.shape_zyx) + 70 * liver).astype(np.float32)
    return PhaseVolume(hu, grid, Provenance.MEASURED), liver


def seen(volume: PhaseVolume, liver: MaskArray) -> CoarseOrgans:
    """What a network without fault would say."""
    grid = coarse_grid(volume.geometry, 6.0)
    index = np.rint(volume.geometry.to_index_zyx(grid.to_lps_mm(np.indices(grid.shape_zyx).transpose(1, 2, 3, 0))))
    at = np.clip(index.astype(int), 0, np.array(liver.shape) - 1)
    there = liver[tuple(np.moveaxis(at, -1, 0))] > 0
    probabilities = np.zeros((len(CLASSES), *grid.shape_zyx), np.float32)
    probabilities[CLASSES.index("liver")] = there
    probabilities[CLASSES.index("body")] = ~there
    return CoarseOrgans(probabilities, grid)


@pytest.mark.parametrize("direction", [UPRIGHT, OBLIQUE])
def test_all_that_is_looked_at_around_the_liver_is_kept(direction: tuple) -> None:
    volume, liver = scan(direction=direction)
    cut = cut_out(volume, seen(volume, liver))
    assert cut.cut is not None and cut.whole == volume.geometry
    assert cut.hu.size < 0.75 * volume.hu.size and cut.hu.base is None
    start = cut.cut.start_zyx
    part = tuple(slice(a, a + n) for a, n in zip(start, cut.hu.shape, strict=True))
    assert np.array_equal(cut.hu, volume.hu[part])
    assert np.array_equal(cut.geometry.to_lps_mm((0, 0, 0)), volume.geometry.to_lps_mm(start))
    around = box_around(liver, volume.geometry, margin_mm=MARGIN_MM).geometry(volume.geometry)
    for corner in (*liver_grid(liver, volume.geometry).corners_lps_mm(), *around.corners_lps_mm()):
        inside = np.clip(volume.geometry.to_index_zyx(corner), 0, np.array(volume.hu.shape) - 1)
        index = inside - start
        assert (index >= -1e-6).all() and (index <= np.array(cut.hu.shape) - 1 + 1e-6).all()


def test_air_around_the_patient_is_not_kept() -> None:
    volume, liver = scan()
    hu = volume.hu.copy()
    hu[78:], hu[:, :14], hu[:, :, 50:] = -1000, -1003, -980
    volume = replace(volume, hu=hu)
    cut = cut_out(volume, seen(volume, liver))
    assert cut.cut.start_zyx[1] == 10
    assert cut.cut.start_zyx[0] + cut.hu.shape[0] == 82
    assert cut.cut.start_zyx[2] + cut.hu.shape[2] == 54


def test_the_registration_looks_at_the_same_grid_where_air_near_the_liver_is_cut_away() -> None:
    volume, liver = scan()
    hu = volume.hu.copy()
    hu[69:], hu[:, :18] = -1000, -1000
    volume = replace(volume, hu=hu)
    cut = cut_out(volume, seen(volume, liver))
    assert cut.cut is not None and cut.cut.start_zyx[1] == 14
    start = cut.cut.start_zyx
    own = liver[tuple(slice(a, a + n) for a, n in zip(start, cut.hu.shape, strict=True))]
    of_whole, of_part = working_volumes(volume, liver), working_volumes(cut, own)
    assert of_part.geometry == of_whole.geometry
    assert np.allclose(of_part.fixed, of_whole.fixed, atol=1e-3) and np.allclose(of_part.weight, of_whole.weight)


def test_a_scan_without_a_liver_stays_whole_unless_the_user_brings_one() -> None:
    volume, liver = scan()
    nothing = seen(volume, np.zeros_like(liver))
    assert cut_out(volume, nothing) is volume
    assert cut_out(volume, nothing, {"liver": (np.zeros_like(liver), volume.geometry)}) is volume
    assert cut_out(volume, nothing, {"liver": (liver, volume.geometry)}).cut is not None


def test_two_scans_that_differ_beyond_the_part_are_told_apart() -> None:
    volume, liver = scan()
    other = volume.hu.copy()
    other[0, 0, 0] += 1
    one, two = (cut_out(v, seen(volume, liver)) for v in (volume, replace(volume, hu=other)))
    assert np.array_equal(one.hu, two.hu) and one.cut.digest != two.cut.digest
    assert one.cut.digest == volume_hash(volume.hu, volume.geometry)


def test_what_was_seen_in_the_whole_is_what_is_known_of_the_part() -> None:
    volume, liver = scan()
    coarse = seen(volume, liver)
    kept = coarse_organs(cut_out(volume, coarse), Bundle(kind="organs", config={}, classes=CLASSES))
    num = kept.geometry.shape_zyx[0]
    assert 18 <= num <= 21 < coarse.geometry.shape_zyx[0]
    first = coarse.geometry.to_index_zyx(kept.geometry.to_lps_mm((0, 0, 0)))
    assert np.allclose(first, np.round(first)) and np.allclose(first[1:], 0)
    z = round(float(first[0]))
    assert np.array_equal(kept.probabilities, coarse.probabilities[:, z : z + num])
    assert coarse.of("liver").sum() == kept.of("liver").sum()


@pytest.mark.slow
def test_a_reading_of_parts_is_written_as_that_of_the_whole(tmp_path: Path) -> None:
    (pvp, liver), (nc, _) = scan(), scan(seed=1)
    nc = replace(nc, geometry=replace(nc.geometry, origin_lps_mm=(-247.0, -241.0, 33.0)))
    masks = {"liver": (liver, pvp.geometry)}
    whole = Study("one", {Phase.NC: nc, Phase.PVP: pvp}, masks=masks)
    parts = replace(whole, phases={p: cut_out(v, seen(v, liver), masks) for p, v in whole.phases.items()})
    for name, study in (("whole", whole), ("parts", parts)):
        reading = read(study, MODELS, ReadOptions(register=False))
        assert reading.reference_grid == pvp.geometry
        write_reading(reading, tmp_path / name, MODELS, all_grids=True)
    files = sorted(p.relative_to(tmp_path / "whole") for p in (tmp_path / "whole").rglob("*.nii.gz"))
    assert len(files) == 10
    for name in files:
        (one, grid), (two, same) = (_volume(tmp_path / kind / name) for kind in ("whole", "parts"))
        assert grid == same and one.shape == two.shape
        assert np.abs(one.astype(float) - two).max() <= ("synthetic" in str(name))  # the last digit of a generator
    told = [json.loads((tmp_path / kind / "findings.json").read_text()) for kind in ("whole", "parts")]
    assert [x["probabilities"] for x in told[0]["lesions"]] == [
        pytest.approx(x["probabilities"], abs=1e-4) for x in told[1]["lesions"]
    ]
    runs = [json.loads((tmp_path / kind / "run.json").read_text()) for kind in ("whole", "parts")]
    assert runs[0]["inputs"] == runs[1]["inputs"]


def _volume(path: Path) -> tuple[np.ndarray, Geometry]:
    return read_nifti(path) if "synthetic" in str(path) else read_mask(path)


@pytest.mark.slow
def test_what_is_kept_of_a_scan_does_not_grow_with_it(tmp_path: Path) -> None:
    organs = Bundle.load(shipped("organs"), kind="organs")
    volume = simulate(seed_range("ci")[0]).study.phase(Phase.PVP)
    kept = []
    for name, num in (("low", 0), ("tall", 60)):
        grid = volume.geometry.crop((-num, 0, 0), (volume.hu.shape[0] + num, *volume.hu.shape[1:]))
        hu = np.pad(np.round(volume.hu), ((num, num), (0, 0), (0, 0)), constant_values=-1000)
        write_nifti(tmp_path / f"{name}.nii.gz", hu, grid)
        kept.append(take_in(tmp_path / f"{name}.nii.gz", lambda: organs, phases={Phase.PVP: None}, cut=True))
    low, tall = (study.phase(Phase.PVP) for study in kept)
    assert tall.whole.shape_zyx[0] == low.whole.shape_zyx[0] + 120
    assert tall.hu.shape[0] <= low.hu.shape[0] + 16  # of air within 20 mm of what is none
    assert tall.cut.organs[0].shape[1] <= low.cut.organs[0].shape[1] + 8
    shift = np.rint(low.geometry.to_index_zyx(tall.geometry.to_lps_mm((0, 0, 0)))).astype(int)
    a, b = (np.array(v.hu.shape) for v in (low, tall))
    first, last = np.maximum(shift, 0), np.minimum(a, shift + b)
    same = tuple(map(slice, first, last)), tuple(map(slice, first - shift, last - shift))
    assert np.array_equal(low.hu[same[0]], tall.hu[same[1]])
