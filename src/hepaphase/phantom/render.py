"""One breathing state of one patient on a grid: HU in every phase, labels, lesions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..base.seeds import stream
from ..study.geometry import Geometry, Xyz
from ..study.phase import Phase
from .anatomy import (
    Anatomy,
    Layer,
    body_distance_mm,
    chest_share,
    liver_distance_mm,
    surface_values,
    vessel_share,
    wall_shares,
)
from .around import dented, paint_around
from .couinaud import segment_map
from .finish import (
    Finish,
    paint_ascites,
    paint_cavity,
    paint_grain,
    paint_kidney,
    paint_muscle,
    paint_ribs,
    paint_spine,
    paint_stomach,
    paint_wall,
)
from .growth import paint
from .labels import Organ
from .lesions import Lesion
from .space import Box, Field, Places, ellipsoid_mm, grid_axes_mm, read_lattice, share, slabs, smooth_values
from .tissues import Enhancement
from .tubes import tube_shares

Floats = npt.NDArray[np.float64]

AIR_HU = -1000.0
DEFORM_SD_MM = 1.7
TEXTURE_HU = 2.5
TEXTURE_MM = (10.0, 20.0)
IN_LIVER = (Organ.PORTAL_VEIN, Organ.HEPATIC_VEIN)
VESSEL_LABELS = {"portal_vein": 1, "hepatic_vein": 2, "hepatic_artery": 3}
"""Trees of the liver in the map of its vessels; a voxel belongs to one that fills a quarter of it."""
NODULE_HU = (3.0, -1.0, -2.0, -5.0)
"""Regenerative nodules against the septa between them in NC, AP, PVP, DP: 3 HU more without contrast (physics notes,
B), less when the fibrous septa have filled (our choice)."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to render, the same in every breathing state."""

    anatomy: Anatomy
    lesions: tuple[Lesion, ...]
    enhancement: Enhancement
    organ_hu: Mapping[Organ, Floats]
    texture: tuple[Field, ...]
    """Lattice fields of unit variance, unevenness of the parenchyma that stays with the body."""
    seed: int
    blur_mm: float
    fields: Mapping[str, Field] | None = None
    """Lattice fields of what organs hold and of what lies between them; None leaves both even."""


@dataclass(frozen=True, slots=True)
class State:
    """One breathing state on a grid."""

    hu: Field
    """Noise-free, (P, z, y, x), in the phases asked for."""
    organs: npt.NDArray[np.uint8]
    liver: npt.NDArray[np.uint8]
    """1 in the liver, its vessels and lesions included."""
    lesions: npt.NDArray[np.uint16]
    inside: Field
    """Share of each voxel inside the body; noise is less in air."""
    segments: npt.NDArray[np.uint8] | None = None
    """Couinaud's, 1 to 8 in the liver, at rest; None where vessels were not grown."""
    vessels: npt.NDArray[np.uint8] | None = None
    """By ``VESSEL_LABELS``, likewise."""


