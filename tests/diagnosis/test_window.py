import pytest
import torch

from hepaphase.base.errors import ConfigError
from hepaphase.diagnosis.window import (
    MOST_RELATIVE,
    RELATIVE_HU,
    Scan,
    apply_contrast,
    apply_windows,
    check_windows,
    network_channels,
)


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


def test_contrast_is_against_the_liver_of_each_phase_and_zero_outside() -> None:
    hu = (
        torch.tensor([60.0 + RELATIVE_HU, 60.0 - 2 * RELATIVE_HU, 900.0, 60.0])
        .reshape(1, 1, 1, 1, 4)
        .repeat(1, 2, 1, 1, 1)
    )
    liver = torch.tensor([True, True, True, False]).reshape(1, 1, 1, 4)
    scan = Scan(hu, torch.ones(1, 2, dtype=torch.bool), liver, torch.tensor([[60.0, 60.0 + RELATIVE_HU]]))
    out = apply_contrast(scan)
    assert out.shape == (1, 2, 1, 1, 1, 4)
    assert out[0, 0].flatten().tolist() == [1, -2, MOST_RELATIVE, 0]
    assert out[0, 1].flatten().tolist() == [0, -3, MOST_RELATIVE, 0]


def test_contrast_does_not_see_a_shift_of_the_whole_phase() -> None:
    hu, there = torch.randn(1, 2, 2, 3, 4) * 20, torch.ones(1, 2, dtype=torch.bool)
    liver, level = torch.ones(1, 2, 3, 4, dtype=torch.bool), torch.tensor([[1.0, 2.0]])
    torch.testing.assert_close(
        apply_contrast(Scan(hu + 30, there, liver, level + 30)),
        apply_contrast(Scan(hu, there, liver, level)),
        atol=1e-4,
        rtol=0,
    )
    assert network_channels(Scan(hu, there, liver, level), ((0.0, 1.0),), contrast=True).shape == (1, 2, 2, 2, 3, 4)
    assert network_channels(Scan(hu, there, liver, level), ((0.0, 1.0),), contrast=False).shape[2] == 1
