"""GALS-CE's classifier held against its own task."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.training.lesion_cohort import write_case, write_lesion_cohort

from hepaphase.base.errors import InputError
from hepaphase.benchmark.classes import (
    Answer,
    Models,
    answers,
    of_origin,
    paired,
    read_answers,
    statistics,
    table,
    write_answers,
)
from hepaphase.bundle.bundle import Bundle, shipped
from hepaphase.diagnosis.diagnose import Diagnosis, Reader
from hepaphase.diagnosis.galsce.classify import Classifier
from hepaphase.diagnosis.galsce.network import Galsce, GalsceConfig
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.study.findings import PatientScores
from hepaphase.study.study import AlignedStudy
from hepaphase.synthesis.generators.carry import Generator as Carry

QUICK = Bootstrap(num_resamples=20)


def said(case: str, truth: int, *shares: float) -> Answer:
    return Answer(case, truth, np.array(shares))


FOUND = [
    said("a", 0, 0.7, 0.2, 0.1),
    said("b", 1, 0.5, 0.4, 0.1),
    said("c", 0, 0.9, 0.05, 0.05),
    said("d", 2, np.nan, np.nan, np.nan),
    said("e", 1, 0.1, 0.6, 0.3),
]


def test_figures_are_of_those_answered() -> None:
    figures = {s.name: s for s in statistics(FOUND, QUICK)}
    assert figures["answered"].interval.value == pytest.approx(4 / 5)
    assert figures["answered"].num_patients == 5
    assert figures["top-1"].interval.value == pytest.approx(3 / 4) and figures["top-1"].num_patients == 4
    assert figures["top-2"].interval.value == 1
    assert figures["top-1, commonest always named"].interval.value == pytest.approx(1 / 2)
    assert figures["mean AUC of 2 classes"].interval.value == 1


def test_origins_are_asked_of_metastases_alone(tmp_path: Path) -> None:
    names = ("hcc", "lung", "breast")
    found = [said("a", 0, 0.8, 0.1, 0.1), said("b", 1, 0.5, 0.3, 0.2), said("c", 2, 0.5, 0.4, 0.1)]
    one, two = of_origin(found, names)
    assert (one.truth, two.truth) == (0, 1) and one.shares.tolist() == pytest.approx([0.6, 0.4])
    assert of_origin(found, ("hcc", "icc", "cyst")) == []
    text = table({"nc": found, "nc_generated": [], "all": []}, names, QUICK)
    assert "Origin of metastases" in text and text.count("| top-1 | 0.500") == 1


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    names = ("hcc", "icc", "lung")
    write_answers(tmp_path / "nc.csv", FOUND, names, {"cohort": "toy"})
    found, known = read_answers(tmp_path)
    assert known == names and [a.truth for a in found["nc"]] == [a.truth for a in FOUND] and found["all"] == []
    assert np.allclose([a.shares for a in found["nc"]], [a.shares for a in FOUND], equal_nan=True)
    with pytest.raises(InputError, match="holds no answers"):
        read_answers(tmp_path / "elsewhere")
    (tmp_path / "nc.csv").write_text("case,truth,share_hcc\na,cyst,0.5\n", encoding="utf-8")
    with pytest.raises(InputError, match="no table of answers"):
        read_answers(tmp_path)


def test_settings_are_paired_by_patient() -> None:
    other = [said("e", 1, 0.6, 0.3, 0.1), said("a", 0, 0.7, 0.2, 0.1), said("d", 2, 0.1, 0.1, 0.8)]
    gain = paired(FOUND, other, QUICK)
    assert gain.num_patients == 2
    assert gain.interval.value == pytest.approx(1 / 2)


def test_who_was_not_answered_stays_in_the_file(tmp_path: Path) -> None:
    write_answers(tmp_path / "all.csv", FOUND, ("hcc", "icc", "lung"), {"cohort": "toy"})
    lines = list(csv.DictReader((tmp_path / "all.csv").read_text(encoding="utf-8").splitlines()))
    assert [line["truth"] for line in lines] == ["hcc", "icc", "hcc", "lung", "icc"]
    assert lines[3]["share_hcc"] == "" and lines[4]["share_icc"] == "0.60000"
    assert {line["cohort"] for line in lines} == {"toy"}


class Blind:
    """A reader that finds nothing."""

    def diagnose(self, study: AlignedStudy) -> Diagnosis:
        shape = study.geometry.shape_zyx
        nothing = PatientScores(probabilities={}, malignant=0.0)
        return Diagnosis(np.zeros(shape, np.uint16), [], nothing, np.zeros((9, *shape), np.float32))


@pytest.fixture
def models() -> Models:
    config = GalsceConfig(widths=(4, 8), stem=4, reduced=6, lstm=8, lstm_layers=1)
    classifier = Classifier(Galsce(config), config, (16, 16, 16))
    reader = Reader.from_bundle(Bundle.load(shipped("diagnosis"), kind="diagnosis"))
    return Models(classifier=classifier, generator=Carry(), reader=reader)


def test_patients_of_the_task_are_asked_in_every_setting(tmp_path: Path, models: Models) -> None:
    found = answers(write_lesion_cohort(tmp_path), models, quiet=True)
    assert {name: len(own) for name, own in found.items()} == {"nc": 5, "nc_generated": 5, "all": 5}
    names = models.classifier.names
    assert [names[a.truth] for a in found["nc"]] == ["hcc", "hcc", "hcc", "icc", "hcc"]
    assert all(a.shares.sum() == pytest.approx(1, abs=1e-4) for own in found.values() for a in own)
    assert not np.allclose(found["nc"][0].shares, found["all"][0].shares)
    assert "NC + generated AP, PVP, DP" in table(found, names, QUICK)


def test_found_masks_leave_who_has_none_unanswered(tmp_path: Path, models: Models) -> None:
    write_case(tmp_path, 0, ("hcc",))
    blind = replace(models, masks="found", reader=Blind())  # type: ignore[arg-type]
    found = answers(tmp_path, blind, quiet=True)
    assert np.isnan(found["all"][0].shares).all()
    assert {s.name: s.interval.value for s in statistics(found["all"], QUICK)} == {"answered": 0}


def test_a_cohort_without_such_patients_is_refused(tmp_path: Path, models: Models) -> None:
    write_case(tmp_path, 0, ("cyst",))
    with pytest.raises(InputError, match="of the classifier's task"):
        answers(tmp_path, models, quiet=True)
