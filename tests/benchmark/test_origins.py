"""Origins of metastases: learned where they can be told, as common as they are where not."""

from pathlib import Path

import numpy as np
import pytest
from tests.training.lesion_cohort import write_case

from hepaphase.base.errors import InputError
from hepaphase.benchmark.origins import OriginPatient, compare, frequency, patients_of, shares_of
from hepaphase.diagnosis.known_facts import NUM_FACTS
from hepaphase.diagnosis.measures import NAMES
from hepaphase.evaluation.bootstrap import Bootstrap


def drawn(count: int, *, told: bool, seed: int) -> list[OriginPatient]:
    """Patients of origins 0 and 3; where ``told`` the first measure tells them apart."""
    rng = np.random.default_rng(seed)
    patients = []
    for number in range(count):
        origin = 3 * int(rng.random() < 0.3)
        measures = rng.normal(0, 1, (int(rng.integers(1, 4)), len(NAMES))).astype(np.float32)
        measures[:, 0] += 3 * told * (1 if origin else -1)
        patients.append(OriginPatient(f"p{number}", measures, np.zeros(NUM_FACTS, np.float32), origin))
    return patients


def test_what_can_be_told_is_told_and_what_cannot_is_left_to_frequency() -> None:
    train, test = drawn(60, told=True, seed=0), drawn(30, told=True, seed=1)
    columns = compare(train, test, Bootstrap(num_resamples=10))
    figures = {name: {s.name: s.interval.value for s in own} for name, own in columns.items()}
    assert figures["images"]["top-1"] > 0.95 > figures["frequency"]["top-1"]
    assert figures["facts"]["top-1"] == figures["frequency"]["top-1"]
    assert figures["images"]["negative log-probability"] < figures["frequency"]["negative log-probability"]
    assert shares_of(train, test, "images").sum(axis=1) == pytest.approx(1)
    assert frequency(train, 2)[1, 0] == pytest.approx((1 + sum(p.origin == 0 for p in train)) / 67)


def test_patients_come_with_their_metastases_alone(tmp_path: Path) -> None:
    for number, (classes, origins) in enumerate(((("hcc", "cyst"), ("lung", "")), (("cyst",), ("",)))):
        path = write_case(tmp_path, number, classes)
        with np.load(path) as file:
            fields = dict(file.items())
        np.savez(path, **(fields | {"lesion_origins": np.array(origins)}))
    (one,) = patients_of(tmp_path, shown="as they lie", quiet=True)
    assert one.case == "case-000" and one.measures.shape == (1, len(NAMES)) and one.origin == 4
    bare = tmp_path / "bare"
    bare.mkdir()
    write_case(bare, 0, ("cyst",))
    with pytest.raises(InputError, match="one known origin"):
        patients_of(bare, shown="as they lie", quiet=True)


def test_noise_free_measures_are_those_of_the_truth(tmp_path: Path) -> None:
    path = write_case(tmp_path, 0, ("hcc",))
    with np.load(path) as file:
        fields = dict(file.items())
    np.savez(path, **(fields | {"lesion_origins": np.array(("lung",))}))
    (noisy,) = patients_of(tmp_path, shown="as they lie", quiet=True)
    (told,) = patients_of(tmp_path, shown="noise-free", quiet=True)
    low, high = (NAMES.index(f"p{q}_PVP") for q in (5, 95))
    assert told.measures[0, low] == told.measures[0, high]
    assert noisy.measures[0, low] < noisy.measures[0, high]
