from pathlib import Path

import numpy as np
import pytest

from hepaphase.base.errors import ConfigError
from hepaphase.study.phase import Phase
from hepaphase.training.cohort import PreparedCase
from hepaphase.training.lined_up import LinedUp

SHAPE = (12, 14, 16)


def case(*, simulated: bool = True) -> PreparedCase:
    """NC breathed two voxels away from where it lies with the reference."""
    rng = np.random.default_rng(0)
    still = {p: (100 * rng.random(SHAPE)).astype(np.int16) for p in (Phase.NC, Phase.PVP)}
    clean = {p: np.roll(v, 2, axis=0) if p is Phase.NC else v for p, v in still.items()}
    hu = {p: (v + rng.normal(0, 5, SHAPE)).astype(np.int16) for p, v in clean.items()}
    return PreparedCase(
        case="one",
        geometry={},
        hu=hu,
        clean_hu=clean if simulated else {},
        reference_hu=still if simulated else {},
        times_s={},
        masks={},
        lesion_classes={},
        clinical={},
        exam={},
    )


def volumes(config: LinedUp, of: PreparedCase, seed: int) -> tuple[dict, dict]:
    lie = config.draw(of, np.random.default_rng(seed))
    return lie.volumes(dict(of.hu), dict(of.clean_hu), dict(of.reference_hu))


def test_lined_up_phases_are_the_still_ones_with_the_noise_of_the_scan() -> None:
    of = case()
    hu, clean = volumes(LinedUp(share=1, residual_voxels=0), of, 0)
    for phase in of.hu:
        assert np.array_equal(clean[phase], of.reference_hu[phase])
        assert np.allclose(hu[phase] - clean[phase], of.hu[phase] - of.clean_hu[phase].astype(float))


def test_all_but_the_reference_are_a_little_off() -> None:
    of = case()
    _, clean = volumes(LinedUp(share=1, residual_voxels=0.4), of, 1)
    assert np.array_equal(clean[Phase.PVP], of.reference_hu[Phase.PVP])
    assert not np.array_equal(clean[Phase.NC], of.reference_hu[Phase.NC])


def test_the_share_is_kept_and_the_rest_lie_as_scanned() -> None:
    of = case()
    lined = [LinedUp(share=0.7).draw(of, np.random.default_rng(s)).lined for s in range(300)]
    assert 0.6 < np.mean(lined) < 0.8
    hu, clean = volumes(LinedUp(share=0), of, 0)
    assert all(hu[p] is of.hu[p] and clean[p] is of.clean_hu[p] for p in hu)


def test_cases_without_truth_are_taken_as_they_are() -> None:
    of = case(simulated=False)
    assert not LinedUp(share=1).best(of).lined
    hu, _ = volumes(LinedUp(share=1), of, 0)
    assert all(hu[p] is of.hu[p] for p in hu)


def test_settings_that_cannot_be_are_refused(tmp_path: Path) -> None:
    for settings in ({"share": 1.2}, {"residual_voxels": -0.1}):
        with pytest.raises(ConfigError):
            LinedUp(**settings)