def paint_phase(
    scene: Scene, geometry: Geometry, shift_mm: Xyz = (0.0, 0.0, 0.0), *, moved: Phase | None = None
) -> State:
    """Paint everything: at rest in all four phases, or in phase ``moved`` alone, shifted and bent as it was then."""
    width = float(np.cbrt(np.prod(geometry.spacing_xyz_mm)))
    axes = grid_axes_mm(geometry)
    bend = _bend(scene.seed, moved, axes) if moved else _unbent()
    places = _places(scene.anatomy, axes, shift_mm, bend)
    canvas = _Canvas(geometry.shape_zyx, scene.organ_hu, _columns(moved))
    surface = surface_values(scene.anatomy, _shifted(axes, shift_mm))
    skin = body_distance_mm(scene.anatomy, places)
    liver_mm = dented(liver_distance_mm(scene.anatomy, places, surface, skin), places, scene.lesions)
    liver = share(liver_mm, width)
    finish = None
    if scene.fields:
        finish = Finish(scene.anatomy, places, skin, width, scene.fields, _shifted(axes, shift_mm))
    _paint_organs(canvas, scene.anatomy, places, _Surfaces(skin, liver_mm, liver, finish), width)
    _paint_texture(canvas, scene, _shifted(axes, shift_mm), liver)
    vessels = None
    if scene.anatomy.stretches:
        vessels = _paint_stretches(canvas, scene.anatomy, places, geometry)
    else:
        _paint_vessels(canvas, scene.anatomy, places, share(liver_mm + 3.0, width), width)
    for one in scene.lesions:
        if one.around:
            deep = share(liver_mm + 3.0, width)
            paint_around(canvas, one, places, deep, enhancement=scene.enhancement, width_mm=width)
    _paint_lesions(canvas, scene, places, liver, width)
    hu = _blurred(canvas.hu, geometry, scene.blur_mm)
    inside = np.where(canvas.organs > 0, 1.0, 0.25).astype(np.float32)
    mask = (liver_mm < 0) & np.isin(canvas.organs, (Organ.LIVER, *IN_LIVER))
    liver_mask = mask.astype(np.uint8)
    if moved or scene.anatomy.vasculature is None:
        return State(hu, canvas.organs, liver_mask, canvas.lesions, inside)
    segments = segment_map(scene.anatomy.vasculature.couinaud, liver_mask, places.x, places.y, places.z)
    return State(hu, canvas.organs, liver_mask, canvas.lesions, inside, segments, vessels)


def paint_labels(anatomy: Anatomy, geometry: Geometry) -> npt.NDArray[np.uint8]:
    """``Organ`` labels of a body at rest, without lesions, (z, y, x)."""
    axes = grid_axes_mm(geometry)
    width = float(np.cbrt(np.prod(geometry.spacing_xyz_mm)))
    places = _places(anatomy, axes, (0.0, 0.0, 0.0), _unbent())
    canvas = _Canvas(geometry.shape_zyx, {}, slice(0, 0))
    skin = body_distance_mm(anatomy, places)
    liver_mm = liver_distance_mm(anatomy, places, surface_values(anatomy, axes), skin)
    _paint_organs(canvas, anatomy, places, _Surfaces(skin, liver_mm, share(liver_mm, width)), width)
    if anatomy.stretches:
        _paint_stretches(canvas, anatomy, places, geometry)
    else:
        _paint_vessels(canvas, anatomy, places, share(liver_mm + 3.0, width), width)
    return canvas.organs


def _columns(moved: Phase | None) -> slice:
    """Which phases to paint, in order of time."""
    if moved is None:
        return slice(None)
    index = list(Phase).index(moved)
    return slice(index, index + 1)


class _Canvas:
    """HU of the wanted phases and labels, painted over one another."""

    def __init__(self, shape: tuple[int, int, int], table: Mapping[Organ, Floats], columns: slice) -> None:
        self.columns = columns
        self.hu = np.full((len(range(4)[columns]), *shape), AIR_HU, np.float32)
        self.organs = np.zeros(shape, np.uint8)
        self.lesions = np.zeros(shape, np.uint16)
        self.table = table

    def lay(self, organ: Organ, part: Field, box: tuple[slice, slice, slice] | None = None) -> None:
        where = box or (slice(None), slice(None), slice(None))
        self.organs[where][part > 0.5] = organ
        if not len(self.hu):
            return
        values = self.table[organ][self.columns].astype(np.float32)
        for volume, value in zip(self.hu, values, strict=True):
            area = volume[where]
            for run in slabs(area.shape):
                change = value - area[run]
                change *= part[run]
                area[run] += change

    def mix(self, values: Sequence[float] | Floats, part: Field, box: Box | None = None) -> None:
        """Like ``lay``, of HU (4,) in the four phases and without a label."""
        where = box or (slice(None), slice(None), slice(None))
        for volume, value in zip(self.hu, np.asarray(values, np.float32)[self.columns], strict=True):
            volume[where] += (value - volume[where]) * part


def _bend(seed: int, phase: Phase, axes: tuple[Field, Field, Field]) -> tuple[Field, Field, Field]:
    rng = stream(seed, "bend", phase)
    x, y, z = (read_lattice(smooth_values(rng, sd=DEFORM_SD_MM), axes) for _ in range(3))
    return x, y, z


