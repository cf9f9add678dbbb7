"""SEG and SR: in the right place on the images that were read, resolvable, and saying what they are."""

import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.dicom_files import write_series
from tests.enhanced_ct import write_enhanced

from hepaphase.base.errors import DicomError
from hepaphase.io.dicom import find_passes, read_pass
from hepaphase.io.seg import named_masks, read_seg
from hepaphase.report.dicom.input import DicomInput
from hepaphase.report.dicom.seg import seg_object
from hepaphase.report.dicom.sr import sr_object
from hepaphase.resample.crop import Box
from hepaphase.study.findings import (
    Evidence,
    Finding,
    Findings,
    Measured,
    MetastasisOrigin,
    PatientScores,
    Rule,
    Segment,
    Sign,
)
from hepaphase.study.geometry import Geometry
from hepaphase.study.lesions import LESION_CLASSES, METASTASIS_ORIGINS
from hepaphase.study.phase import Phase

highdicom = pytest.importorskip("highdicom")

SHAPE = (7, 12, 16)
AXIAL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
SHARES = dict.fromkeys(LESION_CLASSES, 0.05) | {"hcc": 0.65}


def finding(number: int) -> Finding:
    hu = {Phase.AP: Measured(120.0, 9.0), Phase.PVP: Measured(100.5, 11.0)}
    return Finding(number, (-100.0, 40.0, -700.0), 1.25 * number, 14.0, 11.0, SHARES, hu)


def findings(number: int = 2) -> Findings:
    patient = PatientScores(SHARES, 0.71)
    lesions = tuple(finding(k) for k in range(1, number + 1))
    return Findings(patient, lesions, {Phase.PVP: Measured(110.0, 12.0), Phase.AP: Measured(70.0, 9.0)}, 1400.0)


def masks() -> tuple[np.ndarray, np.ndarray]:
    """A liver with a hole where lesion 1 lies, (z, y, x) all different; lesion 2 reaches beyond it."""
    liver, lesions = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint16)
    liver[1:6, 2:9, 3:12] = 1
    lesions[2:4, 3:5, 5:9] = 1
    lesions[5:7, 7:11, 10:13] = 2
    liver[lesions == 1] = 0
    return liver, lesions


def reading(folder, direction=AXIAL, *, keep_identity: bool = False, **elements) -> DicomInput:
    grid = Geometry(SHAPE, (0.7, 0.8, 2.5), (-110.0, 35.5, -720.25), direction)
    hu = np.random.default_rng(0).normal(50, 20, SHAPE).astype(np.float32)
    write_series(folder, hu, grid, FrameOfReferenceUID="1.2.826.0.1.3680043.8.498.7", PatientID="HB-1", **elements)
    return taken(folder, keep_identity=keep_identity)


def taken(folder, *, keep_identity: bool = False) -> DicomInput:
    volume = read_pass(find_passes(folder).passes[0], keep_identity=keep_identity)
    liver, lesions = masks()
    return DicomInput(
        case="case-0123456789",
        findings=findings(),
        reference=Phase.PVP,
        origins={Phase.PVP: volume.origin},
        geometry=volume.geometry,
        liver=liver,
        lesions=lesions,
        generated=(Phase.AP,),
        reader="tiny",
        version="0.0.1",
    )


def saved(data, path):
    data.save_as(path)
    return path


def said(data) -> str:
    """All free text of a report."""
    return " ".join(str(element.value) for element in data.iterall() if element.keyword == "TextValue")


def voxel_places(mask: np.ndarray, geometry: Geometry) -> np.ndarray:
    places = geometry.to_lps_mm(np.argwhere(mask))
    return places[np.lexsort(np.round(places.T, 3))]


turns = st.tuples(*(st.floats(-1, 1) for _ in range(4))).filter(lambda q: np.linalg.norm(q) > 0.1)


def direction_of(quaternion, *, down: bool):
    """Any direction; ``down``: slices stored against the normal, as many scanners do, is for the reader to see."""
    w, x, y, z = np.asarray(quaternion) / np.linalg.norm(quaternion)
    matrix = np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip
    if down:
        matrix[:, 2] *= -1
    return tuple(tuple(float(v) for v in row) for row in matrix)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(quaternion=turns, down=st.booleans())
