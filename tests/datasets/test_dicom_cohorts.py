"""Every adapter of DICOM reads back a study that it laid out itself; the traps of each set are caught."""

import shutil
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from PIL import Image
from tests.datasets.test_files import study

from hepaphase.base.errors import DicomError, InputError
from hepaphase.datasets.dicom_cohort import DicomCohort
from hepaphase.datasets.protocol import ADAPTERS, open_cohort
from hepaphase.datasets.unnamed import Told
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase
from hepaphase.study.study import PhaseVolume

GRID = Geometry((5, 6, 8), (0.75, 0.875, 2.5), (-110.0, 35.5, -720.25), ((-1.0, 0, 0), (0, -1.0, 0), (0, 0, 1.0)))
DICOM = [name for name in ADAPTERS.names() if issubclass(ADAPTERS.load(name), DicomCohort)]
MULTI = ("dicom", "hcc_tace_seg")
MASKS = {
    "crlm": {"liver", "lesions", "portal_vein"},
    "hcc_tace_seg": {"liver", "lesions", "portal_vein"},
    "ircadb": {"liver", "lesions", "portal_vein", "body"},
    "chaos": {"liver"},
    "dicom": {"liver", "lesions", "portal_vein", "body"},
}


def scan(case="0042"):
    """Four phases, a liver that leaves outer slices empty, two lesions, a vein, the body."""
    whole, rng = study(case), np.random.default_rng(5)
    liver, lesions, vein = np.zeros((3, *GRID.shape_zyx), np.uint16)
    liver[1:4, 1:5, 1:6] = 1
    lesions[1, 1:3, 1] = 1
    lesions[3, 4, 4:6] = 2
    vein[2, 2, 2] = 1
    masks = {"liver": liver, "lesions": lesions, "portal_vein": vein, "body": np.ones_like(liver)}
    phases = {
        p: replace(v, hu=rng.integers(-150, 190, GRID.shape_zyx).astype(np.float32), geometry=GRID)
        for p, v in whole.phases.items()
    }
    return replace(whole, phases=phases, masks={name: (array, GRID) for name, array in masks.items()})


def test_every_set_in_dicom_is_there():
    assert set(DICOM) == set(MASKS)


@pytest.mark.parametrize("name", DICOM)
def test_reads_back_what_it_laid_out(name, tmp_path):
    adapter, before = ADAPTERS.load(name), scan()
    adapter.write_example(tmp_path, before)
    cohort = open_cohort(tmp_path)
    assert isinstance(cohort, adapter) and adapter.source == name
    (case,) = cohort.cases()
    assert case == "0042" or name == "dicom"
    assert cohort.patient(case) == case
    again = cohort.load(case)
    assert tuple(again.phases) == (tuple(Phase) if name in MULTI else (Phase.PVP,))
    for phase, volume in again.phases.items():
        np.testing.assert_array_equal(volume.hu, before.phases[phase].hu)
        assert volume.geometry.corner_distance_mm(GRID) < 1e-3
    assert set(again.masks) == MASKS[name]
    for part, (array, geometry) in again.masks.items():
        np.testing.assert_array_equal(array > 0, before.masks[part][0] > 0)
        assert geometry.matches(GRID)
    if "lesions" in again.masks:
        assert sorted(np.unique(again.masks["lesions"][0])) == [0, 1, 2]
    assert all(path.is_file() for path in cohort.paths(case)) and len(cohort.paths(case)) >= 5


def test_kinds_of_lesions_are_what_the_set_is_about(tmp_path):
    for name, kind in (("crlm", ("metastasis", "colorectal")), ("hcc_tace_seg", ("hcc", ""))):
        ADAPTERS.load(name).write_example(tmp_path / name, scan())
        rows = open_cohort(tmp_path / name).load("0042").lesion_table
        assert {(row.lesion_class, row.details.get("origin", "")) for row in rows} == {kind} and len(rows) == 2


def test_the_planned_remnant_is_not_the_liver(tmp_path):
    ADAPTERS.load("crlm").write_example(tmp_path, scan())
    (path,) = tmp_path.rglob("300*/*.dcm")
    data = pydicom.dcmread(path)
    data.SegmentSequence[0].SegmentLabel = "Liver_Remnant"
    data.save_as(path)
    again = open_cohort(tmp_path).load("0042")
    assert "liver" not in again.masks and "lesions" in again.masks
    assert "Segment 'Liver_Remnant' has no counterpart here and was left out." in again.warnings


def test_hcc_tace_studies_are_cases_of_one_patient_in_order_of_date(tmp_path):
    adapter = ADAPTERS.load("hcc_tace_seg")
    adapter.write_example(tmp_path, scan())
    first = tmp_path / "HCC_0042" / "04-21-2000-NA-CT ABDOMEN-00001"
    shutil.copytree(first, first.with_name("01-05-2001-NA-CT ABDOMEN-00002"))
    shutil.rmtree(first / "300.000000-Segmentation")
    cohort = open_cohort(tmp_path)
    assert cohort.cases() == ["0042", "0042-2"]
    assert {cohort.patient(case) for case in cohort.cases()} == {"0042"}
    assert "liver" not in cohort.load("0042").masks and "liver" in cohort.load("0042-2").masks
    assert cohort.load("0042").clinical["age"] == 61 and cohort.load("0042").clinical["phase_trust"] == "words"


def test_one_segment_for_all_lesions_falls_into_its_parts(tmp_path):
    ADAPTERS.load("hcc_tace_seg").write_example(tmp_path, scan())
    (path,) = tmp_path.rglob("300*/*.dcm")
    assert [item.SegmentLabel for item in pydicom.dcmread(path).SegmentSequence] == ["Liver", "Mass", "Portal vein"]
    assert open_cohort(tmp_path).load("0042").masks["lesions"][0].max() == 2


