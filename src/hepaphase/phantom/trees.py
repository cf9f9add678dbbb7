"""Vessels of one liver: its planes, the course of the great branches with their variants, and the trees grown on them.

Portal veins run within sectors, hepatic veins along the planes between them, arteries beside portal veins.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ..base.seeds import stream
from ..study.geometry import Xyz
from .cco import MARGIN_MM, Skeleton, Tree, grow
from .couinaud import SEGMENT_SHARES, Couinaud
from .perfused import Perfused, spread

Floats = npt.NDArray[np.float64]

PORTAL_VARIANTS = {"trifurcation": 0.096, "right_posterior_first": 0.082, "right_anterior_from_left": 0.009}
"""Shares among 3715 patients of seven series of CT (J Clin Med Res 2021;13:460); the last, rated 0.2 % there, among 585
of one of them (Akgul et al. 2002)."""
COMMON_TRUNK_SHARE, INFERIOR_RIGHT_SHARE = 0.61, 0.21
"""Of a trunk of middle and left hepatic vein, and of a large inferior right hepatic vein (200 livers, World J Surg
2012;36:120)."""
REPLACED_RIGHT_SHARE, REPLACED_LEFT_SHARE = 0.064, 0.091
"""Right hepatic artery from the superior mesenteric (type III of Michels, 83 of 1297 CT angiograms, Löschner et al.
2015), left from the left gastric artery (type II, 241 donors, Imam et al. 2022)."""

NUM_TERMINALS = {"portal_vein": 110, "hepatic_vein": 90, "hepatic_artery": 60}
"""As many as keep the smallest branches about as wide as CT shows (our choice)."""
ROOT_RADIUS_MM = {"portal_vein": 6.5, "hepatic_vein": 7.2, "hepatic_artery": 2.4}
"""Of a vessel with the flow of the whole tree: the portal vein, three hepatic veins together, the proper artery."""
_DEEP_MM = 6.0


@dataclass(frozen=True, slots=True)
class Vasculature:
    """Trees of one liver, and the borders of its segments."""

    couinaud: Couinaud
    trees: dict[str, Tree]
    """By name of ``NUM_TERMINALS``."""
    variants: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Landmarks:
    """Where the body's own vessels reach the liver, xyz mm."""

    scale: float
    cava: tuple[Xyz, Xyz]
    """Two points on its axis, the second nearer to the head."""
    confluence: Xyz
    """Where the portal vein begins."""
    hilum: Xyz
    """Where it divides."""
    caudate: tuple[Xyz, Xyz]
    """Middle and half axes of its ellipsoid."""


@dataclass(slots=True)
class _Course:
    """A skeleton in the making."""

    rows: list[tuple[Floats, Floats, int, bool]]

    def add(self, points: Sequence[npt.ArrayLike] | Floats, *, parent: int = -1, attach: bool = True) -> int:
        """A polyline; returns its last segment."""
        for start, end in pairwise(points):
            self.rows.append((np.asarray(start, float), np.asarray(end, float), parent, attach))
            parent = len(self.rows) - 1
        return parent

    def end(self, row: int) -> Floats:
        return self.rows[row][1]

    def skeleton(self) -> Skeleton:
        start, end, parent, attach = zip(*self.rows, strict=True)
        return Skeleton(np.array(start), np.array(end), np.array(parent), np.array(attach))


