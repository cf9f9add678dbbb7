import csv

import numpy as np
import pytest
from tests.shared_data import shared_data

from hepaphase.base.errors import InputError
from hepaphase.benchmark.realism import noise, texture
from hepaphase.benchmark.realism.counts import count
from hepaphase.benchmark.realism.curves import TIMES_S, checks, enhancement_curves
from hepaphase.benchmark.realism.pictures import side_by_side
from hepaphase.benchmark.realism.run import Report, write_report
from hepaphase.benchmark.realism.texture import Liver, measure
from hepaphase.study.phase import Phase


def test_curves_of_organs_and_lesions_come_in_the_expected_order() -> None:
    curves = enhancement_curves()
    assert {"aorta", "liver", "hcc, body", "hemangioma, nodule"} <= {one.name for one in curves}
    assert all(one.enhancement_hu.shape == TIMES_S.shape and one.enhancement_hu[0] == 0 for one in curves)
    assert all(right for _, _, right in checks(curves))
    late_liver = next(one for one in curves if one.name == "liver")
    early = [c if c.name != "aorta" else type(c)("organ", "aorta", late_liver.enhancement_hu[::-1]) for c in curves]
    assert not checks(early)[0][2]


def test_noise_has_the_spectrum_that_was_asked_for() -> None:
    rows = {(one.reconstruction, one.pixel_mm): one for one in noise.spectra()}
    for (_, pixel_mm), one in rows.items():
        assert one.power.sum() == pytest.approx(1) and one.miss < 0.03
        if pixel_mm < 1:
            assert one.peak_per_mm == pytest.approx(one.asked_peak_per_mm, rel=0.06)
            assert one.sd_hu == pytest.approx(noise.SD_HU, rel=0.02)
    assert rows["FBP", 4.0].sd_hu < 0.5 * rows["MBIR", 4.0].sd_hu  # a coarse grid cannot carry fine noise


def test_sizes_and_counts_follow_the_notes() -> None:
    rows = {row.name: row for row in count(80)}
    hcc = rows["hcc"]
    low, high = hcc.interval("median_mm")
    assert low < hcc.median_mm < high and low - 2 < 34 < high + 2
    assert len(hcc.sizes_mm) == hcc.numbers.sum() and 1.3 < hcc.numbers.mean() < 1.9
    low, high = hcc.interval("multiple")
    assert low <= (hcc.numbers > 1).mean() <= high
    assert rows["calcification"].expected_ln_sd < 0.6  # sizes end at 4 mm


def liver(name: str, *, grain: float, real: bool, phase: Phase = Phase.PVP) -> Liver:
    """White noise of 10 HU, averaged over ``grain`` pixels."""
    from scipy import ndimage

    rng = np.random.default_rng(len(name))
    field = ndimage.gaussian_filter(rng.standard_normal((6, 48, 52)), (0, grain, grain)) if grain else 0
    field = field if grain else rng.standard_normal((6, 48, 52))
    where = np.zeros((6, 48, 52), bool)
    where[1:5, 6:42, 8:45] = True
    return Liver(name, phase, real, (100 + 10 * field / field.std()).astype(np.float32), where)


def test_texture_tells_coarse_grain_from_fine() -> None:
    fine = measure(liver("fine", grain=0, real=True))
    coarse = measure(liver("coarse", grain=1.5, real=False))
    assert fine.num_patches == texture.MOST_PATCHES
    assert fine.values["sd"] == pytest.approx(10, abs=0.7) and abs(fine.values["neighbor correlation"]) < 0.1
    assert coarse.values["neighbor correlation"] > 0.6 and coarse.values["contrast"] < fine.values["contrast"] / 2
    text = texture.table([fine, coarse])
    assert "0 of 1" in text and "n = 1 real livers" in text
    flat = Liver("flat", Phase.NC, True, np.full((2, 20, 20), 60, np.float32), np.zeros((2, 20, 20), bool))
    with pytest.raises(InputError, match="flat"):
        measure(flat)


def test_patches_lie_in_the_parenchyma() -> None:
    one = liver("mask", grain=0, real=True)
    for z, y, x in texture._corners(one.where):
        assert one.where[z, y : y + texture.PATCH, x : x + texture.PATCH].mean() >= 0.9


def test_only_scans_that_may_be_shown_are_shown(tmp_path) -> None:
    made = liver("sim-1", grain=1, real=False)
    assert not side_by_side([liver("chaos_ct_03", grain=1, real=True), made], tmp_path / "a.webp")
    assert side_by_side([liver("tcga-ov_09-2043_dicom", grain=1, real=True), made], tmp_path / "b.webp")
    assert (tmp_path / "b.webp").stat().st_size > 1000 and not (tmp_path / "a.webp").exists()


def test_report_without_real_scans_says_so(tmp_path) -> None:
    text = write_report(tmp_path, Report(patients=20, livers=2))
    assert "no folder of real scans" in text and "| hcc | 20 |" in text
    for name in ("curves", "noise", "sizes"):
        assert (tmp_path / f"{name}.webp").is_file()
        with (tmp_path / f"{name}.csv").open() as file:
            assert len(list(csv.reader(file))) > 5
    with pytest.raises(InputError, match="Name the folder"):
        write_report(tmp_path, Report(patients=20, data=tmp_path))


@pytest.mark.slow
def test_real_and_simulated_livers_are_measured_alike(tmp_path) -> None:
    data = shared_data("totalsegmentator_example/example_ct_sm.nii.gz").parents[1]
    source = next(one for one in texture.SOURCES if one.path.startswith("totalsegmentator"))
    real = measure(texture._real(data, source, "cpu"))
    made = [measure(one) for one in texture.simulated_livers(2, quiet=True)]
    assert real.num_patches > 10 and all(one.num_patches > 10 for one in made)
    for name in texture.FEATURES:
        assert np.isfinite([one.values[name] for one in (real, *made)]).all()
