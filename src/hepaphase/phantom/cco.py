"""Vessel trees by constrained constructive optimization (Schreiner and Buxbaum 1993; in 3-D Karch et al. 1999).

Terminals are connected one after the other, each to the segment and at the bifurcation that add least vessel volume,
among those that stay inside the organ. Two shortcuts of the faster variants are taken: only the segments nearest to a
terminal are tried (Jaquet et al. 2019), and the bifurcation is the best of a few points of the triangle between both
ends of the segment and the terminal (Queiroz 2013). All terminals carry the same flow and radii follow from flow alone
by Murray's law, so the tree's volume depends on flows and lengths only and no radius need be propagated; the pressure
at the terminals is not equalized (our choice: 300 terminals take some 50 ms).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .perfused import Perfused

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int_]

NEAREST = 10
"""Segments tried for a terminal."""
MARGIN_MM = 1.5
"""Centre lines keep this far from the surface."""
_TWO_THIRDS = 2 / 3
_ALONG = np.linspace(0, 1, 12)
"""Where on a new piece it must be inside."""
_ON_LINE = [(1 - t, t, 0.0) for t in (0.1, 0.25, 0.4, 0.55, 0.7, 0.85)]
_IN_TRIANGLE = [(1 - b - p, b, p) for p in (0.12, 0.25, 0.4) for b in (0.1, 0.3, 0.5) if b + p < 0.85]
_WEIGHTS = np.array(_ON_LINE + _IN_TRIANGLE)
"""Candidates for a bifurcation: weights of the segment's start and end and of the terminal."""


@dataclass(frozen=True, slots=True)
class Skeleton:
    """What a tree grows from: segments whose course is given, parents before children."""

    start: Floats
    """(S, 3) xyz, mm."""
    end: Floats
    parent: Ints
    """(S,); -1 for a root."""
    attach: npt.NDArray[np.bool_]
    """(S,); whether branches may leave it, which they do along its course."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Straight segments of vessel, or several trees of them; mm."""

    start: Floats
    """(S, 3) xyz; for veins, too, the end nearer to the root."""
    end: Floats
    parent: Ints
    """(S,); -1 for a root."""
    num_terminals: Ints
    """(S,); how many are supplied through it."""
    radius_mm: Floats
    """(S,)."""
    given: npt.NDArray[np.bool_]
    """(S,); part of the skeleton."""
    unsupplied: Floats
    """Terminals that could not be reached inside the organ, (U, 3)."""

    @property
    def length_mm(self) -> Floats:
        """Of each segment, (S,)."""
        return np.asarray(np.linalg.norm(self.end - self.start, axis=1))

    @property
    def is_leaf(self) -> npt.NDArray[np.bool_]:
        """(S,); nothing leaves it."""
        leaf = np.ones(len(self.parent), bool)
        leaf[self.parent[self.parent >= 0]] = False
        return leaf