def place_planes(rng: np.random.Generator, marks: Landmarks, room: Perfused) -> Couinaud:
    """The borders of the segments in a healthy liver, at azimuths that give each sector its share of the volume."""
    low, high = np.asarray(marks.cava[0]), np.asarray(marks.cava[1])
    axis = _xyz((high - low) / np.linalg.norm(high - low))
    blank = Couinaud(marks.cava[1], axis, 0, 0, 0, 0, 0, marks.caudate, marks.hilum, marks.hilum)
    positions = room.positions(0.0)
    middle, half = np.asarray(marks.caudate)
    positions = positions[(((positions - middle) / half) ** 2).sum(axis=1) > 1]
    lateral, medial, anterior = (share * rng.lognormal(0, 0.1) for share in SEGMENT_SHARES.values())
    marginals = np.clip([lateral, lateral + medial, lateral + medial + anterior], 0.05, 0.92)
    left_rad, middle_rad, right_rad = (float(v) for v in np.quantile(blank.azimuth_rad(positions), marginals))
    umbilical = _on_plane(blank, left_rad, marks.hilum[2] + 32 * marks.scale, 34 * marks.scale)
    return Couinaud(
        apex=_apex(blank, (left_rad, middle_rad, right_rad), room, marks.scale),
        axis=axis,
        left_rad=left_rad,
        middle_rad=middle_rad,
        right_rad=right_rad,
        portal_z_mm=marks.hilum[2] - 4 * marks.scale,
        left_z_mm=float(umbilical[2]),
        caudate=marks.caudate,
        hilum=marks.hilum,
        umbilical=_xyz(umbilical),
    )


def _apex(blank: Couinaud, azimuths: Sequence[float], room: Perfused, scale: float) -> Xyz:
    """Where the hepatic veins enter: as high on the vena cava as there is liver on all three planes."""
    for down in np.arange(0, 80, 4) * scale:
        point = np.asarray(blank.apex) - down * np.asarray(blank.axis)
        if all(room.at(point + 24 * scale * blank.outward(azimuth)) < -10 for azimuth in azimuths):
            break
    return _xyz(point)


def _on_plane(couinaud: Couinaud, azimuth: float, z_mm: float, radius_mm: float) -> Floats:
    """A point at height ``z_mm`` on the vena cava, moved outward on a plane."""
    up = np.asarray(couinaud.axis)
    point = np.asarray(couinaud.apex) + (z_mm - couinaud.apex[2]) / up[2] * up
    return np.asarray(point + radius_mm * couinaud.outward(azimuth))


def draw_vasculature(
    seed: int, marks: Landmarks, room: Perfused, couinaud: Couinaud, *, portal: float = 1.0, hepatic: float = 1.0
) -> Vasculature:
    """Variants and trees of one liver; ``portal`` and ``hepatic`` are widths against the usual ones."""
    rng = stream(seed, "vessel variants")
    variants = draw_variants(rng)
    centers = _sector_centers(couinaud, room)
    courses = {
        "hepatic_vein": _hepatic_course(couinaud, room, marks, centers, variants),
        "portal_vein": _portal_course(couinaud, marks, centers, variants),
    }
    courses["hepatic_artery"] = _arterial_course(couinaud, marks, centers, variants)
    widths = {"portal_vein": portal, "hepatic_vein": hepatic, "hepatic_artery": 1.0}
    trees: dict[str, Tree] = {}
    free, places = room, room.positions(_DEEP_MM)
    for name, course in courses.items():
        terminals = _terminals(stream(seed, "terminals", name), places, free, NUM_TERMINALS[name])
        radius = ROOT_RADIUS_MM[name] * marks.scale * widths[name]
        tree = grow(course.skeleton(), terminals, free, root_radius_mm=radius)
        if len(tree.unsupplied):  # something lies behind a vein: then it may be crossed
            tree = grow(course.skeleton(), terminals, room, root_radius_mm=radius)
        trees[name] = tree
        if name == "hepatic_vein":
            free = _without_trunks(room, tree)
            places = places[free.at(places) < -_DEEP_MM]
    return Vasculature(couinaud, trees, variants)


def draw_variants(rng: np.random.Generator) -> tuple[str, ...]:
    """Names of the variants of one liver, independent of each other but for those of the portal vein."""
    portal, trunk, inferior, right, left = rng.random(5)
    found = []
    for name, share in PORTAL_VARIANTS.items():
        if 0 <= portal < share:
            found.append(name)
        portal -= share
    shares = {
        "common_trunk": (trunk, COMMON_TRUNK_SHARE),
        "inferior_right_hepatic_vein": (inferior, INFERIOR_RIGHT_SHARE),
        "replaced_right_artery": (right, REPLACED_RIGHT_SHARE),
        "replaced_left_artery": (left, REPLACED_LEFT_SHARE),
    }
    return (*found, *(name for name, (rank, share) in shares.items() if rank < share))


