"""Where a lesion can lie, and what it is made of: drawn first, applied later."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..base.errors import ConfigError, StudyError
from ..base.seeds import stream
from ..phantom.lesions import Lesion, draw_lesions
from ..study.geometry import Geometry, Xyz
from ..study.lesions import lesion_class
from .bench import Bench

_GAP_MM = 3.0
"""Between a new lesion and the surface or another lesion."""
_LARGEST_SHARE = 0.5
"""Of the liver's volume, and of what must lie inside the liver."""
SIZES_MM = (3.0, 400.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the user asks for.

    Raises:
        UnknownNameError: for a class of lesion that does not exist.
        ConfigError: for a size no lesion has.
    """

    lesion_class: str
    size_mm: float | None = None
    """Long axis; None draws it."""
    at_lps_mm: Xyz | None = None
    """Middle, in the reference phase; None draws a place."""
    typical: bool = False
    """Exactly the tissues of the class table, in their usual structure, in place of drawn ones."""
    seed: int = 0

    def __post_init__(self) -> None:
        lesion_class(self.lesion_class)
        if self.size_mm is not None and not SIZES_MM[0] <= self.size_mm <= SIZES_MM[1]:
            raise ConfigError(
                f"A lesion of {self.size_mm:g} mm cannot be drawn. Give a size from {SIZES_MM[0]:g} to "
                f"{SIZES_MM[1]:g} mm."
            )


def draw_lesion(wanted: Wanted, bench: Bench) -> Lesion:
    """Draw a lesion and its place.

    Raises:
        StudyError: when it is larger than the liver leaves room for, or its place lies outside.
    """
    lesion = draw_tissues(wanted)
    check_size(lesion.long_axis_mm, bench, what=f"A {wanted.lesion_class}")
    center = wanted.at_lps_mm or draw_place(bench, lesion.long_axis_mm, wanted.seed)
    lesion = replace(lesion, center=center)
    check_place(center, lesion.long_axis_mm, bench)
    return lesion


def draw_tissues(wanted: Wanted) -> Lesion:
    """Draw what a lesion is made of, at no place yet."""
    lesion = draw_lesions(wanted.seed, wanted.lesion_class, np.zeros((1, 3)))[0]
    if wanted.size_mm is not None:
        lesion = replace(lesion, long_axis_mm=wanted.size_mm, rim_mm=min(lesion.rim_mm, wanted.size_mm / 4))
    if wanted.typical:
        tissues = dict(lesion_class(wanted.lesion_class).tissues)
        lesion = replace(lesion, tissues=tissues, variant="body", necrosis=0.0, fat=False, calcium=False)
    return lesion


def check_size(size_mm: float, bench: Bench, *, what: str) -> None:
    """Refuse a lesion that the liver cannot hold.

    Raises:
        StudyError: saying how large both are.
    """
    liver_ml = float(np.count_nonzero(bench.liver)) * bench.geometry.voxel_ml
    lesion_ml = np.pi / 6 * size_mm**3 / 1000 * 0.75  # the other axes are shorter
    if lesion_ml > _LARGEST_SHARE * liver_ml:
        raise StudyError(
            f"{what} of {size_mm:g} mm ({lesion_ml:.0f} ml) is too large for the liver of '{bench.study.case}' "
            f"({liver_ml:.0f} ml). Choose a smaller one."
        )


def draw_place(bench: Bench, size_mm: float, seed: int) -> Xyz:
    """A place in the liver, evenly by volume among those where the lesion fits; else as deep as there is."""
    depth = _depth_mm(bench.liver & (bench.lesions == 0), bench.geometry)
    room = min(size_mm / 2 + _GAP_MM, 0.9 * float(depth.max()))
    places = np.argwhere(depth >= room)
    rng = stream(seed, "lab", "place")
    x, y, z = bench.geometry.to_lps_mm(places[int(rng.integers(len(places)))]).tolist()
    return (round(x, 1), round(y, 1), round(z, 1))


def check_place(center: Xyz, size_mm: float, bench: Bench) -> None:
    """Refuse a place outside the liver, mostly outside, or on another lesion.

    Raises:
        StudyError: saying what is there.
    """
    index = np.round(bench.geometry.to_index_zyx(center)).astype(int)
    inside = bool(np.all((index >= 0) & (index < bench.geometry.shape_zyx)))
    words = f"({', '.join(f'{v:g}' for v in center)}) mm"
    if not inside or not bench.liver[tuple(index)]:
        raise StudyError(
            f"The place {words} lies outside the liver of '{bench.study.case}'. Choose one inside, in LPS."
        )
    share, other = _share_inside(center, size_mm, bench)
    if share < _LARGEST_SHARE:
        raise StudyError(
            f"Only {100 * share:.0f} % of a lesion of {size_mm:g} mm at {words} lies in the liver of "
            f"'{bench.study.case}'. Choose a smaller one, or a place further inside."
        )
    if other:
        raise StudyError(f"At {words} lies lesion {other} already. Remove it first, or choose another place.")


def _share_inside(center: Xyz, size_mm: float, bench: Bench) -> tuple[float, int]:
    """Share of a ball that is liver, and the id of another lesion in it (0 for none)."""
    axis = np.linspace(-0.45, 0.45, 13) * size_mm
    offsets = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
    offsets = offsets[np.linalg.norm(offsets, axis=1) <= 0.45 * size_mm + 1e-9]
    index = np.round(bench.geometry.to_index_zyx(offsets + np.asarray(center))).astype(int)
    inside = np.all((index >= 0) & (index < bench.geometry.shape_zyx), axis=1)
    at = tuple(index[inside].T)
    return float(bench.liver[at].sum()) / len(offsets), int(bench.lesions[at].max(initial=0))


def _depth_mm(mask: npt.NDArray[np.bool_], geometry: Geometry) -> npt.NDArray[np.float64]:
    """Distance of every voxel of a mask from its outside, mm; the border of the volume counts as outside."""
    padded = np.pad(mask, 1)
    depth = ndimage.distance_transform_edt(padded, sampling=geometry.spacing_zyx_mm)
    return np.asarray(depth[1:-1, 1:-1, 1:-1])
