"""The body of a reference cohort's patient: signs of liver disease, grown vessels, segments, on a plain anatomy."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ..base.seeds import stream
from ..study.geometry import Xyz
from .anatomy import Anatomy, Blob, Stretch, liver_distance_mm, surface_values
from .cco import Tree
from .couinaud import Couinaud
from .detail import Detail
from .disease import Signs, draw_signs
from .labels import Organ
from .perfused import Perfused
from .space import Places, smooth_values
from .trees import Landmarks, Vasculature, draw_vasculature, place_planes
from .tubes import Tubes, join
from .vessels import Segment

Floats = npt.NDArray[np.float64]

STEP_MM = 6.0
_RIGHT, _LATERAL, _CAUDATE = (0, 1), 3, 4
"""Which of the liver's ellipsoids is what."""
_TREE_ORGANS = {
    "hepatic_vein": Organ.HEPATIC_VEIN,
    "portal_vein": Organ.PORTAL_VEIN,
    "hepatic_artery": Organ.AORTA,
}


def refine(anatomy: Anatomy, seed: int, *, stage: float | None, detail: Detail) -> Anatomy:
    """``anatomy`` as closely as ``detail`` asks; signs of disease are added to one drawn without cirrhosis."""
    out = with_signs(anatomy, seed, stage) if detail.liver_disease else anatomy
    return with_vessels(out, seed, before=anatomy) if detail.grown_vessels else out


def with_signs(anatomy: Anatomy, seed: int, stage: float | None) -> Anatomy:
    """``anatomy``, drawn without cirrhosis, as liver disease of ``stage`` has made it; None leaves it as it is."""
    signs = draw_signs(seed, stage)
    if stage is None:
        return anatomy
    nodules = None
    if signs.nodule_mm:
        nodules = smooth_values(stream(seed, "nodules"), sd=1.0, lattice_mm=signs.lattice_mm)
    blobs = tuple(_swollen(b, signs.spleen) if b.organ is Organ.SPLEEN else b for b in anatomy.blobs)
    return replace(anatomy, cirrhosis=True, signs=signs, nodules=nodules, blobs=blobs, liver=_lobes(anatomy, signs))


def _lobes(anatomy: Anatomy, signs: Signs) -> tuple[Blob, ...]:
    out = list(anatomy.liver)
    hilum = np.array(_hilum(anatomy))
    for part in _RIGHT:
        blob = out[part]
        center, half = np.array(blob.center), np.array(blob.half_mm)
        moved = center + (1 - signs.right) * 0.5 * (hilum - center)
        moved[2] = center[2] + (1 - signs.right) * half[2]  # it stays below the diaphragm and recedes from below
        out[part] = Blob(blob.organ, _xyz(moved), _xyz(half * signs.right))
    for part, factor in ((_LATERAL, signs.left), (_CAUDATE, signs.caudate)):
        out[part] = Blob(out[part].organ, out[part].center, _xyz(np.array(out[part].half_mm) * factor))
    return tuple(out)


def _swollen(spleen: Blob, factor: float) -> Blob:
    """A spleen that grows forwards, inwards and downwards, away from ribs and diaphragm."""
    half = np.array(spleen.half_mm)
    center = np.array(spleen.center) + (factor - 1) * half * np.array([-0.9, -0.6, -0.7])
    return Blob(spleen.organ, _xyz(center), _xyz(half * factor))


def with_vessels(anatomy: Anatomy, seed: int, *, before: Anatomy) -> Anatomy:
    """``anatomy`` with a liver that gives way to its neighbors, grown trees, segments and the vessels around.

    The borders of segments are those of the body ``before`` disease: lobes that grow or shrink do so within them.
    """
    hollows = tuple(b for b in anatomy.blobs if b.organ in (Organ.KIDNEY, Organ.GALLBLADDER))
    anatomy, before = replace(anatomy, hollows=hollows), replace(before, hollows=hollows)
    couinaud = place_planes(stream(seed, "planes"), _landmarks(before), perfused_liver(before))
    marks = _landmarks(anatomy)
    couinaud = replace(couinaud, caudate=marks.caudate)
    anatomy = replace(anatomy, fissures=_fissures(anatomy, couinaud))
    widths = {"portal": anatomy.signs.portal, "hepatic": anatomy.signs.hepatic_veins}
    grown = draw_vasculature(seed, marks, perfused_liver(anatomy), couinaud, **widths)
    stretches = _stretches(anatomy, grown, stream(seed, "varices"))
    return replace(anatomy, vasculature=grown, stretches=stretches, vessels=_branches(grown))