def test_every_segment_lies_where_its_mask_does(quaternion, down, tmp_path_factory) -> None:
    """Flipped, oblique, decreasing: positions per frame are compared with the mask's own affine."""
    folder = tmp_path_factory.mktemp("series")
    made = reading(folder / "in", direction_of(quaternion, down=down))
    path = saved(seg_object(made), folder / "seg.dcm")
    segments = read_seg(path)
    wanted = {
        "Liver": (made.liver > 0) | (made.lesions > 0),
        "Lesion 1": made.lesions == 1,
        "Lesion 2": made.lesions == 2,
    }
    assert [s.label for s in segments] == list(wanted)
    for segment in segments:
        expected = voxel_places(wanted[segment.label], made.geometry)
        assert np.allclose(voxel_places(segment.mask, segment.geometry), expected, atol=1e-3), segment.label


def test_frames_are_whole_images_and_point_at_the_image_at_their_place(tmp_path) -> None:
    made = reading(tmp_path / "in")
    seg = seg_object(made)
    assert (seg.Rows, seg.Columns) == SHAPE[1:] and seg.SegmentationType == "BINARY" and seg.SegmentsOverlap == "YES"
    source = {d.SOPInstanceUID: d for d in map(pydicom.dcmread, (tmp_path / "in").iterdir())}
    for frame in seg.PerFrameFunctionalGroupsSequence:
        named = frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        place = frame.PlanePositionSequence[0].ImagePositionPatient
        assert np.allclose(list(map(float, place)), list(map(float, source[named].ImagePositionPatient)))
    listed = {i.ReferencedSOPInstanceUID for i in seg.ReferencedSeriesSequence[0].ReferencedInstanceSequence}
    assert listed <= set(source)
    assert seg.FrameOfReferenceUID == "1.2.826.0.1.3680043.8.498.7"
    assert len(seg.PerFrameFunctionalGroupsSequence) == 6 + 2 + 2  # liver with lesion 2, and the two


def test_images_of_a_tilted_gantry_get_masks_where_they_lie(tmp_path) -> None:
    """Each image is moved by 1 mm more along y than the one below: the grid stands upright, the frames do not."""
    grid = Geometry(SHAPE, (0.7, 0.8, 2.5), (-110.0, 35.5, -720.25))
    write_series(tmp_path / "in", np.zeros(SHAPE), grid)
    for path in (tmp_path / "in").iterdir():
        data = pydicom.dcmread(path)
        x, y, z = map(float, data.ImagePositionPatient)
        data.ImagePositionPatient = [x, y + 0.8 * (z + 720.25) / 2.5, z]
        data.save_as(path)
    volume = read_pass(find_passes(tmp_path / "in").passes[0])
    lesions = np.zeros(volume.geometry.shape_zyx, np.uint16)
    lesions[1:4, 4:9, 5:9] = 1
    made = DicomInput(
        case="c",
        findings=findings(1),
        reference=Phase.PVP,
        origins={Phase.PVP: volume.origin},
        geometry=volume.geometry,
        liver=(lesions > 0).astype(np.uint8),
        lesions=lesions,
    )
    seg = seg_object(made)
    frames = seg.PerFrameFunctionalGroupsSequence
    assert seg.Rows == SHAPE[1] < volume.geometry.shape_zyx[1] and len(frames) == 6
    pixels = seg.pixel_array
    for frame, plane in zip(frames, pixels, strict=True):
        corner = np.array(list(map(float, frame.PlanePositionSequence[0].ImagePositionPatient)))
        y, x = np.argwhere(plane)[0]
        k, row, column = volume.geometry.to_index_zyx(corner + np.array([x * 0.7, y * 0.8, 0.0]))
        assert (round(row), round(column)) == (4, 5) and abs(k - round(k)) < 1e-6


