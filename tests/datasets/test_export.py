"""A cohort taken elsewhere."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.datasets.test_files import study

from hepaphase.base.errors import OutputError, StudyError
from hepaphase.datasets.export import export
from hepaphase.datasets.protocol import ADAPTERS, open_cohort
from hepaphase.io.case import write_case
from hepaphase.study.phase import Phase


def test_an_exported_cohort_reads_back_as_nnunet(tmp_path):
    before = study("p1")
    write_case(before, tmp_path / "in" / "p1")
    write_case(replace(study("p2"), masks={}, lesion_table=None), tmp_path / "in" / "p2")
    only = {Phase.PVP: before.phases[Phase.PVP]}
    write_case(replace(study("p3"), phases=only), tmp_path / "in" / "p3")
    assert export(tmp_path / "in", tmp_path / "out", phases=[Phase.PVP, Phase.NC], quiet=True) == ["p3"]
    cohort = open_cohort(tmp_path / "out")
    assert isinstance(cohort, ADAPTERS.load("nnunet")) and cohort.cases() == ["p1", "p2"]
    again = cohort.load("p1")
    for phase in (Phase.NC, Phase.PVP):
        np.testing.assert_array_equal(again.phases[phase].hu, before.phases[phase].hu)
    np.testing.assert_array_equal(again.masks["lesions"][0] > 0, before.masks["lesions"][0] > 0)
    listed = json.loads((tmp_path / "out" / "monai_datalist.json").read_text())
    assert [item["patient"] for item in listed["training"]] == ["p1"]
    assert all((tmp_path / "out" / name).is_file() for name in listed["training"][0]["image"])
    assert listed["testing"][0]["image"][0] == "imagesTs/p2_0000.nii.gz"


def test_nothing_is_overwritten_and_nothing_empty_is_written(tmp_path):
    before = study("p1")
    write_case(replace(before, phases={Phase.NC: before.phases[Phase.NC]}), tmp_path / "in" / "p1")
    with pytest.raises(StudyError, match="No case has PVP"):
        export(tmp_path / "in", tmp_path / "out", phases=[Phase.PVP], quiet=True)
    with pytest.raises(OutputError, match="not empty"):
        export(tmp_path / "in", tmp_path / "in", quiet=True)


def test_phases_are_lined_up_first_and_one_that_does_not_fit_leaves_the_case_out(tmp_path, caplog):
    for case in ("p1", "p2"):
        write_case(study(case), tmp_path / "in" / case)

    def settle(found):
        if found.case == "p2":
            rest = {p: v for p, v in found.phases.items() if p is not Phase.NC}
            return replace(found, phases=rest, warnings=("The NC phase could not be lined up.",))
        moved = {p: replace(v, hu=v.hu + (p is Phase.NC)) for p, v in found.phases.items()}
        return replace(found, phases=moved)

    pair = [Phase.PVP, Phase.NC]
    assert export(tmp_path / "in", tmp_path / "out", phases=pair, settle=settle, quiet=True) == ["p2"]
    again, before = open_cohort(tmp_path / "out").load("p1"), study("p1")
    np.testing.assert_array_equal(again.phases[Phase.NC].hu, before.phases[Phase.NC].hu + 1)
    np.testing.assert_array_equal(again.phases[Phase.PVP].hu, before.phases[Phase.PVP].hu)
    assert "p2: The NC phase could not be lined up." in caplog.text
    assert export(tmp_path / "in", tmp_path / "one", phases=[Phase.PVP], settle=settle, quiet=True) == []
