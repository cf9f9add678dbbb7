"""What each fact adds: one pass of the network, facts weighed after it, in lesions and in every voxel."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tests.tiny_models import tiny_models

from hepaphase.base.errors import InputError
from hepaphase.benchmark.cases import load_case
from hepaphase.benchmark.facts import ALL, GIVEN, NONE, run, statistics, stored, table, weighed_rows
from hepaphase.benchmark.inputs import only
from hepaphase.cli.benchmark import command
from hepaphase.diagnosis.clinical import likelihoods, weigh
from hepaphase.diagnosis.diagnose import Reader
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.evaluation.lesion_rows import write_lesions
from hepaphase.evaluation.rows import PatientRow, write_rows
from hepaphase.study.lesions import LESION_CLASSES

from .test_diagnosis import write_case

READER = tiny_models().diagnosis
FEW = Bootstrap(num_resamples=20)
CLINICAL = {"sex": "M", "age": 60, "cirrhosis": True, "afp": True, "cancer": False}


def cohort(folder: Path, clinical: dict) -> Path:
    for number, lesion in enumerate(("hcc", "cyst", None, "metastasis")):
        path = write_case(folder, f"case-{number}", lesion=lesion)
        with np.load(path) as file:
            fields = dict(file.items())
        np.savez(path, **fields, clinical=np.array(json.dumps(clinical)))
    return folder


def test_every_line_is_the_reading_weighed_with_its_facts(tmp_path: Path) -> None:
    folder = cohort(tmp_path, CLINICAL)
    reader = Reader.from_bundle(READER)
    case = load_case(folder / "case-0.npz")
    results = run(folder, READER, quiet=True)
    assert [r.inputs.name for r in results] == ["nc", "all"]
    for result in results:
        assert set(result.rows) == set(GIVEN) and all(len(own) == 4 for own in result.rows.values())
        said = reader.diagnose(only(case.study, result.inputs.scanned))
        rows = {line: own[0] for line, own in result.rows.items()}
        assert rows[NONE].score == pytest.approx(dict(said.patient.probabilities), abs=1e-6)
        assert rows["hbv"] == rows[NONE]  # not known
        assert rows["cirrhosis"].score["hcc"] > rows[NONE].score["hcc"]
        assert rows["cirrhosis"].malignant_score != rows[NONE].malignant_score
        assert rows[ALL].num_found == rows[NONE].num_found
        best = {k + 1: max(w := weigh(p, CLINICAL), key=w.__getitem__) for k, p in enumerate(said.lesion_probabilities)}
        own = weighed_rows(case, result.inputs, CLINICAL, reader)[ALL]
        assert own.num_named_right == rows[ALL].num_named_right <= len(best)


def test_the_table_has_a_line_per_fact_and_says_of_whom_it_is_so(tmp_path: Path) -> None:
    results = run(cohort(tmp_path, CLINICAL), READER, at_most=3, quiet=True)
    text = table(results, FEW)
    assert text.count(f"| {ALL} |") == 4 and text.count(f"| {NONE} |") == 2
    assert "| sex | 3 men of 3 |" in text and "| cancer | 0 of 3 |" in text and "| hbv | 0 of 0 |" in text
    for own in statistics(results[1], FEW).values():
        for value, gain in own.values():
            assert value.num_patients == gain.num_patients == 3
    assert statistics(results[1], FEW)[NONE]["malignant AUC"][1].interval.value == 0


def test_scores_that_are_there_are_weighed_in_odds(tmp_path: Path) -> None:
    folder = tmp_path / "prepared"
    folder.mkdir()
    cohort(folder, CLINICAL)
    truth = dict.fromkeys(LESION_CLASSES, False)
    rows = [PatientRow(f"case-{k}", truth | {"hcc": k < 2}, dict.fromkeys(LESION_CLASSES, 0.2), 0.3) for k in range(4)]
    write_rows(tmp_path / "nc.csv", rows, {})
    write_lesions(tmp_path / "lesions" / "nc.csv", [], {})
    (result,) = stored(folder, tmp_path)
    assert result.rows[NONE][0].score == pytest.approx(rows[0].score) and result.rows["hbv"] == result.rows[NONE]
    assert "class accuracy" not in table([result], FEW)
    likely = likelihoods({"cirrhosis": True})
    own = result.rows["cirrhosis"][0]
    odds = {key: value / (1 - value) for key, value in own.score.items()}
    assert odds["hcc"] / odds["fnh"] == pytest.approx(likely["hcc"] / likely["fnh"])
    assert own.malignant_score > 0.3 and own.score["hcc"] > 0.2 > own.score["fnh"]
    with pytest.raises(InputError, match="no case"):
        (folder / "case-3.npz").unlink()
        stored(folder, tmp_path)


def test_patients_of_whom_nothing_is_known_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Nothing is known"):
        run(cohort(tmp_path, {"age": 40}), READER, quiet=True)


@pytest.mark.slow
def test_the_command_writes_its_table(tmp_path: Path) -> None:
    folder = tmp_path / "prepared"
    folder.mkdir()
    bundle = READER.save(tmp_path / "reader.hepa")
    words = ["facts", str(cohort(folder, CLINICAL)), str(tmp_path / "out"), "--bundle", str(bundle)]
    done = CliRunner().invoke(command, [*words, "--resamples", "20", "--cases", "2"], catch_exceptions=False)
    assert done.exit_code == 0 and (tmp_path / "out" / "table.md").read_text() in done.output
