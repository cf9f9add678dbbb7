"""The pictures of a written report, with what is drawn over them, taken back out of the page."""

import base64
import io
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.errors import InputError

Points = npt.NDArray[np.float64]


@dataclass(slots=True)
class Outline:
    """One closed line over a picture, (N, 2) x and y in millimetres."""

    points: Points
    color: str
    """As the page has it; empty for the liver's."""


@dataclass(slots=True)
class Shot:
    """One picture."""

    section: str
    """Where it stands: ``summary``, ``lesion-1``, ``withheld`` ..."""
    uri: str
    alt: str
    provenance: str = ""
    size_mm: tuple[float, float] = (1.0, 1.0)
    """Width and height, the frame of the outlines."""
    outlines: list[Outline] = field(default_factory=list)
    caption: str = ""

    def pixels(self) -> npt.NDArray[Any]:
        """(y, x) gray or (y, x, 3) color, 8 bit."""
        from PIL import Image

        data = base64.b64decode(self.uri.partition(",")[2])
        return np.asarray(Image.open(io.BytesIO(data)))


def read_shots(report: Path) -> list[Shot]:
    """The pictures of ``report.html`` in their order.

    Raises:
        InputError: when it is no report of ours.
    """
    page = _Page()
    page.feed(report.read_text(encoding="utf-8"))
    if not page.shots:
        raise InputError(f"'{report}' holds no picture of a reading. Read the study again.")
    return page.shots


class _Page(HTMLParser):
    """Follows figures; scripts, which are most of the file, are passed over as one piece of text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.shots: list[Shot] = []
        self._section = ""
        self._provenance = ""
        self._in_caption = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("section", "article") and given.get("id"):
            self._section = given["id"]
        elif tag == "figure":
            self._provenance = given.get("class", "").removeprefix("tile").strip()
        elif tag == "img" and given.get("src", "").startswith("data:image/"):
            self.shots.append(Shot(self._section, given["src"], given.get("alt", ""), self._provenance))
        elif tag == "figcaption":
            self._in_caption = True
        elif self.shots and self._provenance:
            self._draw(tag, given)

    def _draw(self, tag: str, given: dict[str, str]) -> None:
        if tag == "svg" and given.get("class") == "drawing":
            _, _, width, height = (float(v) for v in given["viewbox"].split())
            self.shots[-1].size_mm = (width, height)
        elif tag == "path" and given.get("class") in ("lesion", "liver"):
            self.shots[-1].outlines += [Outline(points, given.get("stroke", "")) for points in _lines(given["d"])]

    def handle_endtag(self, tag: str) -> None:
        if tag == "figcaption":
            self._in_caption = False
        elif tag == "figure":
            self._provenance = ""

    def handle_data(self, data: str) -> None:
        if self._in_caption and self.shots:
            self.shots[-1].caption = " ".join(f"{self.shots[-1].caption} {data}".split())


def _lines(path: str) -> list[Points]:
    """The closed lines of an SVG path of M, L and Z alone, which is what the page is written with."""
    parts = [re.findall(r"(-?[\d.]+) (-?[\d.]+)", part) for part in path.split("Z") if part]
    return [np.array(part, dtype=float) for part in parts if part]
