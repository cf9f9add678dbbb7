import numpy as np
import pytest
from tests.lab.studies import bench

from hepaphase.base.errors import ConfigError, StudyError, UnknownNameError
from hepaphase.lab.bench import set_up
from hepaphase.lab.place import Wanted, draw_lesion
from hepaphase.study.geometry import Geometry
from hepaphase.study.lesions import LESION_CLASSES
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import PhaseVolume, Study


@pytest.mark.parametrize("key", LESION_CLASSES)
def test_every_class_finds_a_place_inside_the_liver(key) -> None:
    table = bench(3)
    lesion = draw_lesion(Wanted(lesion_class=key, size_mm=18.0, seed=2), table)
    index = tuple(np.round(table.geometry.to_index_zyx(lesion.center)).astype(int))
    assert table.liver[index] and lesion.long_axis_mm == 18.0
    assert draw_lesion(Wanted(lesion_class=key, size_mm=18.0, seed=2), table) == lesion


def test_what_cannot_be_is_refused_by_name() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'hcc'"):
        Wanted(lesion_class="hc")
    with pytest.raises(ConfigError, match="cannot be drawn"):
        Wanted(lesion_class="hcc", size_mm=-1.0)
    with pytest.raises(StudyError, match="too large for the liver"):
        draw_lesion(Wanted(lesion_class="hcc", size_mm=180.0), bench(3))
    with pytest.raises(StudyError, match="outside the liver"):
        draw_lesion(Wanted(lesion_class="hcc", size_mm=20.0, at_lps_mm=(150.0, 0.0, 0.0)), bench(3))


def test_a_scan_without_a_liver_is_refused() -> None:
    geometry = Geometry((8, 9, 10), (3.0, 3.0, 3.0), (1.0, 2.0, 3.0))
    air = PhaseVolume(np.full(geometry.shape_zyx, -1000, np.float32), geometry, Provenance.MEASURED)
    with pytest.raises(StudyError, match="shows no liver"):
        set_up(Study("air", {Phase.PVP: air}), None)
