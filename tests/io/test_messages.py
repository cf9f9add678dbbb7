"""What refuses a study ends in logs: it names series by number, and quotes nothing that people type or that tells whose
it is."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.dicom_files import write_series

from hepaphase.base.errors import HepaphaseError
from hepaphase.io.dicom import choose, find_passes, read_pass
from hepaphase.io.identity import find_identity, identifiers
from hepaphase.io.source import read_source
from hepaphase.io.visit import check_one_visit
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase

GRID = Geometry((6, 7, 8), (0.8, 0.9, 2.5), (-20.0, 11.0, -440.0))
TYPED = "Oberhuber liver art"
PERSON = {"PatientName": "Oberhuber^Walburga", "PatientID": "4711-0815", "StudyDate": "20210305",
          "SeriesDescription": TYPED, "ProtocolName": "Walburga abdomen"}  # fmt: skip


def write(folder: Path, hu: float, **elements: object) -> None:
    array = np.full(GRID.shape_zyx, hu) + np.arange(GRID.shape_zyx[0])[:, None, None] * 2
    write_series(folder / f"{abs(hu)}", array, GRID, **{**PERSON, **elements})


def one_number_twice(folder: Path) -> None:
    write(folder, 0, uid="1.2.333.4444")
    write(folder, 50, uid="1.2.333.5555")


def two_numbers(folder: Path) -> None:
    write(folder, 0, uid="1.2.333.4444")
    write(folder, 50, uid="1.2.333.5555", number=4)
    write(folder, 90, uid="1.2.333.6666", number=5, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])


def two_studies(folder: Path) -> None:
    write(folder, 0, uid="1.2.333.4444")
    write(folder, 50, uid="1.2.333.5555", StudyInstanceUID="1.2.999.8888")


def two_patients(folder: Path) -> None:
    write(folder, 0, uid="1.2.333.4444")
    write(folder, 50, uid="1.2.333.5555", StudyInstanceUID="1.2.999.8888", PatientID="0815-4711")


REFUSED: dict[str, tuple[Callable[[Path], None], Callable[[Path], object]]] = {
    "no phase is named": (two_numbers, lambda folder: read_source(folder)),
    "no series is named": (two_numbers, lambda folder: choose(find_passes(folder), None)),
    "a series that is not there": (two_numbers, lambda folder: choose(find_passes(folder), "7")),
    "a number twice": (one_number_twice, lambda folder: choose(find_passes(folder), "3")),
    "one volume twice": (one_number_twice, lambda folder: read_source(folder, phases={Phase.NC: "3", Phase.AP: "3"})),
    "two studies": (two_studies, lambda folder: check_one_visit(find_passes(folder).passes)),
    "two patients": (two_patients, lambda folder: check_one_visit(find_passes(folder).passes)),
    "voxels that are no numbers": (
        lambda folder: write(folder, 0, uid="1.2.333.4444", RescaleSlope="9000"),
        lambda folder: read_pass(find_passes(folder).passes[0]),
    ),
}


@pytest.mark.parametrize("why", REFUSED)
def test_no_message_quotes_what_was_typed_or_tells_whose_it_is(why: str, tmp_path: Path) -> None:
    make, refuse = REFUSED[why]
    make(tmp_path / "in")
    with pytest.raises(HepaphaseError) as caught:
        refuse(tmp_path / "in")
    (tmp_path / "log").mkdir()
    said = str(caught.value).replace(str(tmp_path), "")
    assert find_identity(tmp_path / "log", {*identifiers(tmp_path / "in"), TYPED}, texts={"log": said}) == {}


def test_where_numbers_do_not_settle_it_the_command_that_shows_more_is_named(tmp_path: Path) -> None:
    one_number_twice(tmp_path)
    with pytest.raises(HepaphaseError, match=r"hepaphase intake \w+ shows"):
        choose(find_passes(tmp_path), "3")
