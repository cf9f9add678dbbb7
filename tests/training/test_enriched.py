"""Cases with lesions of the lab: enough of each class, marked, and refused where patients must be as they are."""

import json
from pathlib import Path

import numpy as np
import pytest

from hepaphase.base.errors import ConfigError, InputError, OutputError, UnknownNameError
from hepaphase.benchmark.cases import load_case
from hepaphase.study.phase import Phase
from hepaphase.training.cohort import open_split, read_prepared
from hepaphase.training.enriched import ADDED, Enrichment, enrich

from .lesion_cohort import LIVER_HU, write_case, write_lesion_cohort


def split_cohort(folder: Path) -> Path:
    """Training: hcc 4, cyst 2, icc 1; validation: hcc 1."""
    write_lesion_cohort(folder)
    sides = {"train": ["case-001", "case-002", "case-003", "case-004", "case-005"], "validation": ["case-000"]}
    (folder / "split.json").write_text(json.dumps(sides))
    return folder


@pytest.fixture(scope="module")
def enriched(tmp_path_factory) -> tuple[Path, list[Path]]:
    root = tmp_path_factory.mktemp("enriched")
    out = root / "out"
    wanted = Enrichment(at_least=2, classes=("icc", "cyst", "hemangioma"), seed=3)
    return out, enrich(split_cohort(root / "cohort"), out, wanted, quiet=True)


def test_each_class_gets_enough_from_training_patients(enriched) -> None:
    out, written = enriched
    listed = json.loads((out / ADDED).read_text())
    assert listed["added"] == {"hemangioma": 2, "icc": 1} and listed["before"] == {"cyst": 2, "hcc": 4, "icc": 1}
    assert [path.stem for path in written] == [row["case"] for row in listed["cases"]]
    copied = next(row for row in listed["cases"] if row["class"] == "icc")
    assert copied["change"] == "transplant" and copied["donor"] == "case-003" and copied["host"] == "case-004"
    assert {row["change"] for row in listed["cases"] if row["class"] == "hemangioma"} == {"insert"}
    data = open_split(out)
    assert len(data.training) == 5 + 3 and len(data.validation) == 1
    assert "case-000" not in {row.get("donor") for row in listed["cases"]}


def test_a_new_case_is_marked_and_shows_the_lesion(enriched) -> None:
    _, written = enriched
    path = next(p for p in written if "icc" in p.stem)
    case = read_prepared(path)
    assert case.added["class"] == "icc" and case.case == path.stem
    assert case.lesion_classes == {case.added["lesion_id"]: "icc"}
    inside = case.masks["lesions"] == case.added["lesion_id"]
    assert inside.sum() > 20 and not case.clean_hu and not case.reference_hu
    late = case.hu[Phase.DP][inside].mean() - LIVER_HU[3]
    early = case.hu[Phase.AP][inside].mean() - LIVER_HU[1]
    assert early < -5 < late  # darker at first and filling in, as its donor


def test_added_cases_train_only(enriched, tmp_path) -> None:
    out, written = enriched
    for side, number in (("train", 1), ("validation", 0)):
        (tmp_path / side).mkdir()
        (tmp_path / side / written[number].name).write_bytes(written[number].read_bytes())
    data = open_split(tmp_path)
    assert data.training.load(0).added
    with pytest.raises(InputError, match=r"is to validate, but its .* is from the lesion lab"):
        data.validation.load(0)
    with pytest.raises(InputError, match="a benchmark reads patients as they are"):
        load_case(written[0])
    with pytest.raises(OutputError, match="not empty"):
        enrich(out, out, Enrichment(at_least=1), quiet=True)


@pytest.mark.parametrize("how", ["manifest", "name"])
def test_cohorts_that_measure_are_refused(how, tmp_path) -> None:
    folder = tmp_path / ("crops" if how == "manifest" else "test")
    folder.mkdir()
    write_case(folder, 1, ("hcc",))
    if how == "manifest":
        (folder / "manifest.json").write_text(json.dumps({"cohort": "sim-1k-test"}))
    with pytest.raises(InputError, match=r"is for test.*training cases only"):
        enrich(folder, tmp_path / "out", Enrichment(at_least=1), quiet=True)
    assert not (tmp_path / "out").exists()


def test_the_same_seed_makes_the_same_cases(enriched, tmp_path) -> None:
    _, written = enriched
    cohort = split_cohort(tmp_path / "cohort")
    (again,) = enrich(cohort, tmp_path / "out", Enrichment(at_least=2, classes=("icc",), seed=3), quiet=True)
    one, other = (np.load(path) for path in (again, next(p for p in written if p.name == again.name)))
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_what_cannot_be_wanted_is_refused() -> None:
    with pytest.raises(ConfigError, match="At least one"):
        Enrichment(at_least=0)
    with pytest.raises(UnknownNameError):
        Enrichment(at_least=1, classes=("hccc",))