def test_frames_of_one_object_are_pointed_at_by_number(tmp_path) -> None:
    """Two passes in one enhanced object, shuffled: the second is read."""
    grid = Geometry(SHAPE, (0.7, 0.8, 2.5), (-110.0, 35.5, -720.25))
    first, second = np.full(SHAPE, 10.0), np.full(SHAPE, 90.0)
    first[:, 0, 0], second[:, 0, 0] = np.arange(7), np.arange(7)
    write_enhanced(tmp_path / "one.dcm", [first, second], grid)
    volume = read_pass(find_passes(tmp_path).passes[1])
    liver, lesions = masks()
    made = DicomInput(
        case="c",
        findings=findings(),
        reference=Phase.PVP,
        origins={Phase.PVP: volume.origin},
        geometry=volume.geometry,
        liver=liver,
        lesions=lesions,
    )
    seg = seg_object(made)
    source = pydicom.dcmread(tmp_path / "one.dcm")
    for frame in seg.PerFrameFunctionalGroupsSequence:
        named = frame.DerivationImageSequence[0].SourceImageSequence[0]
        assert (named.ReferencedSOPInstanceUID, named.ReferencedSOPClassUID) == (
            source.SOPInstanceUID,
            source.SOPClassUID,
        )
        there = source.PerFrameFunctionalGroupsSequence[named.ReferencedFrameNumber - 1]
        places = [list(map(float, f.PlanePositionSequence[0].ImagePositionPatient)) for f in (frame, there)]
        assert np.allclose(*places) and there.FrameContentSequence[0].TemporalPositionIndex == 2
    for data in (seg, sr_object(made, seg)):
        listed = [i for e in data.iterall() if e.keyword in ("ReferencedInstanceSequence", "ReferencedSOPSequence")
                  for i in e.value]  # fmt: skip
        assert {i.ReferencedSOPInstanceUID for i in listed} <= {source.SOPInstanceUID, seg.SOPInstanceUID}


def test_segments_and_measurements_share_names_and_say_what_made_them(tmp_path) -> None:
    made = reading(tmp_path / "in")
    seg = seg_object(made)
    sr = sr_object(made, seg)
    from highdicom.sr import srread

    again = srread(saved(sr, tmp_path / "sr.dcm"))
    groups = again.content.get_volumetric_roi_measurement_groups()
    assert [g.tracking_identifier for g in groups] == [s.TrackingID for s in seg.SegmentSequence]
    assert [g.tracking_uid for g in groups] == [s.TrackingUID for s in seg.SegmentSequence]
    assert [g.referenced_segment.referenced_segment_numbers[0] for g in groups] == [1, 2, 3]
    values = {m.name.meaning: m for m in groups[2].get_measurements()}
    assert values["Volume"].value == 2.5 and values["Long axis"].value == 14.0 and values["Short axis"].value == 11.0
    kind = seg.SegmentSequence[1].SegmentedPropertyTypeCodeSequence[0]
    assert (kind.CodeValue, kind.CodingSchemeDesignator) == ("52988006", "SCT")
    assert seg.SegmentSequence[1].SegmentationAlgorithmIdentificationSequence[0].AlgorithmName == "hepaphase"
    for text in (seg.SeriesDescription, seg.ContentDescription, sr.SeriesDescription):
        assert "research use only" in text.lower() and len(text) <= 64
    assert all("Research use only" in s.SegmentDescription for s in seg.SegmentSequence)
    assert named_masks(read_seg(saved(seg, tmp_path / "seg.dcm")))["lesions"][0].max() == 2


def test_the_site_of_a_lesion_is_its_segment_where_that_is_told(tmp_path) -> None:
    made = reading(tmp_path / "in")
    place = Segment(number=7, confidence=0.83, shares={7: 0.9}, border="right hepatic vein", to_border_mm=9.0,
                    border_sd_mm=8.0)  # fmt: skip
    first, second = made.findings.lesions
    told = replace(made, findings=replace(made.findings, lesions=(replace(first, segment=place), second)))
    sr = sr_object(told, seg_object(told))
    from highdicom.sr import srread

    groups = srread(saved(sr, tmp_path / "sr.dcm")).content.get_volumetric_roi_measurement_groups()
    sites = [[(site.value.value, site.value.scheme_designator) for site in g.finding_sites] for g in groups]
    assert sites == [[("10200004", "SCT")], [("277961009", "SCT")], [("10200004", "SCT")]]
    assert "Couinaud segment 7, estimated (0.83)." in said(sr)


