from pathlib import Path

import pytest

from hepaphase.training.cohort import open_cohort, read_prepared
from hepaphase.training.kept import KeptCases

from .lesion_cohort import write_lesion_cohort


@pytest.mark.parametrize(("room", "num_kept"), [(0, 0), (2.5, 2), (100, None)])
def test_as_many_cases_are_kept_as_fit_and_all_can_be_had(
    room: float, num_kept: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cohort = open_cohort(write_lesion_cohort(tmp_path))
    reads: list[Path] = []
    monkeypatch.setattr("hepaphase.training.cohort.read_prepared", lambda p: (reads.append(p), read_prepared(p))[1])
    cases = KeptCases(cohort, most_bytes=int(room * cohort.load(0).num_bytes))
    reads.clear()
    for _ in range(2):
        assert [cases[number].case for number in range(len(cohort))] == [path.stem for path in cohort.files]
    assert len(cohort) > 2
    assert len(reads) == 2 * len(cohort) - (len(cohort) if num_kept is None else num_kept)