class _Growing:
    """A tree under construction, in arrays with room for all its segments."""

    def __init__(self, skeleton: Skeleton, num_terminals: int) -> None:
        self.num = len(skeleton.parent)
        room = self.num + 2 * num_terminals
        self.start, self.end = np.zeros((room, 3)), np.zeros((room, 3))
        self.parent = np.full(room, -1)
        self.flow = np.zeros(room)
        self.given, self.attach = np.zeros(room, bool), np.ones(room, bool)
        self.length = np.zeros(room)
        self.above = np.zeros((room, room), np.float32)
        """1 where the column is an ancestor of the row."""
        first = slice(0, self.num)
        self.start[first], self.end[first] = skeleton.start, skeleton.end
        self.parent[first], self.attach[first], self.given[first] = skeleton.parent, skeleton.attach, True
        self.length[first] = np.linalg.norm(skeleton.end - skeleton.start, axis=1)
        for number, parent in enumerate(skeleton.parent):
            if parent >= 0:
                self.above[number] = self.above[parent]
                self.above[number, parent] = 1
        for leaf in set(range(self.num)) - set(skeleton.parent.tolist()):
            self.flow[leaf] += 1
            self.flow[: self.num][self.above[leaf, : self.num] > 0] += 1

    def connect(self, point: Floats, inside: Perfused, *, nearest: int) -> bool:
        """Supply ``point`` at least cost; False where no way stays inside."""
        rows = self._nearest(point, nearest)
        corners = np.stack([self.start[rows], self.end[rows], np.broadcast_to(point, (len(rows), 3))], axis=1)
        forks = _WEIGHTS @ corners  # (R, W, 3)
        lengths = np.linalg.norm(corners[:, None] - forks[:, :, None], axis=-1)
        flow = self.flow[rows, None]
        cost = (flow + 1) ** _TWO_THIRDS * lengths[..., 0] + flow**_TWO_THIRDS * lengths[..., 1] + lengths[..., 2]
        cost -= (flow**_TWO_THIRDS * self.length[rows, None]) - self._path_cost(rows)[:, None]
        cost[np.ix_(self.given[rows], _WEIGHTS[:, 2] > 0)] = np.inf  # a given course stays as it is
        order = np.argsort(cost, axis=None)
        for chunk in np.array_split(order, max(1, len(order) // 16)):
            chunk = chunk[np.isfinite(cost.flat[chunk])]
            row, fork = np.unravel_index(chunk, cost.shape)
            good = np.flatnonzero(_inside(forks[row, fork], corners[row], self.given[rows[row]], inside))
            if good.size:
                self._insert(int(rows[row[good[0]]]), forks[row[good[0]], fork[good[0]]], point)
                return True
        return False

    def _nearest(self, point: Floats, num: int) -> Ints:
        rows = np.flatnonzero(self.attach[: self.num])
        start, way = self.start[rows], self.end[rows] - self.start[rows]
        at = np.clip(((point - start) * way).sum(axis=1) / (self.length[rows] ** 2 + 1e-9), 0, 1)
        gap = ((start + at[:, None] * way - point) ** 2).sum(axis=1)
        return rows if len(rows) <= num else rows[np.argpartition(gap, num)[:num]]

    def _path_cost(self, rows: Ints) -> Floats:
        """What one more terminal costs in everything upstream of ``rows``."""
        flow = self.flow[: self.num]
        more = ((flow + 1) ** _TWO_THIRDS - flow**_TWO_THIRDS) * self.length[: self.num]
        return np.asarray(self.above[rows, : self.num] @ more.astype(np.float32), float)

    def _insert(self, row: int, fork: Floats, point: Floats) -> None:
        rest, leaf = self.num, self.num + 1
        self.num += 2
        below = self.above[: self.num, row] > 0
        self.above[rest] = self.above[row]
        self.above[rest, row] = 1
        self.above[leaf] = self.above[rest]
        self.above[: self.num][below, rest] = 1
        self.parent[: self.num][self.parent[: self.num] == row] = rest
        self.parent[[rest, leaf]] = row
        self.start[[rest, leaf]] = fork
        self.end[rest], self.end[leaf] = self.end[row], point
        self.end[row] = fork
        self.flow[rest], self.flow[leaf] = self.flow[row], 1
        self.flow[row] += 1
        self.flow[: self.num][self.above[row, : self.num] > 0] += 1
        self.given[rest], self.attach[rest] = self.given[row], self.attach[row]
        changed = [row, rest, leaf]
        self.length[changed] = np.linalg.norm(self.end[changed] - self.start[changed], axis=1)


def _inside(forks: Floats, corners: Floats, given: npt.NDArray[np.bool_], inside: Perfused) -> npt.NDArray[np.bool_]:
    """Whether the three pieces that meet at each of ``forks`` (N, 3) stay inside; given ones need not be asked."""
    pieces = corners[:, :, None] * _ALONG[:, None] + forks[:, None, None] * (1 - _ALONG)[:, None]  # (N, 3, A, 3)
    good = inside.at(pieces) < -MARGIN_MM
    upstream = good[:, 0, :-1].all(axis=1) & good[:, 1, :-1].all(axis=1)  # their ends were asked before
    return np.asarray(good[:, 2].all(axis=1) & (given | upstream))


def grow(skeleton: Skeleton, terminals: Floats, inside: Perfused, *, root_radius_mm: float) -> Tree:
    """Supply ``terminals`` (N, 3) in their order; the same input gives the same tree.

    The free ends of the skeleton are terminals, too. One that cannot be reached at first is tried again at the end,
    from every segment. Radii keep Murray's law r^3 = r1^3 + r2^3 at every fork; a vessel with the flow of all terminals
    would have ``root_radius_mm``.
    """
    growing = _Growing(skeleton, len(terminals))
    late = [point for point in terminals if not growing.connect(point, inside, nearest=NEAREST)]
    left = [point for point in late if not growing.connect(point, inside, nearest=growing.num)]
    part = slice(0, growing.num)
    flow = np.rint(growing.flow[part]).astype(int)
    total = int(flow[growing.parent[part] < 0].sum())
    return Tree(
        start=growing.start[part],
        end=growing.end[part],
        parent=growing.parent[part],
        num_terminals=flow,
        radius_mm=root_radius_mm * (flow / total) ** (1 / 3),
        given=growing.given[part],
        unsupplied=np.array(left).reshape(-1, 3),
    )