SIGNS = (
    Sign(name="washout", state="present", phases=(Phase.PVP,), measured={"pvp_liver_to_lesion_percent": 109.5}),
    Sign(name="nonrim_arterial_hyperenhancement", state="absent", phases=(Phase.PVP,)),
    Sign(name="capsule", state="not assessable", phases=(), why="Voxels are too large."),
)
EVIDENCE = Evidence(
    read_from=(Phase.PVP,),
    signs=SIGNS,
    not_looked_for=("central scar",),
    without={},
    rules=(Rule(kind="doubt", name="hangs_on_phase", text="The name hangs on PVP."),),
)


def with_evidence(made: DicomInput) -> DicomInput:
    first, second = made.findings.lesions
    return replace(made, findings=replace(made.findings, lesions=(replace(first, evidence=EVIDENCE), second)))


def test_what_a_class_rests_on_is_coded_and_said(tmp_path) -> None:
    made = with_evidence(reading(tmp_path / "in"))
    sr = sr_object(made, seg_object(made))
    from highdicom.sr import srread

    groups = srread(saved(sr, tmp_path / "sr.dcm")).content.get_volumetric_roi_measurement_groups()
    told = [(e.name.meaning, e.value.meaning) for e in groups[1].get_qualitative_evaluations()]
    assert told == [
        ("Differential Diagnosis/Impression", "Hepatocellular carcinoma"),
        ("Washout", "Present"),
        ("Nonrim arterial hyperenhancement", "Absent"),
        ("Enhancing capsule", "Not assessable"),
    ]
    contrast = [m.value for m in groups[1].get_measurements() if "less that of the liver" in m.name.meaning]
    assert contrast == [-9.5]  # of PVP; AP was generated
    text = said(sr)
    assert text.count("Read from: PVP (measured, -10 +/- 16 HU to the liver)") == 1
    assert (
        "Not assessable: Enhancing capsule. Voxels are too large." in text and "Doubts: The name hangs on PVP." in text
    )
    assert len(groups[2].get_qualitative_evaluations()) == 1  # nothing was gathered for the other


def test_where_it_may_come_from_is_said_with_what_that_rests_on(tmp_path) -> None:
    made = reading(tmp_path / "in")
    shares = dict.fromkeys(METASTASIS_ORIGINS, 0.1) | {"lung": 0.4}
    first, second = made.findings.lesions
    lesions = (replace(first, origin=MetastasisOrigin(probabilities=shares, source="prior")), second)
    told = replace(made, findings=replace(made.findings, lesions=lesions))
    text = said(sr_object(told, seg_object(told)))
    assert text.count("were it a metastasis (prior): lung 0.40, colorectal 0.10. Not read from the picture") == 1


def test_a_generated_phase_is_in_no_measurement(tmp_path) -> None:
    made = reading(tmp_path / "in")
    sr = sr_object(made, seg_object(made))
    held = [str(e.value) for e in sr.iterall() if e.keyword == "NumericValue"]
    assert "100.5" in held and not [value for value in held if value.startswith("120")]
    assert "Generated, not measured, and in no value here: AP." in said(sr)


