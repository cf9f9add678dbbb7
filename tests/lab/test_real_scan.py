"""The lesion lab on a real scan and on phases generated from it."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage
from tests.shared_data import shared_data

from hepaphase.bundle.bundle import Bundle, shipped
from hepaphase.io.nifti import read_mask, read_nifti
from hepaphase.lab.bench import set_up
from hepaphase.lab.insert import insert
from hepaphase.lab.place import Wanted, draw_lesion
from hepaphase.lab.remove import remove
from hepaphase.prepare.align import align
from hepaphase.prepare.crop import liver_grid
from hepaphase.resample.crop import box_around
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import PhaseVolume, Study
from hepaphase.synthesis.apply import apply_generated
from hepaphase.synthesis.generators.kinetic import Generator


def four_phases() -> Study:
    """The scan around its liver, and the three other phases as the shipped stage I model generates them."""
    hu, whole = read_nifti(shared_data("chaos_ct_03/ct.nii.gz"))
    mask, _ = read_mask(shared_data("chaos_ct_03/liver.nii.gz"))
    place = box_around(mask, whole, margin_mm=30.0)
    grid, hu, mask = place.geometry(whole), hu[place.slices].copy(), (mask[place.slices] > 0).astype(np.uint8)
    scan = PhaseVolume(hu, grid, Provenance.MEASURED)
    study = Study("chaos", {Phase.PVP: scan}, masks={"liver": (mask, grid)})
    small = align(study, liver_grid(mask, grid))
    generator = Generator.from_bundle(Bundle.load(shipped("synthesis"), kind="synthesis"), device="cpu")
    phases = {Phase.PVP: scan}
    for phase in (Phase.NC, Phase.AP, Phase.DP):
        made = generator.generate(small, phase)
        fine = apply_generated(hu, grid, small.hu[Phase.PVP], made.hu, small.geometry)
        phases[phase] = PhaseVolume(fine, grid, Provenance.SYNTHETIC)
    return Study("chaos", phases, masks=study.masks)


@pytest.mark.slow
def test_an_hcc_shows_what_was_intended_and_its_removal_brings_the_liver_back() -> None:
    study = four_phases()
    organs = Bundle.load(shipped("organs"), kind="organs")
    bench = set_up(study, organs)
    lesion = draw_lesion(Wanted(lesion_class="hcc", size_mm=25.0, typical=True), bench)
    changed = insert(bench, lesion, seed=0)
    values = changed.record["measured_hu"]
    for phase in Phase:
        assert values[phase]["lesion"] == pytest.approx(changed.record["intended_hu"][phase], abs=4), phase
    gain = {phase: v["lesion"] - v["liver"] for phase, v in values.items()}
    assert gain["AP"] > 10 and gain["PVP"] < -10 and gain["DP"] < -10
    assert changed.study.phases[Phase.PVP].provenance is Provenance.SIMULATED
    assert changed.study.phases[Phase.AP].provenance is Provenance.SYNTHETIC

    mask = changed.study.masks["lesions"][0] == 1
    there = replace(bench, study=changed.study, lesions=changed.study.masks["lesions"][0])
    back = remove(there, 1, seed=1).study
    depth = ndimage.distance_transform_edt(bench.liver, sampling=bench.geometry.spacing_zyx_mm)
    places = np.argwhere((depth > 15)[::4, ::8, ::8]) * (4, 8, 8)
    ball = np.argwhere(mask) - np.round(np.argwhere(mask).mean(axis=0)).astype(int)
    seen = ndimage.gaussian_filter(study.phases[Phase.PVP].hu, [1.5 / s for s in bench.geometry.spacing_zyx_mm])
    plain = mask & (seen < np.median(seen[bench.liver]) + 15)  # a vein that ran through the place does not come back
    assert plain.sum() > 0.5 * mask.sum()
    for phase in Phase:
        hu = study.phases[phase].hu
        means = [hu[tuple(np.clip(ball + p, 0, np.array(hu.shape) - 1).T)].mean() for p in places]
        change = float(back.phases[phase].hu[plain].mean() - hu[plain].mean())
        own = 2 * float(np.std(means))  # balls of this size differ by as much within the liver
        made = 0.0 if phase is Phase.PVP else 7.0  # a generated phase is smooth, but drifts across the liver
        assert abs(change) < max(own, made), phase
        assert 0.6 < back.phases[phase].hu[plain].std() / hu[plain].std() < 1.4, phase