def _fissures(anatomy: Anatomy, couinaud: Couinaud) -> tuple[Blob, ...]:
    """Fat at the hilum, and below the umbilical portion of the left portal vein where the round ligament runs."""
    s, umbilical = anatomy.scale, np.array(couinaud.umbilical)
    hilum = np.array(_hilum(anatomy)) + np.array([13, -2, -9]) * s
    ligament = umbilical + 15 * s * couinaud.outward(couinaud.left_rad) + np.array([0, -12, -34]) * s
    return (
        Blob(Organ.FAT, _xyz(hilum), _xyz(np.array([17, 9, 11]) * s)),
        Blob(Organ.FAT, _xyz(ligament), _xyz(np.array([2.2, 26, 26]) * s)),
    )


def _branches(grown: Vasculature) -> tuple[Segment, ...]:
    """Veins of the liver one by one, the widest first."""
    pieces = [
        Segment(_TREE_ORGANS[name], _xyz(start), _xyz(end), float(radius))
        for name in ("portal_vein", "hepatic_vein")
        for start, end, radius in _rows(grown.trees[name])
    ]
    return tuple(sorted(pieces, key=lambda one: -one.radius_mm))


def _rows(tree: Tree) -> Iterator[tuple[Floats, Floats, float]]:
    return zip(tree.start[::-1], tree.end[::-1], tree.radius_mm[::-1], strict=True)


def perfused_liver(anatomy: Anatomy) -> Perfused:
    """The liver on a lattice around it."""
    low = np.min([np.subtract(b.center, b.half_mm) for b in anatomy.liver], axis=0) - 2 * STEP_MM
    high = np.max([np.add(b.center, b.half_mm) for b in anatomy.liver], axis=0) + 2 * STEP_MM
    axes = [np.arange(a, b, STEP_MM, dtype=np.float32) for a, b in zip(low, high, strict=True)]
    z, y, x = np.meshgrid(axes[2], axes[1], axes[0], indexing="ij")
    surface = surface_values(anatomy, (axes[2], axes[1], axes[0]))
    return Perfused(liver_distance_mm(anatomy, Places(x, y, z), surface), np.array([a[0] for a in axes]), STEP_MM)


def _landmarks(anatomy: Anatomy) -> Landmarks:
    s, caudate = anatomy.scale, anatomy.liver[_CAUDATE]
    return Landmarks(
        scale=s,
        cava=(_xyz(np.array([-22, 22, 10]) * s), _xyz(np.array([-18, 12, 90]) * s)),
        confluence=_xyz(np.array([2, -2, -34]) * s),
        hilum=_hilum(anatomy),
        caudate=(caudate.center, _xyz(np.array(caudate.half_mm) * 1.15)),
    )


def _hilum(anatomy: Anatomy) -> Xyz:
    return _xyz(np.array([-34, -2, -6]) * anatomy.scale)


