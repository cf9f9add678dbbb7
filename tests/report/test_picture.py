"""Pictures: window, frame, marks, outlines."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from hepaphase.report.picture import GENERATED_COLOR, Window, outline_path, picture, to_difference, to_gray

SPACING = (1.5, 0.8)


def pixels_of(uri: str) -> np.ndarray:
    head, body = uri.split(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(body))))


def test_window_maps_to_eight_bits():
    hu = np.array([-2000.0, -100.0, 70.0, 240.0, 3000.0])
    assert to_gray(hu).tolist() == [0, 0, 128, 255, 255]


def test_difference_is_blue_white_red():
    low, none, high = to_difference(np.array([-200.0, 0.0, 200.0])).tolist()
    assert low[2] > low[0] and none == [250, 250, 250] and high[0] > high[2]


def test_picture_shows_its_window_in_true_proportion():
    gray = np.zeros((40, 60), dtype=np.uint8)
    gray[10:20, 30:60] = 255  # 15 mm high, 24 mm wide
    shown = pixels_of(picture(gray, Window(15.0, 24.0, 15.0, 24.0), SPACING, generated=False))
    assert shown.shape[1] / shown.shape[0] == pytest.approx(24 / 15, rel=0.01)
    assert shown[40:-40, 40:-40].min() == 255


def test_generated_pictures_carry_their_mark_in_the_pixels():
    gray = np.full((60, 90), 100, dtype=np.uint8)
    window = Window.whole(gray.shape, SPACING)
    plain = pixels_of(picture(gray, window, SPACING, generated=False))
    marked = pixels_of(picture(gray, window, SPACING, generated=True))
    assert plain.ndim == 2 and marked.ndim == 3 and marked.shape[:2] == plain.shape
    amber = (marked == GENERATED_COLOR).all(axis=2)
    for edge in (amber[0], amber[-1], amber[:, 0], amber[:, -1]):
        assert 0.3 < edge.mean() < 0.9
    assert (marked[40:60, 200:260] == 100).all()


def test_a_frame_stays_inside_the_slice():
    whole = Window.whole((100, 100), (1.0, 1.0))
    assert whole.around((3.0, 98.0), 40.0) == Window(0.0, 60.0, 40.0, 40.0)
    assert whole.around((50.0, 50.0), 500.0) == whole


def test_outline_surrounds_the_voxels():
    mask = np.zeros((20, 30), dtype=bool)
    mask[5:10, 8:20] = True
    numbers = np.array(re.findall(r"-?[\d.]+ -?[\d.]+", outline_path(mask, Window(1.0, 2.0, 20.0, 20.0), SPACING)))
    points = np.array([pair.split() for pair in numbers], dtype=float)
    low, high = points.min(axis=0), points.max(axis=0)
    assert low == pytest.approx([8 * 0.8 - 2.0, 5 * 1.5 - 1.0], abs=0.06)
    assert high == pytest.approx([20 * 0.8 - 2.0, 10 * 1.5 - 1.0], abs=0.06)


def test_an_empty_mask_has_no_outline():
    assert outline_path(np.zeros((4, 4), dtype=bool), Window.whole((4, 4), SPACING), SPACING) == ""
