"""Stage II on a prepared study: lesions, their classes, the patient's scores."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..base.errors import StudyError
from ..bundle.bundle import Bundle
from ..study.findings import PatientScores
from ..study.lesions import LESION_CLASSES
from ..study.phase import Phase
from ..study.study import AlignedStudy
from .build import NetworkConfig, build
from .liver_max import patient_scores
from .mask_transformer import MaskTransformer
from .postprocess import ReadConfig, lesion_labels
from .semantic import semantic
from .tiles import read_tiles

SPACING_MM = 4.0
"""The grid that stage II reads (our choice: what two CPU cores train in an hour)."""

AIR_HU = -1000.0


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What stage II says about one study, on the study's grid."""

    lesions: npt.NDArray[np.uint16]
    """(z, y, x), 0 outside, 1 ... L, largest first."""
    lesion_probabilities: list[dict[str, float]]
    """For lesion 1 ... L, class to probability, summing to one."""
    patient: PatientScores
    semantic: npt.NDArray[np.float32]
    """(K + 1, z, y, x), background last, summing to one."""


class Reader:
    """A network with the settings it is read with."""

    def __init__(self, network: MaskTransformer, config: NetworkConfig, read: ReadConfig, *, device: str = "cpu"):
        self.network = network.to(device).eval()
        self.config = config
        self.read = read
        self.device = device
        self.classes = tuple(LESION_CLASSES)

    @classmethod
    def from_bundle(cls, bundle: Bundle, *, device: str = "cpu") -> "Reader":
        """The reader that ``bundle`` holds.

        Raises:
            BundleError: if it is of another kind or its classes are not ours.
        """
        bundle.check_classes(tuple(LESION_CLASSES))
        config = NetworkConfig.from_dict(bundle.config["network"])
        network = build(config)
        network.load_state_dict({name: value.float() for name, value in bundle.weights.items()})
        return cls(network, config, ReadConfig.from_dict(bundle.config["read"]), device=device)

    def diagnose(self, study: AlignedStudy) -> Diagnosis:
        """Read one study, any subset of phases; see ``diagnose``."""
        liver = liver_of(study)
        probabilities = self.semantic(study)
        labels, classes = lesion_labels(probabilities, liver, study.geometry, self.read)
        return Diagnosis(
            lesions=labels,
            lesion_probabilities=[dict(zip(self.classes, map(float, row), strict=True)) for row in classes],
            patient=patient_scores(probabilities, liver, self.classes),
            semantic=probabilities,
        )

    def semantic(self, study: AlignedStudy) -> npt.NDArray[np.float32]:
        """Class probabilities (K + 1, z, y, x) of every voxel, background last."""
        smallest = self.read.tile_zyx or (1, 1, 1)
        hu, present = network_input(study, multiple=self.config.size_multiple, smallest=smallest)
        hu, present = hu.to(self.device), present.to(self.device)
        with torch.inference_mode():
            if self.read.tile_zyx is None:
                probabilities = self._read(hu, present)
            else:
                wanted = torch.zeros(hu.shape[2:], dtype=torch.bool)
                z, y, x = study.geometry.shape_zyx
                wanted[:z, :y, :x] = torch.from_numpy(liver_of(study))
                probabilities = read_tiles(lambda part: self._read(part, present), hu, wanted, self.read.tile_zyx)
        z, y, x = study.geometry.shape_zyx
        return np.ascontiguousarray(probabilities[0, :, :z, :y, :x].cpu().numpy())

    def _read(self, hu: Tensor, present: Tensor) -> Tensor:
        return semantic(self.network(hu, present), voxel_share=self.read.voxel_share)


def diagnose(study: AlignedStudy, bundle: Bundle, *, device: str = "cpu") -> Diagnosis:
    """Find the lesions of a study and name them.

    Args:
        study: any subset of phases on a 4 mm grid, with a ``liver`` mask.
        bundle: of kind ``diagnosis``.
        device: where the network runs.

    Raises:
        StudyError: without a liver mask or on another spacing.
        BundleError: for a bundle that does not fit.
    """
    return Reader.from_bundle(bundle, device=device).diagnose(study)


def liver_of(study: AlignedStudy) -> npt.NDArray[np.bool_]:
    """The study's liver mask.

    Raises:
        StudyError: if it has none.
    """
    if "liver" not in study.masks:
        raise StudyError(
            f"Study '{study.case}' has no liver mask, which stage II needs. Prepare it: hepaphase prepare."
        )
    return np.asarray(study.masks["liver"] > 0)


def network_input(
    study: AlignedStudy, *, multiple: int, smallest: tuple[int, int, int] = (1, 1, 1)
) -> tuple[Tensor, Tensor]:
    """HU (1, 4, z, y, x) and which phases are there (1, 4).

    Padded with air at the far ends to a multiple of ``multiple`` and to ``smallest``.

    Raises:
        StudyError: unless the study lies on a grid of 4 mm.
    """
    spacing: Any = study.geometry.spacing_zyx_mm
    if not np.allclose(spacing, SPACING_MM, atol=0.01):
        raise StudyError(
            f"Stage II reads a {SPACING_MM:g} mm grid, study '{study.case}' has spacing {spacing} mm (z, y, x). "
            "Resample it first: hepaphase prepare."
        )
    sizes = study.geometry.shape_zyx
    padding = [(0, max(least, size + -size % multiple) - size) for size, least in zip(sizes, smallest, strict=True)]
    hu = np.full((1, len(Phase), *(s + p[1] for s, p in zip(sizes, padding, strict=True))), AIR_HU)
    for index, phase in enumerate(Phase):
        if phase in study.hu:
            hu[0, index] = np.pad(study.hu[phase], padding, constant_values=AIR_HU)
    present = torch.tensor([[phase in study.hu for phase in Phase]])
    return torch.from_numpy(hu.astype(np.float32)), present
