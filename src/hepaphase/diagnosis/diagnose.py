"""Stage II on a prepared study: lesions, their classes, the patient's scores."""

from dataclasses import dataclass
from functools import partial
from math import lcm
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch import Tensor

from ..base.errors import StudyError
from ..bundle.bundle import Bundle
from ..study.findings import PatientScores
from ..study.lesions import LESION_CLASSES
from ..study.phase import Phase
from ..study.study import AlignedStudy
from .average import Read, flipped_mean, mean_of
from .beside import BESIDE, not_beside, only
from .build import NetworkConfig, build
from .checking import Checker, check_inputs, checker_of, faded, network_of
from .known_facts import clinical_numbers
from .liver_max import patient_scores
from .mask_transformer import MaskTransformer
from .measures import measure_lesions
from .naming import Namer, as_inputs, namer_of
from .origins import origin_shares
from .postprocess import ReadConfig, class_probabilities, lesion_labels, renamed, shared_out
from .semantic import of_queries, semantic
from .tiles import read_tiles
from .window import Scan

SPACING_MM = 4.0
"""The grid that stage II reads (our choice: what two CPU cores train in an hour)."""

AIR_HU = -1000.0

Map = npt.NDArray[np.float32]

LIVER_MARGIN = 1
"""Voxels by which the liver mask is widened before the network reads it."""


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
    num_beside: int = 0
    """How many more were found at fat from outside or at the heart, and left out."""
    num_doubted: int = 0
    """How many more the voxels would have marked by themselves, and the checker left out."""
    sure: tuple[float, ...] | None = None
    """For lesion 1 ... L how likely it is one, by the checker; None without one."""

    def lesion_confidence(self) -> dict[int, float]:
        """For each lesion how likely it is one: by the checker, else the largest probability over its voxels."""
        if self.sure is not None:
            return dict(enumerate(self.sure, start=1))
        ids = range(1, len(self.lesion_probabilities) + 1)
        largest = ndimage.maximum(1 - self.semantic[-1], self.lesions, list(ids)) if ids else []
        return {k: min(max(float(value), 0.0), 1.0) for k, value in zip(ids, largest, strict=True)}