def _terminals(rng: np.random.Generator, places: Floats, room: Perfused, num: int) -> Floats:
    """Even over the organ, off the lattice."""
    some = places[rng.permutation(len(places))[: 12 * num]]
    some = some + rng.uniform(-2.5, 2.5, some.shape)
    return spread(some[room.at(some) < -2 * MARGIN_MM], num)


def _without_trunks(room: Perfused, tree: Tree) -> Perfused:
    """The organ less the widest veins, around which the others must find their way."""
    wide = np.flatnonzero(tree.radius_mm > 2.5)
    at = np.linspace(0, 1, 5)[:, None, None]
    points = (tree.start[wide] + at * (tree.end - tree.start)[wide]).reshape(-1, 3)
    return room.without(points, np.tile(tree.radius_mm[wide] + 1.0, len(at)))


def _sector_centers(couinaud: Couinaud, room: Perfused) -> dict[str, Floats]:
    """Middle of the anterior, posterior and medial sector and of segment 6."""
    positions = room.positions(_DEEP_MM)
    labels = couinaud.label(positions)
    groups = {"anterior": (5, 8), "posterior": (6, 7), "medial": (4,), "lower": (6,)}
    centers = {}
    for name, numbers in groups.items():
        inside = positions[np.isin(labels, numbers)]
        center = inside.mean(axis=0) if len(inside) else np.asarray(couinaud.hilum)
        nearest = inside[((inside - center) ** 2).sum(axis=1).argmin()] if len(inside) else center
        centers[name] = center if room.at(center) < -_DEEP_MM else nearest
    return centers


_VEIN_SLOPES = {"right": (0.35, 0.95), "middle": (0.40, 0.80), "left": (0.10, 0.45)}
"""How steeply a hepatic vein falls away from the vena cava, first and then (our choice)."""


def _hepatic_course(
    couinaud: Couinaud, room: Perfused, marks: Landmarks, centers: dict[str, Floats], variants: Sequence[str]
) -> _Course:
    course = _Course([])
    apex, up, s = np.asarray(couinaud.apex), np.asarray(couinaud.axis), marks.scale
    azimuths = {"right": couinaud.right_rad, "middle": couinaud.middle_rad, "left": couinaud.left_rad}
    lines = {}
    for name, azimuth in azimuths.items():
        out = couinaud.outward(azimuth)
        first = apex + 15 * s * out - 4 * s * up
        way = _reach(room, first, out - _VEIN_SLOPES[name][0] * up)
        near, middle = first + 10 * s * way / np.linalg.norm(way), first + 0.5 * way
        lines[name] = [
            apex,
            first,
            near,
            middle,
            middle + 0.85 * _reach(room, middle, out - _VEIN_SLOPES[name][1] * up),
        ]
    if "common_trunk" in variants:
        trunk = apex + 15 * s * couinaud.outward(0.5 * (couinaud.left_rad + couinaud.middle_rad)) - 3 * s * up
        shared = course.add([apex, trunk], attach=False)
        for name in ("middle", "left"):
            course.add([trunk, *lines[name][2:]], parent=shared)
    for name in ("right",) if "common_trunk" in variants else azimuths:
        mouth = course.add(lines[name][:2], attach=False)
        course.add(lines[name][1:], parent=mouth)
    if "inferior_right_hepatic_vein" in variants:
        low = apex + (couinaud.portal_z_mm - 6 * s - apex[2]) / up[2] * up
        way = centers["lower"] - low
        first = low + 14 * s * way / np.linalg.norm(way)
        mouth = course.add([low, first], attach=False)
        course.add([first, first + 0.5 * (centers["lower"] - first)], parent=mouth)
    return course


