import sys

import numpy as np
import pytest

from hepaphase.benchmark.memory import peak_memory


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_what_a_block_takes_is_found_though_more_was_held_before() -> None:
    held = np.ones((60, 2**17))  # 60 MiB
    del held
    found = []
    for mib in (40, 10):
        with peak_memory() as peak:
            work = np.ones((mib, 2**17))
            del work
        found.append(peak.mib)
    assert found == [pytest.approx(40, abs=6), pytest.approx(10, abs=6)]
