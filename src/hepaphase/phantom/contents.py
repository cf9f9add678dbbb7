"""What is inside the organs of a randomised image: loops of bowel, gas, vessels, lesions, cortex and medulla."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..base.seeds import stream
from .appearance import Appearance, Lesion
from .labels import Organ
from .smooth import Field, smooth_noise
from .torso import Bools, Labels

GAS_HU = -950.0


def fill_cavity(hu: Field, labels: Labels, look: Appearance) -> None:
    """Paint loops of bowel with wall, gas and oral contrast, and ascites, where the labels say ``SOFT_TISSUE``."""
    bowel, shape = look.bowel, _shape(labels)
    free = labels == Organ.SOFT_TISSUE
    rng = stream(look.seed, "bowel")
    course = np.abs(smooth_noise(rng, shape, bowel.cell_voxels))
    content = smooth_noise(rng, shape, bowel.cell_voxels * 1.7)
    if bowel.ascites_hu is not None:
        hu[free & (smooth_noise(rng, shape, 20) > bowel.ascites_threshold)] = bowel.ascites_hu
    loops = free & (course < bowel.thickness) & (content > bowel.threshold)
    hu[loops] = look.mean_hu["BOWEL"] + 25 * content[loops]
    lumen = loops & (course < 0.55 * bowel.thickness)
    kind = smooth_noise(rng, shape, bowel.cell_voxels * 1.5)
    hu[lumen & (kind > bowel.gas_threshold)] = GAS_HU
    if bowel.oral_contrast_hu is not None:
        hu[lumen & (kind < -bowel.oral_threshold)] = bowel.oral_contrast_hu
    if bowel.masses and free.any():
        places = np.argwhere(free)
        for mass in bowel.masses:
            _paint_blob(hu, free, mass, places[int(mass.place * len(places))], base_hu=0.0, rng=rng)


def fill_stomach(hu: Field, labels: Labels, look: Appearance) -> None:
    """A mixed meal, and gas in front of it, for the patient lies on the back."""
    stomach = labels == Organ.STOMACH
    if not stomach.any():
        return
    texture = smooth_noise(stream(look.seed, "stomach"), _shape(labels), 8)
    hu[stomach] += look.stomach_texture_hu * texture[stomach]
    if look.stomach_gas is not None:
        rows = np.flatnonzero(stomach.any(axis=(0, 2)))
        level = int(rows[0] + look.stomach_gas * (rows[-1] - rows[0]))
        above = stomach.copy()
        above[:, level:] = False
        hu[ndimage.binary_erosion(above)] = GAS_HU


def fill_shells(hu: Field, labels: Labels, look: Appearance) -> None:
    """Medulla inside the cortex of kidneys, marrow inside bone."""
    for organ, inner_hu, depth in ((Organ.KIDNEY, look.medulla_hu, 2), (Organ.BONE, look.marrow_hu, 1)):
        mask = labels == organ
        if mask.any():
            hu[ndimage.binary_erosion(mask, iterations=depth)] += inner_hu


def fill_liver(hu: Field, labels: Labels, look: Appearance) -> None:
    """Vessels where the zero levels of two smooth fields cross, which gives branching tubes, and lesions."""
    liver = labels == Organ.LIVER
    if not liver.any():
        return
    rng = stream(look.seed, "liver")
    ridges = [np.abs(smooth_noise(rng, _shape(labels), look.vessel_cell_voxels)) for _ in range(2)]
    vessels = liver & (ridges[0] < look.vessel_width) & (ridges[1] < 1.6 * look.vessel_width)
    hu[vessels] = look.mean_hu[look.vessel_organ]
    if look.lesions:
        places = np.argwhere(liver)
        for lesion in look.lesions:
            middle = places[int(lesion.place * len(places))]
            _paint_blob(hu, liver, lesion, middle, base_hu=look.mean_hu["LIVER"], rng=rng)


def _paint_blob(
    hu: Field,
    organ: Bools,
    blob: Lesion,
    middle: npt.NDArray[np.int_],
    *,
    base_hu: float,
    rng: np.random.Generator,
) -> None:
    radius = np.asarray(blob.radius_voxels)
    start = np.maximum(np.floor(middle - 1.3 * radius), 0).astype(int)
    stop = np.minimum(np.ceil(middle + 1.3 * radius) + 1, organ.shape).astype(int)
    box = tuple(slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))
    grid = np.ogrid[box]
    distance = sum(((g - m) / r) ** 2 for g, m, r in zip(grid, middle, radius, strict=True))
    inside = organ[box]
    distance = distance + 0.15 * smooth_noise(rng, _shape(inside), 4)
    part = hu[box]
    part[(distance < 1) & inside] = base_hu + blob.rim_hu
    part[(distance < 0.6) & inside] = base_hu + blob.contrast_hu


def _shape(array: npt.NDArray[np.generic]) -> tuple[int, int, int]:
    z, y, x = array.shape
    return (z, y, x)
