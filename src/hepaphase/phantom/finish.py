"""What lies in and between the organs of the reference cohorts: bowel, mesentery, marrow, cortex and medulla, muscle.

The bodies of ``main-*`` are made of even ellipsoids in even fat, and look like it (docs, The simulator). Here random
fields of the body add what is missing, and distances to the same shapes what they have inside. Amounts are our choice,
set by eye beside public CT.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ..base.seeds import stream
from .anatomy import RIB_PITCH_MM, VERTEBRA_MM, Anatomy, Blob, to_nearest
from .labels import Organ
from .space import Box, Field, Places, ellipsoid_box, ellipsoid_mm, read_lattice, share, smooth_values

Floats = npt.NDArray[np.float64]

LATTICE_MM = {
    "course": 30.0,
    "presence": 44.0,
    "content": 26.0,
    "vessel": 24.0,
    "branch": 20.0,
    "grain": 9.0,
    "fine": 6.0,
}
"""Random field to the distance of its lattice: where bowel runs, where there is any, what it holds, and so on."""
GAS_HU = -850.0
ASCITES_HU = 8.0
_LOOP, _WALL = 0.5, 0.2
"""Half width of a loop and of its wall, in units of the field whose zero level it follows."""
_CORTEX_GAIN = np.array([1.0, 1.35, 1.08, 1.0])
_MEDULLA_GAIN = np.array([1.0, 0.45, 0.88, 1.05])
"""Enhancement against that of the whole kidney in NC, AP, PVP, DP."""
_CORTICAL_HU, _MARROW_HU = 260.0, -60.0
"""Against the mean of bone."""
_CARTILAGE_HU = (95.0, 95.0, 98.0, 100.0)


class Canvas(Protocol):
    """What is painted on."""

    hu: Field
    columns: slice
    table: Mapping[Organ, Floats]

    def lay(self, organ: Organ, part: Field, box: Box | None = None) -> None:
        """Paint an organ."""

    def mix(self, values: Sequence[float] | Floats, part: Field, box: Box | None = None) -> None:
        """Paint HU of the four phases, labels untouched."""


def draw_fields(seed: int) -> dict[str, Field]:
    """Lattices of unit variance, one stream each."""
    return {
        name: smooth_values(stream(seed, "finish", name), sd=1.0, lattice_mm=lattice_mm)
        for name, lattice_mm in LATTICE_MM.items()
    }


@dataclass(frozen=True, slots=True)
class Finish:
    """A body on a grid, and what is random about its insides."""

    anatomy: Anatomy
    places: Places
    skin_mm: Field
    width_mm: float
    fields: Mapping[str, Field]
    """Lattices."""
    axes: tuple[Field, Field, Field]
    """Positions at which to read them, as the breath moved them."""

    known: dict[str, Field] = field(default_factory=dict)
    """What was read."""

    def read(self, name: str, box: Box | None = None) -> Field:
        """A random field on the grid, or on a part of it; not to be written to."""
        if name not in self.known:
            self.known[name] = read_lattice(self.fields[name], self.axes)
        return self.known[name] if box is None else self.known[name][box]

    def trunk(self, box: Box) -> Field:
        """Share of each voxel that is well inside the skin: muscles and spine end there."""
        return share(self.skin_mm[box] + 0.35 * self.anatomy.fat_mm, self.width_mm)


def paint_cavity(canvas: Canvas, body: Finish, free: Field) -> None:
    """Loops of bowel, mesenteric vessels and strands; ``free`` is the share of each voxel between organs."""
    presence, content = body.read("presence"), body.read("content")
    strands = np.clip(body.read("grain") + 0.3 * presence, 0, 2) * free
    canvas.hu += 22 * strands
    low = np.clip((25 - body.places.z) / 45, 0, 1) * np.clip((28 - body.places.y) / 18, 0, 1)
    tubes = np.abs(body.read("vessel")) + np.abs(body.read("branch"))
    vessels = np.asarray(0.8 * np.clip(2.2 - 7 * tubes, 0, 1) * free * (presence < 0.5), np.float32)
    canvas.mix(canvas.table[Organ.PORTAL_VEIN], vessels)
    course = np.abs(body.read("course"))
    there = np.clip(2.5 * (presence + 0.9), 0, 1) * low * free
    canvas.lay(Organ.BOWEL, np.asarray(_below(course, _LOOP) * there, np.float32))
    lumen = _below(course, _LOOP - _WALL) * there
    canvas.mix((12.0, 12.0, 12.0, 12.0), np.asarray(lumen * np.clip(0.5 - content, 0, 1), np.float32))
    canvas.mix(np.full(4, GAS_HU), np.asarray(lumen * np.clip(4 * (content - 0.9), 0, 1), np.float32))


def paint_ascites(canvas: Canvas, body: Finish, liver_mm: Field, cavity: Field) -> None:
    """Fluid around liver and spleen and, below them, along the wall; deeper where the bowel leaves it room."""
    anatomy, skin, width = body.anatomy, body.skin_mm, body.width_mm
    if not anatomy.signs.ascites_mm:
        return
    deep = np.float32(anatomy.signs.ascites_mm) * (1 + 0.35 * body.read("presence"))
    distance = liver_mm - deep
    for blob in anatomy.blobs:
        if blob.organ is Organ.SPLEEN:
            box = ellipsoid_box(body.places, blob.center, blob.half_mm, 2 * anatomy.signs.ascites_mm)
            spleen = ellipsoid_mm(body.places.cut(box), blob.center, blob.half_mm)
            np.minimum(distance[box], spleen - 0.7 * deep[box], out=distance[box])
    inner = skin + anatomy.fat_mm + anatomy.wall_mm
    gutter = np.maximum(-inner - 1.3 * deep, body.places.z + 30 * anatomy.scale)
    fluid = share(np.asarray(np.minimum(distance, gutter), np.float32), width) * cavity
    canvas.lay(Organ.SOFT_TISSUE, fluid)
    canvas.mix(np.full(4, ASCITES_HU), fluid)


def _below(field: Field, level: float) -> Field:
    return np.asarray(np.clip(0.5 + (level - field) / 0.12, 0, 1), np.float32)


def paint_wall(canvas: Canvas, body: Finish) -> None:
    """Skin, and fat between the layers of the wall and in muscle."""
    anatomy, skin, width = body.anatomy, body.skin_mm, body.width_mm
    canvas.mix(np.full(4, 20.0), 0.6 * share(np.abs(skin + 1.0) - 1.0, width))
    grain = body.read("grain")
    canvas.hu += 9 * grain * share(skin + 3.0, width) * (1 - share(skin + anatomy.fat_mm, width))
    middle = np.abs(skin + anatomy.fat_mm + 0.5 * anatomy.wall_mm + grain)
    planes = share(middle - 0.8, width) * np.clip((45 - body.places.y) / 20, 0, 1)
    canvas.mix(canvas.table[Organ.FAT], 0.45 * planes)


def paint_muscle(canvas: Canvas, body: Finish, part: Field, box: Box | None) -> None:
    """A muscle with fat between its bundles."""
    canvas.lay(Organ.MUSCLE, part, box)
    grain = body.read("grain", box) + 0.7 * body.read("fine", box)
    canvas.mix(canvas.table[Organ.FAT], np.asarray(0.35 * np.clip(grain - 0.4, 0, 1) * part, np.float32), box)


def paint_spine(canvas: Canvas, body: Finish) -> None:
    """Vertebrae with cortex, marrow, arch, processes and canal, over what was painted there."""
    s, places, width = body.anatomy.scale, body.places, body.width_mm
    box = ellipsoid_box(places, (0.0, 82 * s, 0.0), (48 * s, 44 * s, 1000.0), width)
    here, trunk = places.cut(box), body.trunk(box)
    level = to_nearest(here.z - body.anatomy.disc_mm, VERTEBRA_MM * s)  # 0 in a disc
    vertebra = ellipsoid_mm(here, (0.0, 62 * s, 0.0), (23 * s, 17 * s, 1000.0))
    marrow = share(np.maximum(vertebra + 3.0, 6.5 - level), width)
    canvas.mix(_bone(canvas, _MARROW_HU), marrow * trunk, box)
    canvas.hu[(slice(None), *box)] += 18 * body.read("fine", box) * marrow
    arch = np.maximum(ellipsoid_mm(here, (0.0, 89 * s, 0.0), (15 * s, 13 * s, 1000.0)), 7.0 - level)
    sides = [ellipsoid_mm(here, (side * 21 * s, 84 * s, 0.0), (14 * s, 4.0 * s, 1000.0)) for side in (-1.0, 1.0)]
    processes = np.maximum(np.minimum(*sides), np.abs(level - 11.0) - 4.0)
    bone = share(np.minimum(arch, processes), width) * trunk
    canvas.lay(Organ.BONE, bone, box)
    canvas.mix(_bone(canvas, 60.0), bone, box)
    cortex = share(np.abs(np.maximum(vertebra, 4.0 - level) + 1.0) - 1.2, width) * trunk
    canvas.mix(_bone(canvas, _CORTICAL_HU), 0.8 * cortex, box)
    canal = share(ellipsoid_mm(here, (0.0, 88 * s, 0.0), (9.5 * s, 8 * s, 1000.0)), width)
    canvas.lay(Organ.SOFT_TISSUE, canal, box)


def paint_ribs(canvas: Canvas, body: Finish) -> None:
    """Round ribs with marrow, from the spine to the front, where they are cartilage."""
    anatomy, places, width = body.anatomy, body.places, body.width_mm
    s, (first, slope) = anatomy.scale, anatomy.ribs
    along = 0.8 * to_nearest(places.z - first - slope * places.y, RIB_PITCH_MM * s)
    across = 1.3 * (body.skin_mm + anatomy.fat_mm + anatomy.wall_mm - 4.0)
    ends = np.maximum(28 * s - np.abs(places.x), -110 * s - places.z)
    distance = np.maximum(np.hypot(along, across) - 5.5, ends)
    part = share(distance, width)
    canvas.lay(Organ.BONE, part)
    canvas.mix(_bone(canvas, _CORTICAL_HU - 80), part)
    canvas.mix(_bone(canvas, _MARROW_HU), share(distance + 2.0, width))
    canvas.mix(_CARTILAGE_HU, part * np.clip((-45 * s - places.y) / 20, 0, 1))


def _bone(canvas: Canvas, more_hu: float) -> Floats:
    return np.asarray(canvas.table[Organ.BONE] + more_hu)


def paint_kidney(canvas: Canvas, body: Finish, blob: Blob, cavity: Field) -> None:
    """Cortex, pyramids and the fat of the sinus of a kidney that was laid."""
    box = ellipsoid_box(body.places, blob.center, blob.half_mm, body.width_mm)
    here, width = body.places.cut(box), body.width_mm
    distance = ellipsoid_mm(here, blob.center, blob.half_mm)
    whole = canvas.table[Organ.KIDNEY]
    gain = whole - whole[0]
    inside = share(distance, width) * cavity[box]
    canvas.mix(whole[0] + gain * _CORTEX_GAIN, inside, box)
    pyramids = np.clip(1.5 * body.read("grain", box) + 1.2, 0, 1) * share(distance + 6.0, width) * cavity[box]
    canvas.mix(whole[0] + gain * _MEDULLA_GAIN, pyramids, box)
    side = -float(np.sign(blob.center[0]))  # the hilum looks to the spine
    center = (blob.center[0] + side * 0.5 * blob.half_mm[0], blob.center[1] - 2.0, blob.center[2])
    half = (0.62 * blob.half_mm[0], 0.36 * blob.half_mm[1], 0.5 * blob.half_mm[2])
    sinus = ellipsoid_mm(here, center, half) - 2.5 * body.read("grain", box)
    canvas.lay(Organ.FAT, share(np.asarray(sinus, np.float32), width) * cavity[box], box)


def paint_stomach(canvas: Canvas, body: Finish, blob: Blob, cavity: Field) -> None:
    """The wall of a stomach that was laid, and a meal that is not even."""
    box = ellipsoid_box(body.places, blob.center, blob.half_mm, body.width_mm)
    distance = ellipsoid_mm(body.places.cut(box), blob.center, blob.half_mm)
    part = share(distance, body.width_mm) * cavity[box]
    canvas.hu[(slice(None), *box)] += 10 * body.read("grain", box) * part
    wall = share(np.abs(distance + 2.0 + body.read("content", box)) - 1.8, body.width_mm) * cavity[box]
    canvas.mix(canvas.table[Organ.BOWEL], 0.9 * wall, box)


def paint_grain(canvas: Canvas, body: Finish, organs: npt.NDArray[np.uint8]) -> None:
    """Texture of spleen, pancreas and bowel; the spleen is mottled in the arterial phase."""
    grain, fine = body.read("grain"), body.read("fine")
    mottled = np.array([1.5, 9.0, 2.0, 1.5])[canvas.columns]
    spleen = organs == Organ.SPLEEN
    for volume, amount in zip(canvas.hu, mottled, strict=True):
        volume[spleen] += np.float32(amount) * grain[spleen] + 2 * fine[spleen]
    lobules = organs == Organ.PANCREAS
    canvas.hu[:, lobules] -= 30 * np.clip(grain[lobules] + fine[lobules] - 0.5, 0, 1.5)
    bowel = organs == Organ.BOWEL
    canvas.hu[:, bowel] += 5 * fine[bowel]
