import pytest
import torch

from hepaphase.base.errors import ConfigError
from hepaphase.diagnosis.window import apply_windows, check_windows


def test_a_window_runs_from_minus_one_to_one() -> None:
    hu = torch.tensor([-1000.0, -100.0, 100.0, 300.0, 3000.0]).reshape(1, 1, 1, 1, 5)
    out = apply_windows(hu, ((-100.0, 300.0), (0.0, 200.0)))
    assert out.shape == (1, 1, 2, 1, 1, 5)
    assert out[0, 0, 0].flatten().tolist() == [-1, -1, 0, 1, 1]
    assert out[0, 0, 1].flatten().tolist() == [-1, -1, 0, 1, 1]


@pytest.mark.parametrize("windows", [(), ((100.0, 100.0),), ((0.0, 1.0), (5.0, 2.0))])
def test_a_window_that_cannot_be_is_refused(windows: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ConfigError):
        check_windows(windows)
