"""Cases with generated phases: complete, marked, and refused where only scanned ones may be."""

from pathlib import Path

import numpy as np
import pytest

from hepaphase.base.errors import InputError, MissingPhaseError
from hepaphase.benchmark.cases import load_case
from hepaphase.study.phase import Phase, Provenance
from hepaphase.synthesis.generators.carry import Generator
from hepaphase.training.as_study import aligned
from hepaphase.training.cohort import open_cohort, open_split, read_prepared
from hepaphase.training.filled import fill_crops

from .lesion_cohort import write_case, write_lesion_cohort


def _without(path: Path, *names: str) -> None:
    with np.load(path) as file:
        fields = {name: array for name, array in file.items() if name not in names}
    np.savez_compressed(path, **fields)


def test_missing_phases_are_made_and_scanned_ones_kept(tmp_path: Path) -> None:
    crops = tmp_path / "crops"
    crops.mkdir()
    _without(write_case(crops, 1, ("hcc",)), "hu_AP", "clean_AP")
    before = read_prepared(crops / "case-001.npz")
    (path,) = fill_crops(crops, tmp_path / "out", Generator(), by="carry", quiet=True)
    case = read_prepared(path)
    assert case.generated == (Phase.AP,)
    assert set(case.hu) == set(Phase)
    for phase in before.hu:
        np.testing.assert_array_equal(case.hu[phase], before.hu[phase])
    np.testing.assert_array_equal(case.hu[Phase.AP], case.hu[Phase.PVP])  # the nearest in time
    assert case.lesion_classes == before.lesion_classes
    assert aligned(case).provenance[Phase.AP] is Provenance.SYNTHETIC
    with np.load(path) as file:
        assert str(file["generated_by"]) == "carry"


def test_phases_that_the_generator_may_not_see_are_made_anew_at_their_times(tmp_path: Path) -> None:
    crops = write_lesion_cohort(tmp_path / "crops")
    paths = fill_crops(crops, tmp_path / "out", Generator(), given=(Phase.NC,), quiet=True)
    assert len(paths) == 6
    case, before = read_prepared(paths[0]), read_prepared(crops / paths[0].name)
    assert case.generated == (Phase.AP, Phase.PVP, Phase.DP)
    np.testing.assert_array_equal(case.hu[Phase.PVP], before.hu[Phase.NC])
    assert case.times_s == before.times_s
    assert set(case.clean_hu) <= {Phase.NC}
    first = paths[0].read_bytes()
    fill_crops(crops, tmp_path / "out", Generator(), given=(Phase.AP,), quiet=True)  # what is there is kept
    assert paths[0].read_bytes() == first


def test_filled_cases_are_refused_for_validation_tests_and_filling(tmp_path: Path) -> None:
    crops = write_lesion_cohort(tmp_path / "crops")
    fill_crops(crops, tmp_path / "both/train", Generator(), given=(Phase.NC,), quiet=True)
    (tmp_path / "both/validation").mkdir()
    one = open_cohort(tmp_path / "both/train").files[0]
    one.rename(tmp_path / "both/validation" / one.name)
    data = open_split(tmp_path / "both")
    assert data.training.load(0).generated
    with pytest.raises(InputError, match="is to validate, but AP, PVP, DP are generated"):
        data.validation.load(0)
    with pytest.raises(InputError, match="a benchmark reads scanned ones"):
        load_case(data.training.files[0])
    with pytest.raises(InputError, match="generated phases already"):
        fill_crops(tmp_path / "both/train", tmp_path / "again", Generator(), quiet=True)


def test_a_case_without_what_the_generator_sees_is_refused(tmp_path: Path) -> None:
    crops = tmp_path / "crops"
    crops.mkdir()
    _without(write_case(crops, 1, ("hcc",)), "hu_NC", "clean_NC")
    with pytest.raises(MissingPhaseError, match="NC of 'case-001' was to be given, but it has AP, PVP, DP"):
        fill_crops(crops, tmp_path / "out", Generator(), given=(Phase.NC,), quiet=True)
    assert not list((tmp_path / "out").glob("*.npz"))


def test_the_generator_is_told_of_the_injection_unless_it_is_not_to_be(tmp_path: Path) -> None:
    crops = tmp_path / "crops"
    crops.mkdir()
    path = write_case(crops, 1, ("hcc",))
    with np.load(path) as file:
        fields = dict(file.items())
    np.savez_compressed(path, **{**fields, "exam": np.array('{"kvp": 100.0}')})
    seen = []

    class Listening(Generator):
        def generate(self, study, target, *, time_s=None):
            seen.append(study.clinical.get("kvp"))
            return super().generate(study, target, time_s=time_s)

    for told in (True, False):
        fill_crops(crops, tmp_path / f"{told}", Listening(), given=(Phase.NC,), told=told, quiet=True)
    assert seen == [100.0] * 3 + [None] * 3
