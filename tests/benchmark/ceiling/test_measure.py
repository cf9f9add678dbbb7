"""One pass over simulated crops: labels of the readers, values of the truth, and a cache that notices a change."""

from pathlib import Path

import numpy as np
import pytest

from hepaphase.base.errors import InputError
from hepaphase.benchmark.cases import load_case
from hepaphase.benchmark.ceiling import bracket, error
from hepaphase.benchmark.ceiling.measure import CLASSES, CLINICAL, known_clinical, measure_case, measured
from hepaphase.benchmark.ceiling.run import Ceiling, run
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.evaluation.reading import patient_labels
from hepaphase.phantom.cohort import write_prepared
from hepaphase.phantom.simulate import simulate
from hepaphase.study.phase import Phase
from hepaphase.training.cohort import read_prepared

SEEDS = (1, 5, 9)
"""Of the range for tests; between them three classes and a patient without a lesion."""


@pytest.fixture(scope="module")
def cohort(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("crops")
    for seed in SEEDS:
        write_prepared(folder / f"sim-{seed}.npz", simulate(seed, grid="liver"))
    return folder


def test_the_labels_are_those_of_a_reader(cohort: Path, tmp_path: Path) -> None:
    found = measured(cohort, tmp_path / "cache.npz", quiet=True)
    assert len(found.case) == len(SEEDS)
    for number, path in enumerate(sorted(cohort.glob("*.npz"))):
        truth = load_case(path).truth
        assert dict(zip(CLASSES, found.truth[number].tolist(), strict=True)) == patient_labels(truth)
        mine = found.lesion_class[found.lesion_owner == number]
        assert {CLASSES[k] for k in mine} == {key for key, has in patient_labels(truth).items() if has}
    again = measured(cohort, tmp_path / "cache.npz", quiet=True)
    assert np.array_equal(again.candidate_noisy, found.candidate_noisy, equal_nan=True)


def test_lesions_lie_inside_the_liver_mask(cohort: Path) -> None:
    """A mask that left lesions out would tell the observer where they are."""
    for path in cohort.glob("*.npz"):
        masks = read_prepared(path).masks
        assert ((masks["lesions"] > 0) <= (masks["liver"] > 0)).all()


def test_a_cache_of_other_files_is_not_taken(cohort: Path, tmp_path: Path) -> None:
    first = sorted(cohort.glob("*.npz"))[0]
    other = tmp_path / "other"
    other.mkdir()
    (other / first.name).write_bytes(first.read_bytes())
    cache = tmp_path / "cache.npz"
    assert len(measured(other, cache, quiet=True).case) == 1
    assert len(measured(cohort, cache, quiet=True).case) == len(SEEDS)


def test_clinical_data_of_an_old_crop_come_from_its_record(cohort: Path) -> None:
    case = read_prepared(sorted(cohort.glob("*.npz"))[0])
    full = dict(case.clinical)
    assert set(CLINICAL) <= full.keys()
    for name in CLINICAL[3:]:
        del case.clinical[name]  # type: ignore[attr-defined]
    assert known_clinical(case) == full


def test_a_case_without_truth_is_refused(cohort: Path) -> None:
    case = read_prepared(sorted(cohort.glob("*.npz"))[0])
    case.reference_hu.pop(Phase.AP)  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="needs a simulated cohort"):
        measure_case(case)


@pytest.mark.slow
def test_one_command_from_crops_to_table(cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bracket.observe_all, "__kwdefaults__", {"subsets": ((Phase.NC,),), "quiet": True})
    monkeypatch.setattr(error.error_figures, "__kwdefaults__", {"subsets": ((Phase.NC, Phase.AP),), "quiet": True})
    ceiling = Ceiling(train=cohort, num_draws=40, bootstrap=Bootstrap(num_resamples=10))
    text = run(cohort, tmp_path, ceiling, cohort="three", quiet=True)
    assert "| NC | yes |" in text
    assert "| NC, AP | DP |" in text
    assert (tmp_path / "table.md").read_text() == text
    assert "three" in (tmp_path / "ceiling.csv").read_text()
    assert {p.name for p in (tmp_path / "rows").iterdir()} == {
        f"{end}-NC{clinical}.csv" for end in ("lower", "upper") for clinical in ("", "-clinical")
    }
    assert {p.name for p in (tmp_path / "cache").iterdir()} == {"test.npz", "train.npz", "draws.npz"}
