"""Tables from rows that were written by hand: averages over seeds, paired tests, and what is missing is said."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hepaphase.base.errors import InputError
from hepaphase.benchmark.lidia.tables import collect, difference, make_tables
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.evaluation.patient import summarize
from hepaphase.evaluation.rows import PatientRow, write_rows
from hepaphase.study.lesions import LESION_CLASSES

from ...evaluation.test_patient import cohort

FAST = Bootstrap(num_resamples=60)
FACTS = {"scale": "table", "cohort": "toy", "steps": "1000"}


def blurred(rows: list[PatientRow], amount: float, seed: int) -> list[PatientRow]:
    rng = np.random.default_rng(seed)
    mixed = lambda s: {k: float((1 - amount) * v + amount * rng.random()) for k, v in s.items()}  # noqa: E731
    return [replace(r, score=mixed(r.score), values={"lesion_dice": rng.random()}) for r in rows]


def write(folder: Path, name: str, amount: float, *, seed: int = 0, facts: dict[str, str] | None = None) -> None:
    rows = blurred(cohort(90), amount, seed)
    write_rows(folder / f"{name}-seed{seed}.csv", rows if seed % 2 else rows[::-1], facts or FACTS)


def auc8(rows: list[PatientRow]) -> float:
    return next(s.interval.value for s in summarize(rows, Bootstrap(num_resamples=10)) if s.name == "AUC-8")


def test_seeds_are_averaged_and_differences_paired_whatever_the_order_of_patients(tmp_path: Path) -> None:
    for seed in (0, 1):
        write(tmp_path, "livermax", 0.2, seed=seed)
        write(tmp_path, "focal", 0.8, seed=seed)
    found, shared = collect(tmp_path)
    assert shared == FACTS and set(found) == {"livermax", "focal"}
    means = [np.mean([auc8(blurred(cohort(90), a, s)) for s in (0, 1)]) for a in (0.2, 0.8)]
    gap = difference(found["livermax"], found["focal"], "AUC-8", FAST)
    assert gap.value == pytest.approx(means[0] - means[1], abs=1e-4)
    assert gap.low > 0 and gap.p < 0.05
    assert difference(found["focal"], found["focal"], "AUC-8", FAST).p == 1


def test_each_seed_stands_beside_and_differences_are_of_one_seed(tmp_path: Path) -> None:
    values = {}
    for seed in (2, 10):
        for name, amount in (("livermax", 0.2), ("focal", 0.8)):
            write(tmp_path, name, amount, seed=seed)
            values[name, seed] = auc8(blurred(cohort(90), amount, seed))
    write(tmp_path, "focal", 0.8, seed=0)  # has no partner
    ablation = make_tables(tmp_path, FAST).split("## Ablation")[1].split("## ")[0]
    two = f"{values['livermax', 2]:.3f}, {values['livermax', 10]:.3f}"
    assert f"| + LiverMax, ours | 2 | {two} |" in ablation
    gaps = (values["livermax", seed] - values["focal", seed] for seed in (2, 10))
    assert " | " + ", ".join(f"{gap:+.3f}" for gap in gaps) + " | " in ablation


def test_the_tables_hold_what_exists_beside_the_published_and_say_what_does_not(tmp_path: Path) -> None:
    write(tmp_path, "focal", 0.8)
    write(tmp_path, "livermax", 0.2)
    text = make_tables(tmp_path, FAST)
    assert "Scale table, 1000 steps, test cohort toy." in text
    ablation = text.split("## Ablation")[1].split("## ")[0]
    assert "| + LiverMax, published | | | 0.919 |" in ablation and "| + LiverMax, ours | 1 |  | " in ablation
    assert "+0.078" in ablation
    assert "Not trained yet: baseline (`base`), + IFM (`ifm`)" in ablation
    assert "Fewer seeds than planned: + focal loss (1 of 3), + LiverMax (1 of 3)." in ablation
    methods = text.split("## Methods")[1].split("## ")[0]
    assert "ours" not in methods and "Not trained yet" in methods
    assert all(f"AUC {key}" in text for key in LESION_CLASSES)


def test_a_row_of_two_tables_has_in_each_the_title_of_that_table(tmp_path: Path) -> None:
    write(tmp_path, "nnunet", 0.5)
    text = make_tables(tmp_path, FAST)
    methods, fusion = (text.split(f"## {name}")[1].split("## ")[0] for name in ("Methods", "Fusion"))
    assert "| nnU-Net style, score by size, ours | 1 |  | " in methods
    assert "| stacked, without DP, ours | 1 |" in fusion
    assert "nnU-Net style, score by size (1 of 3)" in methods


def test_rows_that_were_not_made_alike_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lidia-row"):
        make_tables(tmp_path, FAST)
    write(tmp_path, "focal", 0.5)
    write(tmp_path, "lidia", 0.5, facts={**FACTS, "scale": "table, quick"})
    with pytest.raises(InputError, match="made alike"):
        make_tables(tmp_path, FAST)
    write_rows(tmp_path / "lidia-seed0.csv", cohort(80), FACTS)
    with pytest.raises(InputError, match="different patients"):
        make_tables(tmp_path, FAST)
