"""Slices to one whole volume."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from hepaphase.base.errors import DicomError
from hepaphase.io.slices import Slice, stack
from hepaphase.study.geometry import Geometry

GRID = Geometry((9, 5, 4), (0.7, 0.8, 2.5), (-110.0, 35.5, -720.25))


def slices_of(geometry: Geometry) -> list[Slice]:
    direction = np.asarray(geometry.direction)
    x_mm, y_mm, _ = geometry.spacing_xyz_mm
    return [
        Slice(
            name=f"{k}.dcm",
            instance=k + 1,
            acquisition="1",
            shape_yx=geometry.shape_zyx[1:],
            spacing_yx_mm=(y_mm, x_mm),
            position_lps_mm=tuple(geometry.to_lps_mm((k, 0, 0))),
            row=tuple(direction[:, 0]),
            column=tuple(direction[:, 1]),
        )
        for k in range(geometry.shape_zyx[0])
    ]


@given(
    turn=st.tuples(*[st.floats(-3.1, 3.1)] * 3),
    origin=st.tuples(*[st.floats(-900.0, 900.0)] * 3),
    spacing=st.tuples(*[st.floats(0.3, 8.0)] * 3),
    shuffle=st.permutations(range(9)),
)
def test_any_order_and_orientation_gives_the_grid_back(turn, origin, spacing, shuffle):
    direction = tuple(tuple(row) for row in Rotation.from_rotvec(turn).as_matrix())
    geometry = Geometry((9, 5, 4), spacing, origin, direction)
    slices = slices_of(geometry)
    order, found = stack([slices[i] for i in shuffle])
    assert [shuffle[i] for i in order] == list(range(9))
    assert geometry.corner_distance_mm(found) < 1e-6


def test_flipped_rows_keep_the_normal_right_handed():
    """Negated axial images (prone, or stored feet up) are where exporters mirror."""
    flipped = Geometry(
        GRID.shape_zyx, GRID.spacing_xyz_mm, (110.0, -35.5, -720.25), ((-1, 0, 0), (0, -1, 0), (0, 0, 1))
    )
    order, found = stack(slices_of(flipped))
    assert order == list(range(9)) and found.matches(flipped)
    mirrored = replace(flipped, direction=((-1, 0, 0), (0, 1, 0), (0, 0, 1)))  # left-handed: the stack runs backwards
    order, found = stack(slices_of(mirrored))
    assert order == list(range(8, -1, -1))
    assert np.linalg.det(np.array(found.direction)) == pytest.approx(1)
    np.testing.assert_allclose(found.to_lps_mm((0, 0, 0)), mirrored.to_lps_mm((8, 0, 0)))


def move(slices, index, **change):
    slices[index] = replace(slices[index], **change)
    return slices


def shifted(slice_, offset_mm):
    return tuple(np.add(slice_.position_lps_mm, offset_mm))


def test_one_missing_slice_is_named_by_its_neighbors():
    slices = slices_of(GRID)
    with pytest.raises(DicomError, match=r"1 slice\(s\) missing between 3\.dcm \(at -712\.75 mm\) and 5\.dcm"):
        stack(slices[:4] + slices[5:])
    with pytest.raises(DicomError, match=r"3 slice\(s\) missing between 1\.dcm .* and 5\.dcm"):
        stack(slices[:2] + slices[5:])


def test_uneven_step_is_refused():
    slices = [replace(s, position_lps_mm=shifted(s, (0, 0, 0.8 * (k > 4)))) for k, s in enumerate(slices_of(GRID))]
    with pytest.raises(DicomError, match=r"uneven spacing between 4\.dcm .* a step of 3\.30 mm where 2\.50 mm"):
        stack(slices)


def test_positions_rounded_in_the_header_are_accepted():
    fine = replace(GRID, spacing_xyz_mm=(0.7, 0.8, 0.625))
    slices = [replace(s, position_lps_mm=tuple(np.round(s.position_lps_mm, 2))) for s in slices_of(fine)]
    assert stack(slices)[1].corner_distance_mm(fine) < 0.01


def test_two_passes_at_the_same_positions_are_refused():
    slices = slices_of(GRID)
    second = [replace(s, name=f"b{s.name}", acquisition="2") for s in slices]
    with pytest.raises(DicomError, match=r"one position: 0\.dcm and b0\.dcm; the series mixes 2 acquisitions"):
        stack(slices + second)
    with pytest.raises(DicomError, match=r"one position: 3\.dcm and c\.dcm\. Export"):
        stack([*slices, replace(slices[3], name="c.dcm")])


def test_two_passes_interleaved_are_refused():
    """The second pass half a step further, as bolus tracking leaves it: evenly spaced at first sight."""
    slices = slices_of(GRID)
    second = [replace(s, acquisition="2", position_lps_mm=shifted(s, (0, 0, 0.4))) for s in slices]
    with pytest.raises(DicomError, match="uneven spacing"):
        stack(slices + second)


def test_tilted_gantry_is_refused():
    slices = [replace(s, position_lps_mm=shifted(s, (0, 0.2 * k, 0))) for k, s in enumerate(slices_of(GRID))]
    with pytest.raises(DicomError, match=r"leans by 1\.6 mm"):
        stack(slices)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"shape_yx": (5, 5)}, "differ in size"),
        ({"spacing_yx_mm": (0.8, 0.75)}, "differ in spacing"),
        ({"row": (0.8, 0.6, 0.0), "column": (-0.6, 0.8, 0.0)}, "not parallel"),
    ],
)
def test_slices_that_do_not_belong_together_are_refused(change, says):
    with pytest.raises(DicomError, match=says):
        stack(move(slices_of(GRID), 6, **change))


def test_one_slice_is_no_volume():
    with pytest.raises(DicomError, match="has 1 slice"):
        stack(slices_of(GRID)[:1])
