"""Slices as small pictures in the page: windowed, enlarged, marked where they were generated."""

import base64
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..study.geometry import Floats

WINDOW_HU = (-100.0, 240.0)
"""HU shown black and white: liver tissue with and without contrast."""
DIFFERENCE_HU = 60.0
"""Difference shown in full color."""
GENERATED_COLOR = (255, 176, 32)
PIXELS = 380
"""Longer side of a picture."""
_HATCH_PIXELS = 9
_WORD = "GENERATED"

Array = npt.NDArray[Any]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of a slice, in millimetres from the outer corner of voxel (0, 0)."""

    top_mm: float
    left_mm: float
    height_mm: float
    width_mm: float

    @classmethod
    def whole(cls, shape_yx: tuple[int, int], spacing_yx_mm: tuple[float, float]) -> "Window":
        """The whole slice."""
        return cls(0.0, 0.0, shape_yx[0] * spacing_yx_mm[0], shape_yx[1] * spacing_yx_mm[1])

    def around(self, centre_yx_mm: tuple[float, float], side_mm: float) -> "Window":
        """A square of ``side_mm`` around a point, moved and cut so that it stays inside this one."""
        height, width = min(side_mm, self.height_mm), min(side_mm, self.width_mm)
        top = np.clip(centre_yx_mm[0] - height / 2, self.top_mm, self.top_mm + self.height_mm - height)
        left = np.clip(centre_yx_mm[1] - width / 2, self.left_mm, self.left_mm + self.width_mm - width)
        return Window(float(top), float(left), height, width)

    @property
    def size_pixels(self) -> tuple[int, int]:
        """(width, height) of the picture."""
        scale = PIXELS / max(self.height_mm, self.width_mm)
        return (max(1, round(self.width_mm * scale)), max(1, round(self.height_mm * scale)))


def to_gray(hu: Array) -> Bytes:
    """``hu`` as 8 bit, black and white at the ends of ``WINDOW_HU``."""
    low, high = WINDOW_HU
    scaled = (np.asarray(hu, dtype=np.float32) - low) * (255.0 / (high - low))
    return np.asarray(np.clip(np.rint(scaled), 0, 255), dtype=np.uint8)


def to_difference(difference_hu: Array) -> Bytes:
    """Blue where the first is lower, white where equal, red where higher; shape (..., 3)."""
    share = np.clip(np.asarray(difference_hu, dtype=np.float32) / DIFFERENCE_HU, -1, 1)[..., None]
    white = np.array([250, 250, 250], dtype=np.float32)
    red, blue = np.array([190, 24, 38], dtype=np.float32), np.array([24, 78, 190], dtype=np.float32)
    mixed = white + np.abs(share) * (np.where(share > 0, red, blue) - white)
    return np.asarray(np.rint(mixed), dtype=np.uint8)


def picture(pixels: Bytes, window: Window, spacing_yx_mm: tuple[float, float], *, generated: bool) -> str:
    """One slice, shape (y, x) gray or (y, x, 3) color, as a data URI of a PNG.

    The word GENERATED and a hatched frame are burnt into the pixels of a generated one, so that it keeps its mark
    wherever the picture is copied to.
    """
    from PIL import Image

    sy, sx = spacing_yx_mm
    part = (
        window.left_mm / sx,
        window.top_mm / sy,
        (window.left_mm + window.width_mm) / sx,
        (window.top_mm + window.height_mm) / sy,
    )
    image = Image.fromarray(np.ascontiguousarray(pixels))
    image = image.resize(window.size_pixels, Image.Resampling.BICUBIC, box=part)
    if generated:
        image = _mark(image.convert("RGB"))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=6)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _mark(image: Any) -> Any:
    """``image`` with a hatched frame and the word GENERATED."""
    from PIL import Image, ImageDraw, ImageFont

    pixels = np.array(image)
    height, width = pixels.shape[:2]
    y, x = np.mgrid[:height, :width]
    edge = np.minimum(np.minimum(y, height - 1 - y), np.minimum(x, width - 1 - x)) < _HATCH_PIXELS
    pixels[edge] = (24, 20, 12)
    pixels[edge & ((x + y) % 12 < 6)] = GENERATED_COLOR
    marked = Image.fromarray(pixels)
    draw = ImageDraw.Draw(marked)
    font = ImageFont.load_default(size=max(9, min(20, width // 16)))
    left, top, right, bottom = draw.textbbox((0, 0), _WORD, font=font)
    at = (_HATCH_PIXELS, _HATCH_PIXELS)
    draw.rectangle((at[0], at[1], at[0] + right - left + 10, at[1] + bottom - top + 10), fill=GENERATED_COLOR)
    draw.text((at[0] + 5 - left, at[1] + 5 - top), _WORD, font=font, fill=(20, 14, 0))
    return marked


def outline_path(mask_yx: Array, window: Window, spacing_yx_mm: tuple[float, float]) -> str:
    """The outline of a mask as an SVG path in millimetres from the corner of ``window``; empty for an empty mask."""
    if not mask_yx.any():
        return ""
    from contourpy import contour_generator

    padded = np.pad(np.asarray(mask_yx, dtype=np.float32), 1)
    lines: Any = contour_generator(z=padded).lines(0.5)
    scale = np.asarray(spacing_yx_mm)[::-1]
    shift = np.array([window.left_mm, window.top_mm])
    return "".join(_path((line - 0.5) * scale - shift) for line in lines)


def _path(points_xy: Floats) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points_xy.tolist()) + "Z"
