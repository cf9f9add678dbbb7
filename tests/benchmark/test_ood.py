"""The reference that ships is for the reader that ships, and spoiled images are told from others."""

import json
from dataclasses import replace

import numpy as np
import pytest

from hepaphase.base.errors import ConfigError, InputError
from hepaphase.benchmark.ood import SPOILED, fit, make, measure, table, true_lesions, write
from hepaphase.bundle.bundle import Bundle, shipped
from hepaphase.bundle.familiar import familiar_facts
from hepaphase.diagnosis.levels import LEVEL_NAMES
from hepaphase.diagnosis.measures import NAMES
from hepaphase.evaluation.unlike import Familiar
from hepaphase.phantom.cohort import CohortOptions, write_cohort
from hepaphase.phantom.population import REFERRAL

READER = Bundle(kind="diagnosis", config={}, card={"title": "ours"})


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort")
    write_cohort(folder, [3, 9], CohortOptions(grid="liver", prepared=True, population=REFERRAL), quiet=True)
    return measure(sorted(folder.glob("*.npz")), true_lesions, spoil=True)


def many(measured, number: int):
    """As many patients as asked for, each like one of those measured, a little changed."""
    rng = np.random.default_rng(number)
    out = []
    for k in range(number):
        one = measured[k % len(measured)]
        shift = rng.normal(0, 3, len(LEVEL_NAMES))
        moved = rng.normal(0, 0.2, one.lesions.shape)
        spoiled = {n: replace(s, levels=s.levels + shift, lesions=s.lesions + moved) for n, s in one.spoiled.items()}
        out.append(replace(one, levels=one.levels + shift, lesions=one.lesions + moved, spoiled=spoiled))
    return out


def test_what_is_measured_is_there_in_every_phase(measured):
    assert all(one.levels.shape == (len(LEVEL_NAMES),) and np.isfinite(one.levels).all() for one in measured)
    assert sum(len(one.lesions) for one in measured) and measured[0].lesions.shape[1] == len(NAMES)
    high = measured[0].spoiled["30 HU too high"].levels - measured[0].levels
    noise = [n.startswith("noise") for n in LEVEL_NAMES]
    assert high[~np.array(noise)] == pytest.approx(30, abs=0.01) and high[noise] == pytest.approx(0, abs=0.01)
    assert (measured[0].spoiled["noise three times"].levels[noise] > 2 * measured[0].levels[noise]).all()


def test_spoiled_scans_are_told_from_others(measured, tmp_path):
    facts = make(many(measured, 30), many(measured, 31), READER, {"learned": "a", "held_out": "b"})
    text = write(facts, many(measured, 12), tmp_path)
    assert json.loads((tmp_path / "ood.json").read_text()) == facts and facts["reader"] == READER.fingerprint()
    scan = next(line for line in text.splitlines() if line.startswith("| scan | NC, AP, PVP, DP | 12"))
    assert scan.count("1.000 [1.000, 1.000] (") == len(SPOILED)
    assert "| scan | NC | 12" in text and "| lesions | PVP |" in text
    gone = [replace(one, went_wrong=True) for one in many(measured, 4)]
    with pytest.raises(InputError, match="two patients"):
        make(many(measured, 4), gone, READER, {})
    assert "| scan | NC | 12" in table(facts, [*many(measured, 12), *gone])


def test_the_reference_that_ships_fits_the_reader_that_ships():
    facts = familiar_facts(Bundle.load(shipped("diagnosis"), kind="diagnosis"))
    assert facts is not None and familiar_facts(READER) is None
    lesions, scan = Familiar.from_dict(facts["lesions"]), Familiar.from_dict(facts["scan"])
    assert lesions.names == NAMES and scan.names == LEVEL_NAMES
    assert [len(lesions.held_out), len(scan.held_out)] == [facts["num_lesions"][1], facts["num_patients"][1]]
    whole = scan.held_out[np.isfinite(scan.held_out).all(axis=1)]
    assert 0.3 < float(scan.scores(whole, LEVEL_NAMES).mean()) < 0.6


def drawn(number: int, seed: int) -> np.ndarray:
    mix = np.array([[2.0, 0.5, 0.0], [0.0, 1.0, 0.7], [0.0, 0.0, 3.0]])
    return np.random.default_rng(seed).normal(size=(number, 3)) @ mix + [5.0, -2.0, 40.0]


def test_units_do_not_matter():
    names, x, scale = ("a", "b", "c"), drawn(30, 1), np.array([1.0, 100.0, 0.01])
    one, other = fit(x, x, names), fit(x * scale, x * scale, names)
    assert one.distances(x, names) == pytest.approx(other.distances(x * scale, names))


def test_correlations_of_few_rows_are_trusted_less():
    few, many = drawn(8, 2), drawn(800, 2)
    share = [abs(fit(x, x, ("a", "b", "c")).covariance[1, 2] / np.cov(x.T)[1, 2]) for x in (few, many)]
    assert share[0] < 0.95 < share[1] < 1.01


def test_rows_that_lack_a_measure_are_left_out_and_one_alone_is_refused():
    x = drawn(20, 3)
    gappy = np.vstack([x, [np.nan, 0.0, 0.0]])
    assert np.array_equal(fit(gappy, x, ("a", "b", "c")).covariance, fit(x, x, ("a", "b", "c")).covariance)
    with pytest.raises(ConfigError, match="at least two rows"):
        fit(gappy[-2:], x, ("a", "b", "c"))
