"""Where real anatomy comes from: a scan with organs from a label map or from the network, or a label map alone."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.errors import ConfigError, InputError
from ..base.seeds import stream
from ..bundle.bundle import Bundle, shipped
from ..io.nifti import read_mask
from ..io.source import PhaseNames, read_source
from ..organs.segment import coarse_organs, organ_mask
from ..phantom.label_maps import read_names, read_organs
from ..phantom.labels import Organ
from ..phantom.torso import draw_torso, surround
from ..resample.crop import box_around
from ..resample.grid import resample
from ..study.geometry import Geometry
from ..study.phase import Phase
from ..study.study import PhaseVolume, Study
from .real import RealDraw, study_of_labels, study_of_scan

Labels = npt.NDArray[np.uint8]

_MARGIN_MM = 45.0
"""Of the body kept around the liver; spleen, aorta and kidneys reach into it."""
_SPACING_MM = 3.0
_OF_CLASS = {
    "body": Organ.SOFT_TISSUE,
    "stomach": Organ.STOMACH,
    "lungs": Organ.LUNG,
    "bones": Organ.BONE,
    "heart": Organ.HEART,
    "spleen": Organ.SPLEEN,
    "kidneys": Organ.KIDNEY,
    "gallbladder": Organ.GALLBLADDER,
    "vena_cava": Organ.IVC,
    "aorta": Organ.AORTA,
    "liver": Organ.LIVER,
}
"""Class of the network to label, later ones over earlier ones."""


@dataclass(frozen=True, slots=True)
class Anatomy:
    """Organs around a liver, and the scan they were seen in if there is one."""

    name: str
    organs: Labels
    """``Organ`` labels, (z, y, x)."""
    geometry: Geometry
    scan: PhaseVolume | None = None
    phase: Phase | None = None
    """Of the scan."""

    def study(self, drawn: RealDraw) -> tuple[Study, dict[str, Any]]:
        """Four phases, and how they were made."""
        if self.scan is None or self.phase is None:
            return study_of_labels(self.organs, self.geometry, drawn)
        return study_of_scan(self.scan, self.phase, self.organs, drawn)


def anatomy_of_scan(
    path: Path,
    phases: PhaseNames | None,
    *,
    liver: Path | None = None,
    organs: tuple[Path, Path] | None = None,
    device: str = "cpu",
) -> Anatomy:
    """A scan of one phase, cut to the surroundings of its liver.

    Args:
        path: whatever ``read`` takes.
        phases: what it is; a case folder tells itself.
        liver: a mask of the liver, in place of the network's.
        organs: a label map on any grid and the names of its labels (JSON), in place of the network.
        device: where the network runs.

    Raises:
        ConfigError: when the source has more than one phase.
        InputError: when there is no liver in it.
    """
    study = read_source(path, phases=phases)
    if len(study.phases) > 1:
        raise ConfigError(f"'{path}' holds {', '.join(study.phases)}. Name the one to start from: --phases PVP.")
    phase, volume = next(iter(study.phases.items()))
    labels = _read_labels(*organs, volume.geometry) if organs is not None else _network_labels(volume, device)
    mask = study.masks.get("liver") if liver is None else read_mask(liver)
    if mask is not None:
        inside = resample((mask[0] > 0).astype(np.uint8), mask[1], volume.geometry, order=0) > 0
        labels[(labels == Organ.LIVER) & ~inside] = Organ.SOFT_TISSUE
        labels[inside] = Organ.LIVER
    _need_liver(labels, path)
    box = box_around(labels == Organ.LIVER, volume.geometry, margin_mm=_MARGIN_MM)
    grid = box.geometry(volume.geometry)
    scan = replace(volume, hu=np.ascontiguousarray(volume.hu[box.slices]), geometry=grid)
    return Anatomy(study.case, np.ascontiguousarray(labels[box.slices]), grid, scan, phase)


def anatomy_of_labels(path: Path, names: Path, *, seed: int) -> Anatomy:
    """A label map of organs on 3 mm cubes, a body drawn around it, cut to the surroundings of its liver.

    Raises:
        InputError: when there is no liver or no aorta in it.
    """
    torso = draw_torso(stream(seed, "real", "torso"))
    labels = surround(read_organs(path, read_names(names)), torso)
    whole = Geometry(labels.shape, (_SPACING_MM, _SPACING_MM, _SPACING_MM), (0.0, 0.0, 0.0))
    box = box_around(labels == Organ.LIVER, whole, margin_mm=_MARGIN_MM)
    return Anatomy(path.name.split(".")[0], np.ascontiguousarray(labels[box.slices]), box.geometry(whole))


def _read_labels(path: Path, names: Path, grid: Geometry) -> Labels:
    stored, own = read_mask(path)
    table = np.full(int(stored.max()) + 1, Organ.SOFT_TISSUE, np.uint8)
    table[0] = Organ.BACKGROUND
    for label, name in read_names(names).items():
        if label < len(table):
            table[label] = Organ[name]
    return np.asarray(resample(table[stored], own, grid, order=0))


def _network_labels(volume: PhaseVolume, device: str) -> Labels:
    coarse = coarse_organs(volume, Bundle.load(shipped("organs"), kind="organs"), device=device)
    labels = np.zeros(volume.geometry.shape_zyx, np.uint8)
    for name, organ in _OF_CLASS.items():
        labels[organ_mask(coarse, name, volume) > 0] = organ
    return labels


def _need_liver(labels: Labels, path: Path) -> None:
    if not (labels == Organ.LIVER).any():
        raise InputError(f"The anatomy '{path}' has no liver. Choose a scan of the upper abdomen, or name its label.")