def test_a_namer_has_the_word_where_the_source_is_silent(tmp_path):
    ADAPTERS.load("hcc_tace_seg").write_example(tmp_path, scan())
    seen = []

    def last_is_arterial(volumes, masks):
        seen.extend((v.text, sorted(masks)) for v in volumes)
        return Told({Phase.AP: volumes[-1].volume}, {Phase.AP: volumes[-1].name}, ("odd",))

    again = open_cohort(tmp_path, namer=last_is_arterial).load("0042")
    assert tuple(again.phases) == (Phase.AP,) and "odd" in again.warnings and "phase_trust" not in again.clinical
    assert len(seen) == 4 and seen[0] == ("PRE CONTRAST without", ["lesions", "liver", "portal_vein"])
    ADAPTERS.load("amos").write_example(tmp_path / "amos", study("0001"))
    again = open_cohort(tmp_path / "amos", namer=last_is_arterial).load("0001")
    assert tuple(again.phases) == (Phase.AP,) and "phase_trust" not in again.clinical


def test_words_that_name_no_phase_leave_one_volume_as_portal_with_a_warning(tmp_path):
    ADAPTERS.load("hcc_tace_seg").write_example(tmp_path, scan())
    for path in tmp_path.rglob("*.dcm"):
        data = pydicom.dcmread(path)
        data.SeriesDescription = "Recon 3"
        data.save_as(path)
    again = open_cohort(tmp_path).load("0042")
    assert tuple(again.phases) == (Phase.PVP,) and any("counts as PVP" in text for text in again.warnings)


def test_ircadb_is_read_out_of_nested_zips_too(tmp_path):
    before = scan()
    ADAPTERS.load("ircadb").write_example(tmp_path / "plain", before)
    place = tmp_path / "plain" / "3Dircadb1.0042"
    for part in ("PATIENT_DICOM", "MASKS_DICOM"):
        shutil.make_archive(str(place / part), "zip", place, part)
        shutil.rmtree(place / part)
    (tmp_path / "zipped").mkdir()
    shutil.make_archive(str(tmp_path / "zipped" / place.name), "zip", place.parent, place.name)
    for folder in ("plain", "zipped"):
        again = open_cohort(tmp_path / folder).load("0042")
        np.testing.assert_array_equal(again.phases[Phase.PVP].hu, before.phases[Phase.PVP].hu)
        np.testing.assert_array_equal(again.masks["lesions"][0], before.masks["lesions"][0])


def test_ircadb_masks_that_lie_elsewhere_or_lack_a_slice_are_refused(tmp_path):
    ADAPTERS.load("ircadb").write_example(tmp_path, scan())
    liver = tmp_path / "3Dircadb1.0042" / "MASKS_DICOM" / "liver"
    (liver / "image_0").rename(liver / "spare")
    with pytest.raises(InputError, match="holds no image_0"):
        open_cohort(tmp_path).load("0042")
    shutil.copy(liver / "image_1", liver / "image_0")
    with pytest.raises(DicomError, match=r"lies 2\.5 mm from"):
        open_cohort(tmp_path).load("0042")
    (liver / "image_0").write_bytes(b"torn")
    with pytest.raises(DicomError, match="cannot be read as a slice"):
        open_cohort(tmp_path).load("0042")


def test_chaos_pictures_follow_file_names_and_a_better_fit_the_other_way_is_said(tmp_path):
    before = scan()
    liver = np.zeros(GRID.shape_zyx, np.uint16)
    liver[0:2, 1:5, 1:6] = 1
    hu = np.where(liver > 0, 100, before.phases[Phase.PVP].hu).astype(np.float32)
    volume = PhaseVolume(hu, GRID, before.phases[Phase.PVP].provenance)
    case = replace(before, phases={Phase.PVP: volume}, masks={"liver": (liver, GRID)}, lesion_table=None)
    ADAPTERS.load("chaos").write_example(tmp_path, case)
    first = min((tmp_path / "Train_Sets" / "CT" / "0042" / "DICOM_anon").iterdir())
    assert float(pydicom.dcmread(first).ImagePositionPatient[2]) == pytest.approx(-720.25 + 4 * 2.5)
    again = open_cohort(tmp_path).load("0042")
    np.testing.assert_array_equal(again.masks["liver"][0], liver)
    assert again.clinical["set"] == "Train" and not any("opposite" in text for text in again.warnings)
    ground = tmp_path / "Train_Sets" / "CT" / "0042" / "Ground"
    for k, plane in enumerate(liver):  # pictures in the order of the slices instead
        Image.fromarray((plane * 255).astype(np.uint8)).save(ground / f"liver_GT_{k:03d}.png")
    again = open_cohort(tmp_path).load("0042")
    assert again.masks["liver"][0][3:].any() and any("opposite order" in text for text in again.warnings)
    (ground / "liver_GT_004.png").unlink()
    with pytest.raises(InputError, match="4 pictures for 5 slices"):
        open_cohort(tmp_path).load("0042")


def test_studies_of_one_patient_stay_together_and_nameless(tmp_path):
    adapter = ADAPTERS.load("dicom")
    adapter.write_example(tmp_path / "a", scan("one"))
    adapter.write_example(tmp_path / "b", scan("two"))
    for path in (tmp_path / "b").rglob("*.dcm"):
        data = pydicom.dcmread(path)
        data.PatientID = "one"
        data.save_as(path)
    cohort = open_cohort(tmp_path)
    cases = cohort.cases()
    assert len(cases) == 2 and {cohort.patient(case) for case in cases} == {cases[0]}
    assert not any(name in case for case in cases for name in ("one", "two"))
