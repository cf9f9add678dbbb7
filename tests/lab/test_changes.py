from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import ndimage
from tests.lab.studies import bench, masks, simulated

from hepaphase.base.errors import OutputError, StudyError
from hepaphase.io.case import read_case
from hepaphase.lab.bench import Bench, set_up
from hepaphase.lab.changed import Changed, write_changed
from hepaphase.lab.insert import insert
from hepaphase.lab.place import Wanted, draw_lesion
from hepaphase.lab.recolor import draw_recolored, recolor
from hepaphase.lab.remove import remove
from hepaphase.lab.transplant import transplant
from hepaphase.phantom.growth import structure_hu
from hepaphase.study.lesions import LESION_CLASSES
from hepaphase.study.phase import Phase, Provenance


@cache
def with_hcc(seed: int) -> tuple[Changed, Bench]:
    lesion = draw_lesion(Wanted(lesion_class="hcc", size_mm=30.0, typical=True), bench(seed))
    changed = insert(bench(seed), lesion, seed=1)
    return changed, set_up(changed.study, None, masks=masks(seed))


@pytest.mark.parametrize("seed", [3, 7, 8])
def test_an_inserted_hcc_is_measured_as_intended_and_nothing_far_away_changes(seed) -> None:
    changed, _ = with_hcc(seed)
    record, before = changed.record, simulated(seed).study
    for phase in Phase:
        measured = record["measured_hu"][phase]["lesion"]
        assert measured == pytest.approx(record["intended_hu"][phase], abs=9), phase  # coarse voxels mix in liver
        array, geometry = changed.study.masks["lesions"]
        far = ndimage.distance_transform_edt(array == 0, sampling=geometry.spacing_zyx_mm) > 25
        assert far.any() and (changed.study.phases[phase].hu == before.phases[phase].hu)[far].all()
        assert changed.study.phases[phase].provenance is Provenance.SIMULATED
    gain = {p: v["lesion"] - v["liver"] for p, v in record["measured_hu"].items()}
    assert gain["AP"] > 8 and gain["DP"] < -5
    (row,) = changed.study.lesion_table
    assert (row.lesion_class, row.lesion_id) == ("hcc", 1)
    assert "lesion lab" in changed.study.warnings[-1]


@pytest.mark.parametrize("seed", [3, 7, 8])
def test_removing_it_brings_the_liver_back_within_noise(seed) -> None:
    changed, table = with_hcc(seed)
    mask = table.lesions == 1
    back = remove(table, 1, seed=2)
    assert back.study.lesion_table == () and not back.study.masks["lesions"][0].any()
    for phase in Phase:
        old, new = simulated(seed).study.phases[phase].hu[mask], back.study.phases[phase].hu[mask]
        gone = changed.study.phases[phase].hu[mask]
        assert abs(float(new.mean() - old.mean())) < 4.5, phase
        assert 0.6 < new.std() / old.std() < 1.4, phase
        assert abs(float(gone.mean() - old.mean())) > 8 or phase is not Phase.AP


def test_a_lesion_with_a_mask_but_no_row_can_be_removed_but_not_transplanted() -> None:
    changed, table = with_hcc(3)
    unknown = replace(table, study=replace(changed.study, lesion_table=None))
    assert remove(unknown, 1, seed=0).record["lesion_class"] is None
    with pytest.raises(StudyError, match="so neither is how it would"):
        transplant(unknown, 1, unknown)
    with pytest.raises(StudyError, match="has no lesion 7"):
        remove(table, 7, seed=0)


@pytest.mark.parametrize("key", LESION_CLASSES)
def test_recolor_keeps_the_outline_and_changes_the_rest(key) -> None:
    _, table = with_hcc(3)
    wanted = Wanted(lesion_class=key, typical=True, seed=4)
    changed = recolor(table, 1, draw_recolored(wanted, table, 1), seed=4)
    array, _ = changed.study.masks["lesions"]
    np.testing.assert_array_equal(array > 0, table.lesions == 1)
    (row,) = changed.study.lesion_table
    assert row.lesion_class == key
    for phase in Phase:
        values = changed.record["measured_hu"][phase]["lesion"]
        assert values == pytest.approx(changed.record["intended_hu"][phase], rel=0.2, abs=20), phase


def test_a_recolored_cyst_is_dark_in_every_phase() -> None:
    _, table = with_hcc(7)
    changed = recolor(table, 1, draw_recolored(Wanted(lesion_class="cyst", typical=True), table, 1), seed=0)
    assert all(v["lesion"] < 30 for v in changed.record["measured_hu"].values())


def test_a_lesion_moved_within_a_study_keeps_its_hu_and_its_size() -> None:
    _, table = with_hcc(8)
    changed = transplant(table, 1, table, seed=5)
    array, _ = changed.study.masks["lesions"]
    assert sorted(np.unique(array)) == [0, 1, 2]
    assert np.count_nonzero(array == 2) == pytest.approx(np.count_nonzero(array == 1), rel=0.15)
    for phase in Phase:
        hu = changed.study.phases[phase].hu
        assert float(hu[array == 2].mean()) == pytest.approx(float(hu[array == 1].mean()), abs=9), phase


def test_a_lesion_in_another_patient_enhances_as_that_patient_does() -> None:
    _, source = with_hcc(3)
    changed = transplant(source, 1, bench(7), seed=5)
    assert changed.study.case == bench(7).study.case
    typical = insert(bench(7), draw_lesion(Wanted(lesion_class="hcc", size_mm=30.0, typical=True), bench(7)), seed=0)
    for phase in Phase:
        there = changed.record["intended_hu"][phase]
        assert there == pytest.approx(typical.record["intended_hu"][phase], abs=12), phase


def test_a_changed_study_is_written_with_the_record_of_every_change(tmp_path) -> None:
    changed, table = with_hcc(3)
    write_changed(changed, tmp_path / "one")
    back = read_case(tmp_path / "one")
    assert {v.provenance for v in back.phases.values()} == {Provenance.SIMULATED}
    write_changed(remove(table, 1, seed=0), tmp_path / "two", before=tmp_path / "one")
    text = (tmp_path / "two" / "lab.json").read_text(encoding="utf-8")
    assert text.index('"insert"') < text.index('"remove"')
    with pytest.raises(OutputError, match="not empty"):
        write_changed(changed, tmp_path / "one")


def test_a_painted_structure_is_the_same_for_the_same_seed() -> None:
    lesion = draw_lesion(Wanted(lesion_class="hemangioma", size_mm=30.0), bench(3))
    from hepaphase.lab.inputs import StudyEnhancement

    axis = np.linspace(-15, 15, 8, dtype=np.float32)
    at = np.stack(np.meshgrid(axis, axis, axis))
    distance = np.sqrt((at**2).sum(axis=0)) - 15
    first, second = (structure_hu(lesion, at, distance, StudyEnhancement(bench(3).inputs), 4.0) for _ in range(2))
    assert first.shape == (4, 8, 8, 8)
    np.testing.assert_array_equal(first, second)
