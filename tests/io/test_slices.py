"""Slices to one whole volume."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial.transform import Rotation

from hepaphase.base.errors import DicomError
from hepaphase.io.slices import Slice, fill, stack
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
    plan = stack([slices[i] for i in shuffle])
    order, found = plan.order, plan.geometry
    assert not plan.notes and [shuffle[i] for i in order] == list(range(9))
    assert geometry.corner_distance_mm(found) < 1e-6


def test_flipped_rows_keep_the_normal_right_handed():
    """Negated axial images (prone, or stored feet up) are where exporters mirror."""
    flipped = Geometry(
        GRID.shape_zyx, GRID.spacing_xyz_mm, (110.0, -35.5, -720.25), ((-1, 0, 0), (0, -1, 0), (0, 0, 1))
    )
    plan = stack(slices_of(flipped))
    order, found = plan.order, plan.geometry
    assert order == tuple(range(9)) and found.matches(flipped)
    mirrored = replace(flipped, direction=((-1, 0, 0), (0, 1, 0), (0, 0, 1)))  # left-handed: the stack runs backwards
    plan = stack(slices_of(mirrored))
    order, found = plan.order, plan.geometry
    assert order == tuple(range(8, -1, -1))
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


def test_wider_steps_in_one_part_are_resampled_with_the_loss_stated():
    near = slices_of(GRID)
    far = [replace(s, position_lps_mm=shifted(s, (0, 0, 2.5 * max(k - 4, 0)))) for k, s in enumerate(near)]
    plan = stack(far)
    assert plan.geometry.shape_zyx == (13, 5, 4) and plan.geometry.spacing_xyz_mm[2] == pytest.approx(2.5)
    assert "2.50 to 5.00 mm apart" in plan.notes[0] and "nothing was measured" in plan.notes[0]
    planes = np.broadcast_to(plan.along_mm.astype(np.float32)[:, None, None], (9, 5, 4))  # a ramp stays a ramp
    hu = fill(planes, plan, outside_hu=-1024)
    np.testing.assert_allclose(hu[:, 2, 2], np.arange(13) * 2.5, atol=1e-4)


def test_one_uneven_step_is_resampled():
    slices = [replace(s, position_lps_mm=shifted(s, (0, 0, 0.8 * (k > 4)))) for k, s in enumerate(slices_of(GRID))]
    plan = stack(slices)
    assert "2.50 to 3.30 mm apart" in plan.notes[0]
    first, last = (plan.geometry.to_lps_mm((k, 0, 0))[2] for k in (0, -1 + plan.geometry.shape_zyx[0]))
    assert (first, last) == pytest.approx((slices[0].position_lps_mm[2], slices[-1].position_lps_mm[2]))


def test_missing_slice_is_filled_only_when_asked():
    slices = slices_of(GRID)
    plan = stack(slices[:4] + slices[5:], fill_missing=True)
    assert plan.geometry.matches(GRID) and plan.notes == ("1 missing slice(s) were filled by interpolation, as asked.",)
    planes = np.broadcast_to(np.float32([0, 1, 2, 3, 5, 6, 7, 8])[:, None, None], (8, 5, 4))
    np.testing.assert_allclose(fill(planes, plan, outside_hu=-1024)[:, 0, 0], np.arange(9), atol=1e-5)


def test_positions_rounded_in_the_header_are_accepted():
    fine = replace(GRID, spacing_xyz_mm=(0.7, 0.8, 0.625))
    slices = [replace(s, position_lps_mm=tuple(np.round(s.position_lps_mm, 2))) for s in slices_of(fine)]
    assert stack(slices).geometry.corner_distance_mm(fine) < 0.01


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


@pytest.mark.parametrize("step_yx_mm", [(0.8, 0.0), (-0.8, 0.0), (0.3, -0.7)])
def test_tilted_gantry_is_straightened(step_yx_mm):
    """A blob that stands upright in the patient stands upright in the volume, whichever way the stack leans."""
    grid = Geometry((9, 44, 40), (0.7, 0.8, 2.5), (-110.0, 35.5, -720.25))
    slices = [
        replace(s, position_lps_mm=shifted(s, (k * step_yx_mm[1], k * step_yx_mm[0], 0)))
        for k, s in enumerate(slices_of(grid))
    ]
    plan = stack(slices[::-1])
    assert "tilted gantry" in plan.notes[0] and "half a voxel (0.40 mm)" in plan.notes[0]
    center_mm = grid.to_lps_mm((4, 22, 20))[:2] + 4 * np.array(step_yx_mm[::-1])
    planes = np.empty((9, 44, 40), dtype=np.float32)
    for k, s in enumerate(slices):
        x_mm = s.position_lps_mm[0] + 0.7 * np.arange(40)
        y_mm = s.position_lps_mm[1] + 0.8 * np.arange(44)[:, None]
        planes[k] = 100 * np.exp(-((x_mm - center_mm[0]) ** 2 + (y_mm - center_mm[1]) ** 2) / 18)
    hu = fill(planes, plan, outside_hu=0)
    for k, plane in enumerate(hu):
        y, x = ndimage.center_of_mass(plane)
        np.testing.assert_allclose(plan.geometry.to_lps_mm((k, y, x))[:2], center_mm, atol=0.45)


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