class Reader:
    """A network with the settings it is read with."""

    namer: Namer | None = None
    """Names lesions from their measures; without one the voxels name them."""
    checker: Checker | None = None
    """Judges each find and leaves false ones out; without one every find is reported."""
    flips: bool = False
    """Read every study in all eight mirrorings and average, at eight times the cost."""
    others: "tuple[Reader, ...]" = ()
    """Readers whose maps are averaged with this one's, each at the cost of a reading; this one's settings and naming
    hold."""

    def __init__(
        self, network: MaskTransformer, config: NetworkConfig, read: ReadConfig, *, device: str = "cpu"
    ) -> None:
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
        network.load_state_dict({name: value.float() for name, value in network_of(bundle).weights.items()})
        reader = cls(network, config, ReadConfig.from_dict(bundle.config["read"]), device=device)
        reader.namer = namer_of(bundle)
        reader.checker = checker_of(bundle)
        return reader

    def diagnose(self, study: AlignedStudy) -> Diagnosis:
        """Read one study, any subset of phases; see ``diagnose``."""
        liver = liver_of(study)
        probabilities, naming, marked = self._maps(study)
        labels, classes = lesion_labels(marked, liver, study.geometry, self.read, naming=naming)
        core = 1 - probabilities[-1] > self.read.threshold
        sure, num_doubted = None, 0
        if self.checker is not None:
            sure = self._sure(study, labels, probabilities, naming)
            real = sure >= self.read.min_sure
            alone = np.unique(labels[core])
            num_doubted = int((~real[alone[alone > 0] - 1]).sum())
            probabilities = faded(probabilities, labels, np.where(real, np.float32(1), sure))
            labels, classes, sure = only(labels, (np.flatnonzero(real) + 1).tolist()), classes[real], sure[real]
        kept, scored = not_beside(labels, liver, study.masks.get(BESIDE), core=core)
        num_beside = len(classes) - len(kept)
        if num_beside:
            places = [k - 1 for k in kept]
            labels, classes, sure = only(labels, kept), classes[places], None if sure is None else sure[places]
        if self.namer is not None:
            classes = self._named(study, labels, probabilities, naming)
            probabilities = renamed(probabilities, labels, classes, share=self.read.namer_share)
        return Diagnosis(
            lesions=labels,
            lesion_probabilities=[dict(zip(self.classes, map(float, row), strict=True)) for row in classes],
            patient=patient_scores(probabilities, scored, self.classes),
            semantic=probabilities,
            num_beside=num_beside,
            num_doubted=num_doubted,
            sure=None if sure is None else tuple(map(float, sure)),
        )

    def name(self, study: AlignedStudy, lesions: npt.NDArray[np.uint16]) -> list[dict[str, float]]:
        """What lesions 1 ... L, (z, y, x), that are known already would be called by these phases."""
        classes = self._named(study, lesions, *self.semantic(study))
        return [dict(zip(self.classes, map(float, row), strict=True)) for row in classes]

    def _named(self, study: AlignedStudy, labels: npt.NDArray[np.uint16], output: Map, naming: Map) -> Map:
        """Class probabilities (L, K), from the voxels and, where there is a namer, from what is measured."""
        if self.namer is not None:
            return self.namer.probabilities(_seen(study, labels, naming))
        if not self.read.class_shares:
            return class_probabilities(output, labels)
        return shared_out(class_probabilities(naming, labels), self.read.class_shares)

    def _sure(self, study: AlignedStudy, labels: npt.NDArray[np.uint16], output: Map, naming: Map) -> Map:
        """How likely each find is a lesion (L,)."""
        assert self.checker is not None
        return self.checker.probabilities(check_inputs(_seen(study, labels, naming), 1 - output[-1], labels))

    def semantic(self, study: AlignedStudy) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Class probabilities of every voxel, twice (K + 1, z, y, x), background last.

        First the semantic output; then what names lesions, the semantic branch with its background as it learned it.
        """
        output, naming, _ = self._maps(study)
        return output, naming

    def _maps(self, study: AlignedStudy) -> tuple[Map, Map, Map]:
        """As ``semantic`` gives them, and the semantic output in which finds are looked for."""
        tile = self.read.tile_zyx
        multiple = lcm(*(reader.config.size_multiple for reader in (self, *self.others)))
        scan = scan_of(study, multiple=multiple, smallest=tile or (1, 1, 1), device=self.device)
        with torch.inference_mode():
            look = self._look()
            probabilities = look(scan) if tile is None else read_tiles(look, scan, tile)
        z, y, x = study.geometry.shape_zyx
        both = np.ascontiguousarray(probabilities[0, :, :z, :y, :x].cpu().numpy())
        width = len(self.classes) + 1
        return both[:width], both[width : 2 * width], both[-width:] if self.checker is not None else both[:width]

    def origins(
        self, study: AlignedStudy, lesions: npt.NDArray[np.integer], *, temperature: float = 1.0
    ) -> list[dict[str, float]] | None:
        """For lesion 1 ... L of ``lesions`` (z, y, x) the probability of each origin, were it a metastasis.

        None for a network that does not tell origins. The study is read whole, not in tiles.
        """
        scan = scan_of(study, multiple=self.config.size_multiple, device=self.device)
        with torch.inference_mode():
            logits = self.network(scan).origin_logits
        if logits is None:
            return None
        z, y, x = study.geometry.shape_zyx
        return origin_shares(logits[0, :, :z, :y, :x].float().cpu().numpy(), lesions, temperature=temperature)

    def _look(self) -> Read:
        """How a scan is read, with whatever is averaged."""
        drop = None if self.checker is None else self.read.candidate_drop
        looks = [partial(reader._read, drop=drop) for reader in (self, *self.others)]
        each = mean_of(looks) if self.others else looks[0]
        return flipped_mean(each) if self.flips else each

    def _read(self, scan: Scan, *, drop: float | None = None) -> Tensor:
        """The maps one after the other (1, 2 (K + 1), z, y, x); with ``drop`` (1, 3 (K + 1), z, y, x)."""
        read, said = self.read, self.network(scan)
        backgrounds = [read.background_logit] if drop is None else [read.background_logit, read.background_logit - drop]
        queries = of_queries(said) if said.outputs else None
        output, *marked = (
            semantic(said, voxel_share=read.voxel_share, background_logit=b, queries=queries) for b in backgrounds
        )
        return torch.cat([output, semantic(said, voxel_share=1.0), *marked], dim=1)


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


def scan_of(
    study: AlignedStudy, *, multiple: int, smallest: tuple[int, int, int] = (1, 1, 1), device: str = "cpu"
) -> Scan:
    """What the network reads of one study.

    Padded with air at the far ends to a multiple of ``multiple`` and to ``smallest``.

    Raises:
        StudyError: unless the study lies on a grid of 4 mm and has a liver mask.
    """
    spacing: Any = study.geometry.spacing_zyx_mm
    if not np.allclose(spacing, SPACING_MM, atol=0.01):
        raise StudyError(
            f"Stage II reads a {SPACING_MM:g} mm grid, study '{study.case}' has spacing {spacing} mm (z, y, x). "
            "Resample it first: hepaphase prepare."
        )
    liver = liver_of(study)
    sizes = study.geometry.shape_zyx
    padding = [(0, max(least, size + -size % multiple) - size) for size, least in zip(sizes, smallest, strict=True)]
    hu = np.zeros((1, len(Phase), *(s + p[1] for s, p in zip(sizes, padding, strict=True))), dtype=np.float32)
    liver_hu = np.zeros((1, len(Phase)), dtype=np.float32)
    for index, phase in enumerate(Phase):
        if phase in study.hu:
            hu[0, index] = np.pad(study.hu[phase], padding, constant_values=AIR_HU)
            liver_hu[0, index] = median_hu(study.hu[phase], liver)
    wide = np.pad(widened(liver), padding)[None]
    present = np.array([[phase in study.hu for phase in Phase]])
    known = clinical_numbers(study.clinical)[None]
    return Scan(*(torch.from_numpy(part).to(device) for part in (hu, present, wide, liver_hu, known)))


def measures_of(study: AlignedStudy, lesions: npt.NDArray[np.uint16]) -> npt.NDArray[np.float32]:
    """Measures (L, names) of lesions 1 ... L of ``lesions`` (z, y, x); see ``measures.measure_lesions``."""
    return measure_lesions(*_phases(study), lesions, liver_of(study))


def _seen(study: AlignedStudy, labels: npt.NDArray[np.uint16], naming: Map) -> Map:
    """What a second look reads of each lesion (L, width); see ``naming.as_inputs``."""
    hu, present = _phases(study)
    return as_inputs(
        measure_lesions(hu, present, labels, liver_of(study)), present, class_probabilities(naming, labels)
    )


def _phases(study: AlignedStudy) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """HU (4, z, y, x), zero where a phase is absent, and which are there (4,)."""
    hu = np.zeros((len(Phase), *study.geometry.shape_zyx), dtype=np.float32)
    for index, phase in enumerate(Phase):
        if phase in study.hu:
            hu[index] = study.hu[phase]
    return hu, np.array([phase in study.hu for phase in Phase])


def median_hu(hu: npt.NDArray[Any], liver: npt.NDArray[np.bool_]) -> float:
    """Median HU of the liver, lesions included; 0 where there is no liver."""
    return float(np.median(hu[liver])) if liver.any() else 0.0


def widened(liver: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The liver with a margin of ``LIVER_MARGIN`` voxels, so that a rough mask does no harm."""
    return np.asarray(ndimage.binary_dilation(liver, iterations=LIVER_MARGIN))