def test_whose_it_is_stays_out_unless_it_is_kept(tmp_path) -> None:
    made = reading(tmp_path / "in", AccessionNumber="ACC7788", StudyDate="20210305", PatientBirthDate="19440229")
    seg = seg_object(made)
    for data in (seg, sr_object(made, seg)):
        assert (data.PatientID, data.PatientName) == (
            "case-0123456789",
            "case-0123456789^",
        ) and not data.AccessionNumber
        text = str(data)
        assert not [w for w in ("Doe", "HB-1", "ACC7788", "20210305", "19440229") if w in text]
    latin = {"SpecificCharacterSet": "ISO_IR 100", "PatientName": "Müller^Jürgen"}
    header = reading(tmp_path / "latin", keep_identity=True, **latin).origin.header
    assert header["PatientName"] == "Müller^Jürgen" and "SpecificCharacterSet" not in header
    kept = seg_object(taken(tmp_path / "in", keep_identity=True))
    assert (kept.PatientID, kept.PatientName, kept.StudyDate) == ("HB-1", "Doe^Jane", "20210305")
    assert kept.StudyInstanceUID == seg.StudyInstanceUID == "1.2.826.0.1.3680043.8.498.9"


def test_lesion_free_livers_have_a_report_too(tmp_path) -> None:
    made = reading(tmp_path / "in")
    free = replace(made, findings=findings(0), lesions=np.zeros(SHAPE, np.uint16))
    seg = seg_object(free)
    assert len(seg.SegmentSequence) == 1
    assert "0 lesion(s)" in said(sr_object(free, seg))


def test_masks_and_findings_that_differ_are_refused(tmp_path) -> None:
    made = reading(tmp_path / "in")
    with pytest.raises(DicomError, match="mask of 'case-0123456789' holds lesions"):
        replace(made, findings=findings(1))
    with pytest.raises(DicomError, match="did not come from DICOM"):
        replace(made, reference=Phase.NC)
    with pytest.raises(DicomError, match="another direction"):
        seg_object(replace(made, geometry=replace(made.geometry, direction=((0, 1.0, 0), (1.0, 0, 0), (0, 0, -1.0)))))


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (Debian's dicom3tools) is not installed")
@pytest.mark.parametrize("identity", [False, True])
def test_dciodvfy_finds_no_error(identity, tmp_path) -> None:
    made = reading(tmp_path / "in", keep_identity=identity, PatientBirthDate="", StudyDate="20210305")
    made = with_evidence(taken(tmp_path / "in", keep_identity=identity))
    seg = seg_object(made)
    for data, name in ((seg, "seg.dcm"), (sr_object(made, seg), "sr.dcm")):
        told = subprocess.run(["dciodvfy", saved(data, tmp_path / name)], capture_output=True, text=True, check=False)
        assert [line for line in (told.stdout + told.stderr).splitlines() if line.startswith("Error")] == []


@pytest.mark.skipif(shutil.which("dsrdump") is None, reason="dsrdump (Debian's dcmtk) is not installed")
def test_dcmtk_reads_both(tmp_path) -> None:
    made = with_evidence(reading(tmp_path / "in"))
    seg = seg_object(made)
    sr = saved(sr_object(made, seg), tmp_path / "sr.dcm")
    done = subprocess.run(["dsrdump", "+Pc", sr], capture_output=True, text=True, check=True)
    tree = done.stdout
    assert "Long axis" in tree and "Hepatocellular carcinoma" in tree and done.stderr == ""
    assert re.search(r'CODE:\(washout,[^)]*"Washout"\)=\(52101004,SCT,"Present"\)', tree)
    dump = subprocess.run(["dcmdump", saved(seg, tmp_path / "seg.dcm")], capture_output=True, text=True, check=True)
    assert "BINARY" in dump.stdout


@pytest.mark.parametrize("direction", [AXIAL, ((-1.0, 0, 0), (0, 1.0, 0), (0, 0, -1.0))])
def test_masks_of_a_box_say_what_those_of_the_whole_grid_say(tmp_path, direction) -> None:
    whole = reading(tmp_path, direction)
    box = Box((1, 2, 3), (7, 11, 13))
    part = replace(
        whole,
        geometry=box.geometry(whole.geometry),
        liver=whole.liver[box.slices],
        lesions=whole.lesions[box.slices],
    )
    ours, theirs = seg_object(part), seg_object(whole)
    assert ours.PixelData == theirs.PixelData and ours.NumberOfFrames == theirs.NumberOfFrames
    assert ours.PerFrameFunctionalGroupsSequence == theirs.PerFrameFunctionalGroupsSequence