def read_bend(seed: int, phase: Phase, geometry: Geometry) -> tuple[Field, Field, Field]:
    """How the body was bent in one phase, x, y, z in mm, each (z, y, x)."""
    return _bend(seed, phase, grid_axes_mm(geometry))


def _unbent() -> tuple[Field, Field, Field]:
    zero = np.zeros((1, 1, 1), np.float32)
    return zero, zero, zero


def _shifted(axes: tuple[Field, Field, Field], shift_mm: Xyz) -> tuple[Field, Field, Field]:
    z, y, x = axes
    return z - np.float32(shift_mm[2]), y - np.float32(shift_mm[1]), x - np.float32(shift_mm[0])


def _places(
    anatomy: Anatomy, axes: tuple[Field, Field, Field], shift_mm: Xyz, bend: tuple[Field, Field, Field]
) -> Places:
    moved = _shifted(axes, shift_mm)
    wx, wy, wz = (read_lattice(w, moved) for w in anatomy.warp_mm)
    z, y, x = moved
    return Places(
        x=(x[None, None, :] + wx + bend[0]).astype(np.float32),
        y=(y[None, :, None] + wy + bend[1]).astype(np.float32),
        z=(z[:, None, None] + wz + bend[2]).astype(np.float32),
    )


@dataclass(frozen=True, slots=True)
class _Surfaces:
    """Skin and liver on a grid."""

    skin_mm: Field
    """Signed distance."""
    liver_mm: Field
    liver: Field
    """Share of each voxel."""
    finish: Finish | None = None
    """What is inside and between organs, if anything is."""


def _paint_organs(canvas: _Canvas, anatomy: Anatomy, places: Places, surfaces: _Surfaces, width: float) -> None:
    layers = wall_shares(anatomy, places, surfaces.skin_mm, width)
    for organ, part, box in layers[:3]:
        canvas.lay(organ, part, box)
    cavity, finish = layers[2][1], surfaces.finish
    lung = chest_share(anatomy, places, surfaces.liver_mm, surfaces.skin_mm, width)
    if finish:
        paint_wall(canvas, finish)
        paint_cavity(canvas, finish, cavity)
        paint_ascites(canvas, finish, surfaces.liver_mm, cavity)
    canvas.lay(Organ.LUNG, lung)
    for blob in anatomy.blobs[:-1]:
        if blob.organ is not Organ.KIDNEY:
            _lay_blob(canvas, blob.organ, blob.center, blob.half_mm, places, cavity, width)
            if finish and blob.organ is Organ.STOMACH:
                paint_stomach(canvas, finish, blob, cavity)
    if finish:
        paint_grain(canvas, finish, canvas.organs)
    for blob in anatomy.fissures:
        _lay_blob(canvas, blob.organ, blob.center, blob.half_mm, places, cavity, width)
    canvas.lay(Organ.LIVER, surfaces.liver)
    for blob in (b for b in anatomy.blobs if b.organ in (Organ.KIDNEY, Organ.GALLBLADDER)):
        _lay_blob(canvas, blob.organ, blob.center, blob.half_mm, places, cavity, width)
        if finish and blob.organ is Organ.KIDNEY:
            paint_kidney(canvas, finish, blob, cavity)
    _paint_frame(canvas, layers[3:], finish)


def _paint_frame(canvas: _Canvas, layers: list[Layer], finish: Finish | None) -> None:
    """Muscles of the back, spine and ribs."""
    if finish is None:
        for organ, part, box in layers:
            canvas.lay(organ, part, box)
        return
    *muscles, vertebra, disc = [(organ, part * finish.trunk(box), box) for organ, part, box in layers[:-1] if box]
    for _, part, box in muscles:
        paint_muscle(canvas, finish, part, box)
    for organ, part, box in (vertebra, disc):
        canvas.lay(organ, part, box)
    paint_spine(canvas, finish)
    paint_ribs(canvas, finish)


def _lay_blob(
    canvas: _Canvas, organ: Organ, center: Xyz, half_mm: Xyz, places: Places, cavity: Field, width: float
) -> None:
    box = places.box(center, (half_mm[0] + width, half_mm[1] + width, half_mm[2] + width))
    here = places.cut(box)
    part = share(ellipsoid_mm(here, center, half_mm), width) * cavity[box]
    canvas.lay(organ, part, box)
    if organ is Organ.STOMACH:  # gas rises to the front
        gas = share(np.maximum(ellipsoid_mm(here, center, half_mm) + 4, here.y - center[1] + 0.55 * half_mm[1]), width)
        area = canvas.hu[(slice(None), *box)]
        area += (np.float32(-950.0) - area) * gas


