"""A reading of DICOM goes back as DICOM, whole or not at all."""

import json
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from tests.dicom_files import write_series
from tests.tiny_models import tiny_models

from hepaphase.base.errors import InputError, OutputError
from hepaphase.inference.options import ReadOptions
from hepaphase.inference.pipeline import read
from hepaphase.inference.write import write_reading
from hepaphase.io.nifti import read_mask
from hepaphase.io.seg import read_seg
from hepaphase.io.source import read_source
from hepaphase.report.forms import write_forms
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase

MODELS = tiny_models()
GRID = Geometry((26, 56, 60), (4.0, 4.5, 5.0), (-130.0, -110.0, 30.0), ((-1.0, 0, 0), (0, 1.0, 0), (0, 0, -1.0)))


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    return tmp_path_factory.mktemp("scan")


@pytest.fixture(scope="module")
def reading(scan):
    """One pass, stored from head to feet and right to left, read from portal venous alone."""
    liver = np.zeros(GRID.shape_zyx, np.uint8)
    liver[6:20, 14:40, 10:36] = 1
    hu = np.random.default_rng(0).normal(0, 10, GRID.shape_zyx) + 70 * liver
    write_series(scan, hu, GRID, FrameOfReferenceUID="1.2.826.0.1.3680043.8.498.7")
    study = read_source(scan, phases={Phase.PVP: None})
    return read(
        replace(study, masks={"liver": (liver, GRID)}), MODELS, ReadOptions(register=False, complete=(Phase.AP,))
    )


def test_segments_are_the_masks(reading, tmp_path) -> None:
    names = {p.name for p in write_reading(reading, tmp_path, MODELS)}
    assert {"lesions.seg.dcm", "report.sr.dcm"} <= names
    lesions, grid = read_mask(tmp_path / "lesions.nii.gz")
    liver, _ = read_mask(tmp_path / "liver.nii.gz")
    segments = read_seg(tmp_path / "lesions.seg.dcm")
    assert len(segments) == 1 + lesions.max()
    for segment, mask in zip(
        segments, [(liver > 0) | (lesions > 0), *(lesions == k for k in range(1, 99))], strict=False
    ):
        ours = segment.geometry.to_lps_mm(np.argwhere(segment.mask))
        index = np.rint(grid.to_index_zyx(ours)).astype(int)
        assert mask[tuple(index.T)].all() and len(index) == np.count_nonzero(mask)
    findings = json.loads((tmp_path / "findings.json").read_text())
    report = pydicom.dcmread(tmp_path / "report.sr.dcm")
    means = [float(e.value) for e in report.iterall() if e.keyword == "NumericValue"]
    assert any(abs(m - findings["lesions"][0]["hu"]["PVP"]["mean"]) < 0.01 for m in means)
    assert not any(abs(m - findings["lesions"][0]["hu"]["AP"]["mean"]) < 1e-3 for m in means)


def test_both_are_made_again_from_the_reading_and_its_source(scan, reading, tmp_path) -> None:
    write_reading(reading, tmp_path / "out", MODELS, dicom=False)
    with pytest.raises(OutputError, match="name that DICOM by --source"):
        write_forms(tmp_path / "out", ["seg"])
    write_forms(tmp_path / "out", ["seg"], source=scan)
    write_reading(reading, tmp_path / "direct", MODELS)
    made, direct = (read_seg(tmp_path / name / "lesions.seg.dcm") for name in ("out", "direct"))
    assert [s.label for s in made] == [s.label for s in direct] and len(made) > 1
    assert all(np.array_equal(a.mask, b.mask) and a.geometry == b.geometry for a, b in zip(made, direct, strict=True))
    reports = [pydicom.dcmread(tmp_path / name / "report.sr.dcm") for name in ("out", "direct")]
    texts, numbers = ([[str(e.value) for e in r.iterall() if e.keyword == key] for r in reports]
                      for key in ("TextValue", "NumericValue"))  # fmt: skip
    assert texts[0] == texts[1]
    assert np.allclose(np.array(numbers[0], float), np.array(numbers[1], float), rtol=1e-3, atol=1e-3)
    write_series(tmp_path / "other", np.zeros((5, 6, 7)), Geometry((5, 6, 7), (1.0, 1.0, 2.0), (0.0, 0.0, 0.0)))
    with pytest.raises(InputError, match="does not hold the images"):
        write_forms(tmp_path / "out", ["sr"], source=tmp_path / "other")


def test_names_in_any_letters_are_kept(reading, tmp_path) -> None:
    volume = reading.source.phase(Phase.PVP)
    named = replace(
        volume, origin=replace(volume.origin, header={**volume.origin.header, "PatientName": "Müller^山田"})
    )
    write_reading(replace(reading, source=replace(reading.source, phases={Phase.PVP: named})), tmp_path, MODELS)
    for name in ("lesions.seg.dcm", "report.sr.dcm"):
        assert pydicom.dcmread(tmp_path / name).PatientName == "Müller^山田"


def test_none_is_written_when_it_is_not_wanted_or_not_from_dicom(reading, tmp_path) -> None:
    write_reading(reading, tmp_path / "a", MODELS, dicom=False)
    volumes = {Phase.PVP: replace(reading.source.phase(Phase.PVP), origin=None)}
    write_reading(replace(reading, source=replace(reading.source, phases=volumes)), tmp_path / "b", MODELS)
    assert not list(tmp_path.glob("*/*.dcm"))


def test_headers_that_cannot_be_pointed_at_cost_no_reading(reading, tmp_path) -> None:
    volume = reading.source.phase(Phase.PVP)
    odd = replace(volume, origin=replace(volume.origin, header={"SeriesInstanceUID": "1.2"}))
    write_reading(replace(reading, source=replace(reading.source, phases={Phase.PVP: odd})), tmp_path, MODELS)
    assert not list(tmp_path.glob("*.dcm"))
    assert any("SEG and SR cannot point" in w for w in json.loads((tmp_path / "run.json").read_text())["warnings"])


def test_what_fails_while_it_is_written_leaves_nothing(reading, tmp_path, monkeypatch) -> None:
    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hepaphase.inference.write.write_dicom", full)
    with pytest.raises(OSError, match="No space"):
        write_reading(reading, tmp_path / "out", MODELS)
    assert not (tmp_path / "out").exists()
