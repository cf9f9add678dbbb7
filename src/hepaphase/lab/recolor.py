"""A lesion made into one of another class, its outline kept."""

from dataclasses import replace

import numpy as np
from scipy import ndimage

from ..phantom.growth import structure_hu
from ..phantom.lesions import Lesion
from ..phantom.space import share
from ..resample.grid import resample
from ..study.geometry import Xyz
from ..study.lesions import LESION_CLASSES
from ..study.phase import Phase
from .bench import Bench
from .canonical import places_of
from .changed import Changed, row_of
from .inputs import StudyEnhancement
from .insert import finish, lay
from .local import SURROUNDINGS_MM, Field, Local
from .place import Wanted, draw_tissues
from .remove import margin_mm, without


def outline(bench: Bench, lesion_id: int) -> tuple[Xyz, float]:
    """Middle of a lesion (LPS mm, reference phase) and its long axis as the longest side of its box."""
    row_of(bench, lesion_id)
    at = bench.geometry.to_lps_mm(np.argwhere(bench.lesions == lesion_id))
    low, high = at.min(axis=0), at.max(axis=0)
    x, y, z = ((low + high) / 2).tolist()
    return (x, y, z), float((high - low).max()) + float(np.mean(bench.geometry.spacing_xyz_mm))


def draw_recolored(wanted: Wanted, bench: Bench, lesion_id: int) -> Lesion:
    """Draw what a lesion is to become; its size and place are those of its outline.

    Raises:
        StudyError: when there is no such lesion.
    """
    center, size_mm = outline(bench, lesion_id)
    return replace(draw_tissues(replace(wanted, size_mm=size_mm)), center=center)


def recolor(bench: Bench, lesion_id: int, lesion: Lesion, *, seed: int) -> Changed:
    """Fill a lesion with liver, then paint the tissues and the inner structure of ``lesion`` into its old outline.

    Raises:
        StudyError: when there is no such lesion.
    """
    old = row_of(bench, lesion_id)
    key = old.lesion_class if old is not None else None
    mask = bench.lesions == lesion_id
    spacing = bench.geometry.spacing_zyx_mm
    depth = ndimage.distance_transform_edt(~mask, sampling=spacing) - ndimage.distance_transform_edt(
        mask, sampling=spacing
    )
    empty = without(bench, lesion_id, margin_mm=margin_mm(key), seed=seed)
    edge_mm = LESION_CLASSES[lesion.lesion_class].appearance.edge_mm
    hu: dict[Phase, Field] = {}
    intended: dict[str, float] = {}
    for index, phase in enumerate(Phase):
        if phase not in bench.study.phases:
            continue
        local = Local.of(bench, phase, lesion.center, lesion.long_axis_mm * 0.625 + SURROUNDINGS_MM, hu=empty[phase])
        distance = resample(depth.astype(np.float32), bench.geometry, local.rest, order=1, fill=1000.0)
        places = places_of(local.rest)
        at = np.stack([p - c for p, c in zip((places.x, places.y, places.z), lesion.center, strict=True)])
        own = structure_hu(lesion, at, distance, StudyEnhancement(bench.inputs), local.width_mm)[index]
        part = share(distance, float(np.hypot(local.width_mm, edge_mm)))
        local.lesions[local.lesions == lesion_id] = 0
        _, intended[str(phase)] = lay(local, part, own, seed=seed)
        hu[phase] = local.volume
    record = {"change": "recolor", "seed": seed, "lesion_class_before": key, "intended_hu": intended}
    return finish(bench, hu, mask, lesion, record, number=lesion_id)
