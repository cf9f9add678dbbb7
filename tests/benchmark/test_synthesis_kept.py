from pathlib import Path

import numpy as np
import pytest
from tests.toy_exams import toy_exam, write_prepared

from hepaphase.benchmark.generated import Stretch
from hepaphase.benchmark.synthesis import SynthesisOptions, run
from hepaphase.benchmark.synthesis_kept import Keep
from hepaphase.benchmark.synthesis_row import SynthesisRow
from hepaphase.study.phase import Phase
from hepaphase.study.study import AlignedStudy
from hepaphase.synthesis.generators.carry import Generator as Carry
from hepaphase.synthesis.protocol import Generated

SUBSETS = ((Phase.NC,), (Phase.NC, Phase.PVP))


class Counting:
    """Carries over, counts how often it is asked, and may break down."""

    def __init__(self, *, most: int = 1000) -> None:
        self.asked, self.most = 0, most

    def generate(self, study: AlignedStudy, target: Phase, *, time_s: float | None = None) -> Generated:
        self.asked += 1
        if self.asked > self.most:
            raise OSError("cut off")
        return Carry().generate(study, target, time_s=time_s)


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    (tmp_path / "cohort").mkdir()
    for seed in range(2):
        write_prepared(toy_exam(seed, (16, 24, 24)), tmp_path / "cohort")
    return tmp_path / "cohort"


def without_cost(rows: list[SynthesisRow]) -> list[tuple[object, ...]]:
    return [
        (r.case, r.generator, r.inputs, r.target, {n: v for n, v in r.figures.items() if n != "peak_mib"}) for r in rows
    ]


def test_a_run_that_was_stopped_goes_on_and_gives_the_same_rows(cohort: Path, tmp_path: Path) -> None:
    options = SynthesisOptions(subsets=SUBSETS, quiet=True)
    keep = Keep(folder=tmp_path / "kept", made_with={"carry": "a"})
    with pytest.raises(OSError, match="cut off"):
        run(cohort, {"carry": Counting(most=4)}, options, keep=keep)
    again = Counting()
    rows = run(cohort, {"carry": again}, options, keep=keep)
    assert again.asked == 2 * (3 + 2) - 3  # the first subset of the first case was whole
    whole = run(cohort, {"carry": Carry()}, options)
    assert without_cost(rows) == without_cost(whole)
    for one, other in zip(rows, whole, strict=True):
        assert one.spread.keys() == other.spread.keys()
        assert all(np.allclose(one.spread[n], other.spread[n], rtol=1e-4) for n in one.spread)


def test_rows_made_otherwise_are_made_anew(cohort: Path, tmp_path: Path) -> None:
    told = SynthesisOptions(subsets=SUBSETS[:1], quiet=True)
    others = [
        (told, "b"),
        (SynthesisOptions(subsets=SUBSETS[:1], told=False, quiet=True), "b"),
        (SynthesisOptions(subsets=SUBSETS[:1], told=False, stretches={("carry", "NC", "AP"): Stretch()}), "b"),
    ]
    run(cohort, {"carry": Carry()}, told, keep=Keep(folder=tmp_path, made_with={"carry": "a"}))
    for options, made_with in others:
        for expected in (6, 0):
            counting = Counting()
            run(cohort, {"carry": counting}, options, keep=Keep(folder=tmp_path, made_with={"carry": made_with}))
            assert counting.asked == expected
    one_more = Keep(folder=tmp_path, made_with={"carry": "b", "other": "c"})
    counting, other = Counting(), Counting()
    run(cohort, {"carry": counting, "other": other}, others[-1][0], keep=one_more)
    assert counting.asked == 0 and other.asked == 6
    (tmp_path / "toy-000.NC.carry.json").write_text("{")
    counting = Counting()
    run(cohort, {"carry": counting}, others[-1][0], keep=Keep(folder=tmp_path, made_with={"carry": "b"}))
    assert counting.asked == 3


@pytest.mark.slow
def test_several_processes_give_the_same_rows(cohort: Path) -> None:
    options = SynthesisOptions(subsets=SUBSETS, quiet=True)
    one, two = (run(cohort, {"carry": Carry()}, options, workers=n) for n in (1, 2))
    assert without_cost(one) == without_cost(two)