def _reach(room: Perfused, start: Floats, direction: Floats) -> Floats:
    """From ``start`` along ``direction`` to 9 mm below the surface where the organ first ends."""
    way = direction / np.linalg.norm(direction)
    steps = np.arange(4.0, 200.0, 4.0)
    outside = np.flatnonzero(room.at(start + steps[:, None] * way) > -9.0)
    length = steps[outside[0]] - 4.0 if outside.size else steps[-1]
    return np.asarray(max(length, 4.0) * way)


def _portal_course(
    couinaud: Couinaud, marks: Landmarks, centers: dict[str, Floats], variants: Sequence[str]
) -> _Course:
    course = _Course([])
    hilum, ends = np.asarray(marks.hilum), _portal_ends(couinaud, marks, centers)
    first = np.asarray(marks.confluence) + 0.72 * (hilum - np.asarray(marks.confluence))
    trunk = course.add([marks.confluence, first], attach=False)
    fork = course.add([first, hilum], parent=trunk, attach=False)
    left = course.add([hilum, ends["umbilical"]], parent=fork)
    course.add([ends["umbilical"], ends["tip"]], parent=left)
    if "right_posterior_first" in variants:
        course.add([first, ends["posterior"]], parent=trunk)
        course.add([hilum, ends["anterior"]], parent=fork)
    elif "right_anterior_from_left" in variants:
        course.add([hilum, ends["posterior"]], parent=fork)
        course.add([ends["umbilical"], ends["anterior"]], parent=left)
    else:
        right = fork if "trifurcation" in variants else course.add([hilum, ends["right"]], parent=fork)
        for name in ("anterior", "posterior"):
            course.add([course.end(right), ends[name]], parent=right)
    return course


def _portal_ends(couinaud: Couinaud, marks: Landmarks, centers: dict[str, Floats]) -> dict[str, Floats]:
    """Where the great portal branches divide or end."""
    hilum, umbilical = np.asarray(marks.hilum), np.asarray(couinaud.umbilical)
    right = hilum + 0.3 * (0.5 * (centers["anterior"] + centers["posterior"]) - hilum)
    return {
        "right": right,
        "anterior": right + 0.6 * (centers["anterior"] - right),
        "posterior": right + 0.6 * (centers["posterior"] - right),
        "umbilical": umbilical,
        "tip": umbilical + 20 * marks.scale * couinaud.outward(couinaud.left_rad) - np.array([0, 0, 3.0]),
    }


def _arterial_course(
    couinaud: Couinaud, marks: Landmarks, centers: dict[str, Floats], variants: Sequence[str]
) -> _Course:
    """From the celiac trunk, or as variants have it, then in front of the portal veins."""
    course = _Course([])
    s, beside = marks.scale, np.array([0.0, -6.0, -4.0]) * marks.scale
    ends = {name: end + beside for name, end in _portal_ends(couinaud, marks, centers).items()}
    gate = np.asarray(marks.hilum) + beside + np.array([8.0, 0.0, -6.0]) * s
    celiac = np.array([[11, 26, -8], [7, 8, -14]]) * s
    replaced = {side: f"replaced_{side}_artery" in variants for side in ("right", "left")}
    if not all(replaced.values()):
        proper = course.add([*celiac, np.array([-12, -4, -22]) * s, gate], attach=False)
    mesenteric = np.array([[11, 26, -30], [6, 12, -40], [-22, 12, -20]]) * s
    gastric = np.array([[11, 26, -6], [12, 4, 10], [4, -12, 20]]) * s
    for side, points, other in (("right", ("right",), mesenteric), ("left", ("umbilical", "tip"), gastric)):
        start = course.add(other, attach=False) if replaced[side] else proper
        last = course.add([course.end(start), *(ends[name] for name in points)], parent=start)
        if side == "right":
            for name in ("anterior", "posterior"):
                course.add([ends["right"], ends[name]], parent=last)
    return course


def _xyz(values: npt.ArrayLike) -> Xyz:
    x, y, z = (float(v) for v in np.asarray(values).ravel())
    return (x, y, z)