def _paint_texture(canvas: _Canvas, scene: Scene, axes: tuple[Field, Field, Field], liver: Field) -> None:
    """Fine unevenness of the parenchyma, the same in every phase."""
    values = np.float32(TEXTURE_HU) * sum(read_lattice(lattice, axes) for lattice in scene.texture)
    values *= liver
    canvas.hu += values
    if scene.anatomy.nodules is None:
        return
    nodules = np.abs(read_lattice(scene.anatomy.nodules, axes)) - np.float32(0.8)
    nodules *= liver
    for volume, amount in zip(canvas.hu, np.asarray(NODULE_HU)[canvas.columns], strict=True):
        volume += np.float32(scene.anatomy.signs.texture * amount) * nodules


def draw_texture(seed: int) -> tuple[Field, ...]:
    """Two scales of unevenness."""
    rng = stream(seed, "texture")
    return tuple(smooth_values(rng, sd=1.0, lattice_mm=lattice_mm) for lattice_mm in TEXTURE_MM)


def _paint_vessels(canvas: _Canvas, anatomy: Anatomy, places: Places, liver: Field, width: float) -> None:
    for number, segment in enumerate(anatomy.vessels):
        box, part = vessel_share(segment, places, width)
        if not part.size:
            continue
        if segment.organ in IN_LIVER and number < len(anatomy.vessels) - 5:
            part = part * liver[box]  # branches end at the capsule
        canvas.lay(segment.organ, part, box)


def _paint_stretches(canvas: _Canvas, anatomy: Anatomy, places: Places, geometry: Geometry) -> npt.NDArray[np.uint8]:
    """All vessels of a body whose trees were grown; returns the map of those of the liver."""
    found = np.zeros(geometry.shape_zyx, np.uint8)
    for stretch in anatomy.stretches:
        part, box = tube_shares(stretch.tubes, places, geometry)
        if stretch.tree == "hepatic_artery":  # no label of its own: the liver would have holes
            canvas.mix(canvas.table.get(stretch.organ, np.zeros(4)), part, box)
        else:
            canvas.lay(stretch.organ, part, box)
        if stretch.tree:
            found[box][part > 0.25] = VESSEL_LABELS[stretch.tree]
    return found


def _paint_lesions(canvas: _Canvas, scene: Scene, places: Places, liver: Field, width: float) -> None:
    for number, lesion in enumerate(scene.lesions, start=1):
        painted = paint(lesion, places, scene.enhancement, width)
        if not painted.share.size:
            continue
        area = canvas.hu[(slice(None), *painted.box)]
        inside = liver[painted.box]
        halo_hu = painted.halo_hu[canvas.columns].astype(np.float32)
        area += (halo_hu[:, None, None, None] - area) * (painted.halo * inside)
        part = painted.share * inside
        if lesion.signs and lesion.signs.like_liver:  # vessels and texture of the liver stay
            own_hu = scene.organ_hu[Organ.LIVER][canvas.columns].astype(np.float32)
            area += (painted.hu[canvas.columns] - own_hu[:, None, None, None]) * part
        else:
            area += (painted.hu[canvas.columns] - area) * part
        covered = part > min(0.5, 0.9 * float(part.max()))  # the smallest keep the voxel that holds most of them
        canvas.lesions[painted.box][covered] = number
        canvas.organs[painted.box][covered] = Organ.LIVER


def _blurred(hu: Field, geometry: Geometry, fwhm_mm: float) -> Field:
    """The kernel's blur beyond what the voxel already averages; nothing on a grid coarser than the kernel."""
    sigma = [np.sqrt(max(fwhm_mm**2 - s**2, 0)) / 2.355 / s for s in geometry.spacing_zyx_mm]
    if not any(sigma):
        return hu
    return np.stack([ndimage.gaussian_filter(volume, sigma) for volume in hu]).astype(np.float32)
