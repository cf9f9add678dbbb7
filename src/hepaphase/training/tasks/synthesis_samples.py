"""Prepared liver crops as examples for stage I."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...phantom.labels import Organ
from ...study.phase import REFERENCE_ORDER, TYPICAL_TIME_S, Phase
from ...synthesis.facts import fact_numbers, known_of, recorded_facts
from ...synthesis.levels import level_numbers, liver_places
from ..cohort import Cohort, PreparedCase
from ..data import Sample
from .synthesis import SUBSETS, SynthesisConfig

AIR_HU = -1000
NUM_PLACES = 64
"""Voxels that stand for the liver of a crop."""
OFTEN = {(Phase.NC,): 8.0, (Phase.PVP,): 3.0, (Phase.NC, Phase.PVP): 3.0}
"""How often these inputs are drawn against any other subset: they are what practice has."""
_PULL = {"air": 0.1, "body": 1.0, "liver": 3.0, "lesion": 12.0}
"""Chance of a voxel of each kind to be compared, relative to each other."""

Array = npt.NDArray[Any]
Corner = tuple[slice, slice, slice]


@dataclass(frozen=True, slots=True)
class SynthesisSamples:
    """Crops of prepared cases.

    Every sample has ``hu`` (P, z, y, x) with air where a phase is absent, ``known`` (P,) which phases the case has,
    ``scanned`` (P,) which of them are shown to the network, ``time_s`` (P,) when they were scanned and ``given_s`` what
    the network is told. Training adds ``voxels`` (N,) and ``truth_hu`` (N, P) there; validation whole volumes
    ``truth_hu`` (P, z, y, x), ``liver`` and ``lesions``. The truth is free of noise where the case has it so.
    ``facts`` is what the network is told of patient, injection and tube: all that is known in validation, in training
    also nothing or a part. ``levels`` (P, K) is what the phases measure of the whole case, not of the crop; in some of
    training without the liver's mask. In validation ``still_levels`` is that of ``still_hu``, the phases held still.
    ``places`` (S,) are voxels that stand for the liver. ``plain`` (N,) says which voxels of training are of the liver,
    and of no lesion or vessel.

    Phases of a simulated exam differ by breathing, and the truth is known in one state. The input that the pipeline
    would choose as its reference is shown in that state (``with_reference``), the others as they were breathed.
    """

    cohort: Cohort
    config: SynthesisConfig
    training: bool

    def __len__(self) -> int:
        return len(self.cohort)

    def sample(self, index: int, rng: np.random.Generator) -> Sample:
        """Example ``index``."""
        case = self.cohort.load(index)
        size = self.config.crop_zyx if self.training else self.config.validation_crop_zyx
        corner = crop_corner(case, size, rng if self.training else None)
        hu = np.stack([cut(case.hu.get(p), corner, size) for p in Phase]).astype(np.float32)
        still = np.stack([cut(held_still(case, p), corner, size) for p in Phase]).astype(np.float32)
        truth = np.stack([cut(truth_of(case, p), corner, size) for p in Phase]).astype(np.float32)
        known = np.array([p in case.hu for p in Phase])
        times = np.array([time_of(case, p) for p in Phase], dtype=np.float32)
        common: dict[str, Array] = {"hu": hu, "known": known, "time_s": times, "given_s": times, "scanned": known}
        masks = {name: cut(case.masks.get(name), corner, size, fill=0) for name in ("liver", "lesions")}
        if not self.training:
            levels = {
                "levels": levels_of(case, known),
                "still_levels": levels_of(case, known, still=known),
                "places": liver_places(masks["liver"], NUM_PLACES),
            }
            return (
                common
                | levels
                | {"truth_hu": truth, "still_hu": still, "facts": fact_numbers(facts_of(case))}
                | {name: mask.astype(np.int32) for name, mask in masks.items()}
            )
        voxels = _draw_voxels(hu[known][0], masks, self.config.num_voxels, rng)
        typical = np.array([TYPICAL_TIME_S[p] for p in Phase], dtype=np.float32)
        told = typical if rng.random() < self.config.unknown_time_share else times
        scanned = _draw_subset(known, rng)
        facts = fact_numbers(_told_facts(facts_of(case), self.config.untold_share, rng))
        masked = rng.random() >= self.config.unmasked_share
        plain = cut(plain_liver(case), corner, size, fill=0).reshape(-1)[voxels]
        return common | {
            "facts": facts,
            "levels": levels_of(case, scanned, still=reference_among(scanned), masked=masked),
            "plain": plain > 0,
            "places": liver_places(cut(plain_liver(case), corner, size, fill=0) if masked else None, NUM_PLACES, rng),
            "hu": with_reference(hu, still, scanned),
            "scanned": scanned,
            "given_s": told,
            "voxels": voxels,
            "truth_hu": truth.reshape(len(truth), -1)[:, voxels].T.copy(),
        }


def make_samples(cohort: Cohort, config: SynthesisConfig, *, training: bool) -> SynthesisSamples:
    """What a run calls."""
    return SynthesisSamples(cohort, config, training)


def facts_of(case: PreparedCase) -> dict[str, Any]:
    """What is known of patient, injection and tube; of a simulated exam what would have been written down."""
    return known_of({**recorded_facts(case.exam), **case.clinical})


def truth_of(case: PreparedCase, phase: Phase) -> Array | None:
    """The best there is: without noise and as the reference was breathed, without noise, or as scanned."""
    return next((kind[phase] for kind in (case.reference_hu, case.clean_hu, case.hu) if phase in kind), None)


def held_still(case: PreparedCase, phase: Phase) -> Array | None:
    """The phase with its noise, but as the reference was breathed; as scanned where that is not known."""
    if phase not in case.reference_hu or phase not in case.clean_hu:
        return case.hu.get(phase)
    return case.hu[phase] - case.clean_hu[phase] + case.reference_hu[phase]


def with_reference(hu: Array, still: Array, scanned: Array) -> Array:
    """Phases (P, z, y, x) of which the one that is the reference among ``scanned`` (P,) lies where the truth lies."""
    return np.asarray(np.where(reference_among(scanned)[:, None, None, None], still, hu))


def reference_among(scanned: Array) -> Array:
    """Which phase, bool (P,), the pipeline would choose as its reference among ``scanned`` (P,)."""
    order = list(Phase)
    reference = next(order.index(p) for p in REFERENCE_ORDER if scanned[order.index(p)])
    return np.asarray(np.arange(len(order)) == reference)


def levels_of(case: PreparedCase, shown: Array, *, still: Array | None = None, masked: bool = True) -> Array:
    """What the phases ``shown`` (P,) measure of the whole case, (P, K), those in ``still`` (P,) held still."""
    held = np.zeros(len(shown), np.bool_) if still is None else still
    hu = {p: held_still(case, p) if held[k] else case.hu[p] for k, p in enumerate(Phase) if shown[k]}
    volumes = {p: np.asarray(volume) for p, volume in hu.items()}
    return level_numbers(volumes, case.masks.get("liver") if masked else None)


def plain_liver(case: PreparedCase) -> Array | None:
    """The liver without lesions, and without vessels where they are labelled; None without a mask of it."""
    if "liver" not in case.masks:
        return None
    plain = case.masks["liver"] > 0
    plain &= case.masks["lesions"] == 0 if "lesions" in case.masks else True
    return np.asarray(plain & (case.masks["organs"] == int(Organ.LIVER)) if "organs" in case.masks else plain)


def time_of(case: PreparedCase, phase: Phase) -> float:
    """Seconds after the start of injection; the typical time where it is not known."""
    return 0.0 if phase is Phase.NC else float(case.times_s.get(phase, TYPICAL_TIME_S[phase]))


def crop_corner(
    case: PreparedCase, size: tuple[int, int, int], rng: np.random.Generator | None
) -> tuple[int, int, int]:
    """First voxel of the crop: around any voxel of the liver, or around its middle."""
    liver = np.argwhere(case.masks["liver"] > 0) if "liver" in case.masks else np.empty((0, 3), int)
    shape = next(iter(case.hu.values())).shape
    if not len(liver):
        centre = np.asarray(shape) // 2
    elif rng is None:
        centre = (liver.min(axis=0) + liver.max(axis=0) + 1) // 2
    else:
        centre = liver[rng.integers(len(liver))]
    last = np.maximum(np.asarray(shape) - size, 0)
    z, y, x = np.clip(centre - np.asarray(size) // 2, 0, last).tolist()
    return (z, y, x)


def cut(volume: Array | None, corner: tuple[int, int, int], size: tuple[int, int, int], *, fill: int = AIR_HU) -> Array:
    """A box of ``size``; ``fill`` outside the volume and where there is none."""
    if volume is None:
        return np.full(size, fill, dtype=np.int16)
    part = volume[tuple(slice(c, c + s) for c, s in zip(corner, size, strict=True))]
    pads = [(0, s - n) for s, n in zip(size, part.shape, strict=True)]
    return np.pad(part, pads, constant_values=fill)


def _told_facts(facts: dict[str, Any], untold_share: float, rng: np.random.Generator) -> dict[str, Any]:
    """None of ``facts``, each with an even chance, or all, in that order of a draw."""
    drawn, kept = rng.random(), rng.random(len(facts)) < 0.5
    if drawn < untold_share:
        return {}
    return {n: v for (n, v), keep in zip(facts.items(), kept, strict=True) if keep or drawn >= 2 * untold_share}


def _draw_subset(known: Array, rng: np.random.Generator) -> Array:
    choices = [s for s in SUBSETS if all(known[list(Phase).index(p)] for p in s)]
    chance = np.array([OFTEN.get(s, 1.0) for s in choices])
    picked = choices[rng.choice(len(choices), p=chance / chance.sum())]
    return np.array([p in picked for p in Phase])


def _draw_voxels(hu: Array, masks: dict[str, Array], num: int, rng: np.random.Generator) -> Array:
    """Positions in the flattened crop, with replacement, by what is there."""
    pull = np.where(hu > -300, _PULL["body"], _PULL["air"]).astype(np.float64)
    pull[masks["liver"] > 0] = _PULL["liver"]
    pull[masks["lesions"] > 0] = _PULL["lesion"]
    total = np.cumsum(pull.ravel())
    return np.asarray(np.searchsorted(total, rng.random(num) * total[-1], side="right").clip(max=total.size - 1))