def _stretches(anatomy: Anatomy, grown: Vasculature, rng: np.random.Generator) -> tuple[Stretch, ...]:
    """All tubes of the body in the order of painting."""
    trees = [
        Stretch(organ, Tubes(tree.start, tree.end, tree.radius_mm), name)
        for name, organ in _TREE_ORGANS.items()
        for tree in (grown.trees[name],)
    ]
    s, portal = anatomy.scale, anatomy.signs.portal
    gullet = _line([[14, 10, 62], [7, 20, 84], [2, 20, 200]], 8.0, s)
    veins = [
        _line([[70, 20, 4], [36, 8, -16], [2, -2, -34]], 4.0 * portal, s),
        _line([[2, -2, -34], [0, -12, -70], [2, -18, -220]], 5.0 * portal, s),
        *_varices(anatomy, grown, rng),
    ]
    arteries = [
        _line([[14, 34, -220], [10, 36, 200]], 10.5, s),
        _line([[11, 26, -30], [8, 10, -44], [8, -12, -220]], 3.6, s),
        _line([[7, 8, -14], [30, 6, -6], [70, 18, 8]], 2.6, s),
    ]
    cava = [_line([[-20, 28, -220], [-22, 22, 10], [-18, 12, 90]], 10.8, s)]
    renal = [_line([[side * 2 - 10, 28, -44], [side * 58, 46, -50]], 4.0, s) for side in (-1, 1)]
    return (
        Stretch(Organ.SOFT_TISSUE, gullet),
        *trees,
        Stretch(Organ.PORTAL_VEIN, join(*veins)),
        Stretch(Organ.IVC, join(*cava, *renal)),
        Stretch(Organ.AORTA, join(*arteries)),
    )


def _varices(anatomy: Anatomy, grown: Vasculature, rng: np.random.Generator) -> list[Tubes]:
    """Collaterals that the signs ask for: winding veins from the portal system past the liver."""
    s, signs = anatomy.scale, anatomy.signs
    courses: dict[str, tuple[list[list[float]], int, float]] = {
        "esophageal": ([[16, 2, 40], [12, 10, 62], [5, 16, 84], [1, 16, 150]], 4, 2.4),
        "perigastric": ([[2, -2, -34], [14, -2, 0], [18, 0, 34], [16, 4, 58]], 3, 2.8),
        "splenic": ([[70, 20, 4], [78, 30, 24], [66, 34, 44]], 4, 3.0),
    }
    tubes = []
    for name in signs.varices:
        points, num, radius = courses[name]
        tubes += [
            _winding(rng, np.array(points) * s, radius * s * float(rng.uniform(0.7, 1.3)), 7.0 * s) for _ in range(num)
        ]
    if signs.umbilical_mm:
        portal = grown.trees["portal_vein"]
        tip = portal.end[portal.given][np.argmin(portal.end[portal.given][:, 1])]  # the foremost of the great branches
        front = -anatomy.outline_mm[1] + anatomy.fat_mm + 0.5 * anatomy.wall_mm
        course = np.array([tip, [tip[0] + 6, 0.5 * (tip[1] + front), tip[2] - 30 * s], [4, front, tip[2] - 62 * s]])
        tubes.append(_winding(rng, np.vstack([course, [0, front, -150 * s]]), signs.umbilical_mm, 4.0))
    return tubes


def _winding(rng: np.random.Generator, course: Floats, radius_mm: float, amplitude_mm: float) -> Tubes:
    """A tube along ``course`` (N, 3) that swings to and fro, most in its middle."""
    at = np.linspace(0, len(course) - 1, 26)
    points = np.stack([np.interp(at, np.arange(len(course)), course[:, axis]) for axis in range(3)], axis=1)
    phase, pace = rng.uniform(0, 2 * np.pi, 3), rng.uniform(0.6, 1.2, 3)
    swing = (
        np.sin(phase + pace * np.arange(len(points))[:, None]) * np.sin(np.pi * np.linspace(0, 1, 26))[:, None] ** 0.5
    )
    points = points + amplitude_mm * swing
    return Tubes(points[:-1], points[1:], np.full(25, radius_mm))


def _line(points: list[list[float]], radius_mm: float, scale: float) -> Tubes:
    values = np.array(points, float) * scale
    return Tubes(values[:-1], values[1:], np.full(len(values) - 1, radius_mm * scale))


def _xyz(values: npt.ArrayLike) -> Xyz:
    x, y, z = (float(v) for v in np.asarray(values).ravel())
    return (x, y, z)
