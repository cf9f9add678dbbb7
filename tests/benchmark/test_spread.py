import numpy as np
import torch
from tests.toy_exams import toy_exam, write_prepared

from hepaphase.benchmark.generated import NORMAL_68, NORMAL_95, deviations
from hepaphase.benchmark.spread import factors_of, find_spread, held
from hepaphase.benchmark.synthesis import SynthesisOptions, given, run, statistics
from hepaphase.study.phase import Phase
from hepaphase.synthesis.generators.kinetic import Generator
from hepaphase.synthesis.network import KineticNetwork, NetworkConfig
from hepaphase.training.cohort import open_cohort, read_prepared


def test_the_factors_found_give_the_coverage_on_the_same_patients(tmp_path) -> None:
    for seed in range(3):
        write_prepared(toy_exam(seed, (16, 24, 24)), tmp_path)
    files = open_cohort(tmp_path).files
    torch.manual_seed(0)
    network = KineticNetwork(NetworkConfig()).eval()
    asked, keep = {(Phase.NC,): (False,), (Phase.PVP, Phase.DP): (False,)}, tmp_path / "kept"
    assert find_spread(files, network, asked, quiet=True) == {}  # three patients are too few
    spread = find_spread(list(files) * 8, network, asked, keep=keep, quiet=True)
    assert len(list(keep.iterdir())) == 6  # what is there is read again
    assert set(spread) == {
        *(f"NC to {p}, untold" for p in ("AP", "PVP", "DP")),
        *(f"PVP, DP to {p}, untold" for p in ("NC", "AP")),
    }
    plain, helped = Generator(network), Generator(network, spread=spread)
    before, after = [], []
    for path in files:
        case = read_prepared(path)
        for generator, found in ((plain, before), (helped, after)):
            made = generator.generate(given(case, (Phase.NC,)), Phase.DP, time_s=case.times_s[Phase.DP])
            found.append((deviations(case, Phase.DP, made)["liver"] <= NORMAL_68).mean())
    assert abs(np.mean(after) - 0.68) < 0.05 < abs(np.mean(before) - 0.68)
    rows = run(tmp_path, {"kinetic": helped}, SynthesisOptions(subsets=((Phase.NC,),), quiet=True))
    figures = {s.name: s.interval.value for s in statistics(rows, names=["lesion_cover68"])}
    assert all(abs(value - 0.68) < 0.12 for value in figures.values())


def test_patients_count_alike_however_many_voxels_they_have() -> None:
    rng = np.random.default_rng(0)
    patients = [np.abs(rng.normal(0, 1 + 3 * (k % 2), 10 if k % 2 else 1000)) for k in range(400)]
    for share in (0.68, 0.95):
        value = held(patients, share)
        assert abs(np.mean([(one <= value).mean() for one in patients]) - share * 401 / 400) < 1e-3
    assert held(patients, 0.68) > 1.3 * np.quantile(np.concatenate(patients), 0.68)


def test_a_new_patient_is_held_as_often_as_meant() -> None:
    rng = np.random.default_rng(1)
    covered = []
    for _ in range(100):
        patients = [{"NC to AP, told|lesion_mean": np.stack([np.full(2, e), np.ones(2)])} for e in rng.normal(0, 4, 99)]
        narrow, wide = factors_of(patients)["NC to AP, told"]["lesion_mean"]
        new = np.abs(rng.normal(0, 4, 200))
        covered.append([(new <= narrow * NORMAL_68).mean(), (new <= wide * NORMAL_95).mean()])
    assert np.allclose(np.mean(covered, axis=0), [0.68, 0.95], atol=0.02)
