from collections import defaultdict

import numpy as np
import pytest

from hepaphase.base.seeds import stream
from hepaphase.phantom.labels import Organ
from hepaphase.phantom.vessels import SMALLEST_RADIUS_MM, grow_tree


@pytest.mark.parametrize("radius_mm", [3.0, 4.5, 6.0])
def test_tree_is_connected_and_its_branches_narrow(radius_mm: float) -> None:
    pieces = grow_tree(stream(1, "tree"), Organ.PORTAL_VEIN, (1.0, 2.0, 3.0), (0, 0, 1), radius_mm, scale=1.0)
    assert len(pieces) > 5 and pieces[0].radius_mm == radius_mm
    children = defaultdict(list)
    for piece in pieces[1:]:
        children[piece.start].append(piece)
    ends = {piece.end: piece for piece in pieces}
    assert set(children) <= set(ends)
    for start, branches in children.items():
        parent = ends[start]
        assert sum(b.radius_mm**3 for b in branches) <= parent.radius_mm**3  # Murray, less a little at each fork
        assert min(b.radius_mm for b in branches) >= SMALLEST_RADIUS_MM
        assert all(np.dot(np.subtract(b.end, b.start), np.subtract(parent.end, parent.start)) > 0 for b in branches)
