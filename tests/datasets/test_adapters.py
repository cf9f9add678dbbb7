"""Every adapter, through the same tests."""

from dataclasses import replace

import numpy as np
import pytest
from tests.example_study import example_study

from hepaphase.base.errors import InputError, UnknownNameError
from hepaphase.datasets.protocol import ADAPTERS, open_cohort
from hepaphase.diagnosis.clinical import known_facts
from hepaphase.io.case import write_case
from hepaphase.phantom.grids import Grid
from hepaphase.phantom.simulate import simulate
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import Study


def scanned() -> Study:
    """What a source can hold: no phase that a model made."""
    study = example_study()
    measured = {p: replace(v, provenance=Provenance.MEASURED) for p, v in study.phases.items() if v.provenance.is_input}
    return replace(study, case="P0042", phases=measured)


@pytest.fixture(scope="module")
def phantom() -> Study:
    """A simulated patient with lesions, on a small grid of three sizes and spacings."""
    grid = Grid(shape_zyx=(14, 20, 26), spacing_zyx_mm=(12.0, 11.0, 10.0))
    studies = (simulate(seed, grid=grid).study for seed in range(20))
    return next(study for study in studies if study.lesion_table and study.masks["lesions"][0].any())


CASE_FOLDERS = ("galsce", "hepaphase")
"""Adapters of case folders hold anything; those of files what their layout names, tested in test_files.py."""


@pytest.mark.parametrize("name", CASE_FOLDERS)
def test_reads_back_a_phantom_it_laid_out_itself(name, tmp_path, phantom):
    ADAPTERS.load(name).write_example(tmp_path, phantom)
    again = open_cohort(tmp_path).load(phantom.case)
    assert list(again.phases) == list(Phase)
    for phase, before in phantom.phases.items():
        np.testing.assert_array_equal(again.phases[phase].hu, before.hu)
        assert before.geometry.corner_distance_mm(again.phases[phase].geometry) < 1e-3
    assert {key: again.clinical[key] for key in ("sex", "age")} == {k: phantom.clinical[k] for k in ("sex", "age")}
    for mask, (array, geometry) in phantom.masks.items():
        found, grid = again.masks[mask]
        np.testing.assert_array_equal(found > 0, array > 0)
        assert geometry.matches(grid)


@pytest.mark.parametrize("name", CASE_FOLDERS)
def test_reads_back_a_study_with_a_grid_per_phase(name, tmp_path):
    study = scanned()
    ADAPTERS.load(name).write_example(tmp_path, study)
    cohort = open_cohort(tmp_path)
    assert isinstance(cohort, ADAPTERS.load(name))
    assert cohort.cases() == [study.case]
    assert cohort.patient(study.case) == study.case
    again = cohort.load(study.case)
    assert again.case == study.case
    assert again.clinical["sex"] == "F" and again.clinical["age"] == 61
    assert list(again.phases) == list(study.phases)
    for phase, before in study.phases.items():
        np.testing.assert_array_equal(again.phases[phase].hu, before.hu)
        assert before.geometry.corner_distance_mm(again.phases[phase].geometry) < 1e-3
        assert again.phases[phase].provenance is Provenance.MEASURED
    for mask, (array, geometry) in study.masks.items():
        found, grid = again.masks[mask]
        np.testing.assert_array_equal(found > 0, array > 0)
        assert len(np.unique(found)) == len(np.unique(array))
        assert geometry.matches(grid)


@pytest.mark.parametrize("name", ADAPTERS.names())
def test_unknown_case_is_refused_by_name(name, tmp_path):
    ADAPTERS.load(name).write_example(tmp_path, scanned())
    cohort = open_cohort(tmp_path)
    (case,) = cohort.cases()
    with pytest.raises(UnknownNameError, match=rf"{case}x.*Did you mean '{case}'"):
        cohort.load(f"{case}x")


@pytest.mark.parametrize("name", ADAPTERS.names())
def test_no_adapter_claims_an_empty_folder(name, tmp_path):
    (tmp_path / "notes.txt").write_text("nothing here")
    assert not ADAPTERS.load(name).recognizes(tmp_path)
    with pytest.raises(InputError, match="no known layout fits"):
        open_cohort(tmp_path)


def test_layout_can_be_named(tmp_path):
    ADAPTERS.load("galsce").write_example(tmp_path, scanned())
    assert open_cohort(tmp_path, layout="galsce").cases() == ["P0042"]
    with pytest.raises(UnknownNameError, match="Did you mean 'galsce'"):
        open_cohort(tmp_path, layout="galse")


def test_two_layouts_at_once_are_refused(tmp_path):
    for name in ("galsce", "hepaphase"):
        ADAPTERS.load(name).write_example(tmp_path, scanned())
    with pytest.raises(InputError, match="several layouts fit: galsce, hepaphase"):
        open_cohort(tmp_path)


def test_patients_come_from_the_table(tmp_path):
    for case in ("a", "b", "c"):
        write_case(replace(scanned(), case=case), tmp_path / case)
    (tmp_path / "metadata.csv").write_text("Case,Patient,label\na,p1,1\nb,p1,2\n\n")
    cohort = open_cohort(tmp_path)
    assert [cohort.patient(case) for case in cohort.cases()] == ["p1", "p1", "c"]
    assert cohort.load("b").clinical["label"] == 2


def test_facts_in_the_table_are_weighed_as_those_of_a_study(tmp_path):
    study = replace(example_study(), case="a", clinical={"sex": "M"})
    write_case(study, tmp_path / "a")
    (tmp_path / "metadata.csv").write_text("case,cirrhosis,hbv,afp,sex\na,yes,0,True,F\n")
    facts = known_facts(open_cohort(tmp_path).load("a").clinical)
    assert facts == {"cirrhosis": True, "hbv": False, "afp": True, "sex": "M"}


def test_galsce_label_of_a_metastasis_names_the_lesions(tmp_path):
    study = scanned()
    adapter = ADAPTERS.load("galsce")
    adapter.write_example(tmp_path, study)
    (tmp_path / "metadata.csv").write_text("ID,label,sex,age\nP0042,3,M,70\n")
    loaded = adapter(tmp_path).load("P0042")
    assert [(row.lesion_id, row.lesion_class) for row in loaded.lesion_table] == [(1, "metastasis"), (2, "metastasis")]
    assert loaded.clinical == {"sex": "M", "age": 70, "set": "Train", "gals_ce_label": 3}
    (tmp_path / "metadata.csv").write_text("ID,label\nP0042,7\n")
    assert adapter(tmp_path).load("P0042").lesion_table is None


def test_galsce_case_in_two_sets_is_a_leak(tmp_path):
    adapter = ADAPTERS.load("galsce")
    adapter.write_example(tmp_path, scanned())
    (tmp_path / "Val").mkdir()
    (tmp_path / "Train" / "P0042").rename(tmp_path / "Val" / "P0042")
    adapter.write_example(tmp_path, scanned())
    with pytest.raises(InputError, match="'P0042' is in two sets"):
        open_cohort(tmp_path)


def test_only_the_phases_there_are_loaded(tmp_path):
    study = scanned()
    ADAPTERS.load("galsce").write_example(tmp_path, replace(study, phases={Phase.NC: study.phases[Phase.NC]}))
    assert list(open_cohort(tmp_path).load("P0042").phases) == [Phase.NC]
