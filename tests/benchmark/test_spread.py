import numpy as np
import torch
from tests.toy_exams import toy_exam, write_prepared

from hepaphase.benchmark.generated import NORMAL_68, deviations
from hepaphase.benchmark.spread import find_spread
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
    spread = find_spread(files, network, {(Phase.NC,): (False,), (Phase.PVP, Phase.DP): (False,)}, quiet=True)
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
