from dataclasses import replace

import numpy as np
import pytest

from hepaphase.base.errors import ConfigError, InputError
from hepaphase.phantom.detail import FULL_DETAIL, PLAIN_DETAIL, REFINED_CLASSES, Detail
from hepaphase.phantom.lesions import draw_lesions
from hepaphase.phantom.population import EXTERNAL, POPULATIONS, REFERRAL, SCREENING, SIM_REFERRAL
from hepaphase.phantom.simulate import draw, record, replay
from hepaphase.phantom.tissues import draw_liver_tissue
from hepaphase.study.lesions import LESION_CLASSES

MIDDLE = np.zeros((1, 3))


def test_only_reference_cohorts_have_more_detail() -> None:
    assert REFERRAL.detail == PLAIN_DETAIL == Detail()
    assert {one.detail for one in (SIM_REFERRAL, EXTERNAL, SCREENING)} == {FULL_DETAIL}
    assert PLAIN_DETAIL.lesion_classes is LESION_CLASSES
    assert tuple(REFINED_CLASSES) == tuple(LESION_CLASSES)  # same classes in the same order


def test_a_refined_metastasis_differs_only_where_it_has_no_rim() -> None:
    same, rimless = 0, 0
    for seed in range(60):
        plain = draw_lesions(seed, "metastasis", MIDDLE)
        fine = draw_lesions(seed, "metastasis", MIDDLE, table=REFINED_CLASSES)
        for one, other in zip(plain, fine, strict=True):
            assert replace(one, rim_mm=0.0) == replace(other, rim_mm=0.0)
            same += one == other
            rimless += other.rim_mm == 0 < one.rim_mm
    assert 0.09 < rimless / (same + rimless) < 0.24  # 16 % expected


def test_fewer_livers_are_fatty_and_the_others_are_as_they_were() -> None:
    many = [draw_liver_tissue(seed, cirrhosis=False) for seed in range(300)]
    few = [draw_liver_tissue(seed, cirrhosis=False, fatty_share=0.1) for seed in range(300)]
    none = [draw_liver_tissue(seed, cirrhosis=False, fatty_share=0.0) for seed in range(300)]
    assert [replace(a, hu0=0) for a in many] == [replace(a, hu0=0) for a in few] == [replace(a, hu0=0) for a in none]
    low = [sum(one.hu0 <= 40 for one in livers) / 300 for livers in (many, few, none)]
    assert low[0] > low[1] > low[2] and 0.03 < low[1] < 0.1  # 6 % published
    with pytest.raises(ConfigError, match=r"0\.2"):
        Detail(fatty_share=0.3)


def test_a_record_of_other_detail_is_not_replayed(monkeypatch) -> None:
    written = record(draw(5, SIM_REFERRAL))
    assert record(replay(written)) == written
    monkeypatch.setitem(POPULATIONS, SIM_REFERRAL.name, replace(SIM_REFERRAL, detail=PLAIN_DETAIL))
    with pytest.raises(InputError, match="detail"):
        replay(written)
