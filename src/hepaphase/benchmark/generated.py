"""How good one generated phase is: errors, coverage, lesions made up and lost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..evaluation.crps import crps_normal, crps_samples
from ..evaluation.metrics.psnr import psnr
from ..evaluation.metrics.ssim import ssim_map
from ..evaluation.physics.exam import noise_of
from ..evaluation.spectrum import mean_frequency, patch_power, ring_shares
from ..study.phase import Phase
from ..synthesis.protocol import Generated
from ..training.cohort import PreparedCase
from ..training.tasks.synthesis_samples import held_still
from .made_up import count_made_up, plain_liver

Floats = npt.NDArray[np.floating]
Bools = npt.NDArray[np.bool_]

SMALLEST_LESION_MM3 = 113.0
"""As in the benchmark of reading (product.md): a sphere of 3 mm radius."""
NORMAL_68, NORMAL_95 = 0.99446, 1.95996
"""Standard deviations around the mean that hold 68 and 95 % of a normal distribution."""
BODY_HU = -500.0
VISIBLE = 3.0
"""Detectability in the inputs from which a lesion can be erased (the issue's own number)."""
FADED_HU, TRUE_CONTRAST_HU = 3.0, 10.0
"""Below the one in the generated phase, where the truth has the other or more, a lesion is erased."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Factors on the standard deviation for the central 68 and 95 %, by region; one where none is given."""

    factors: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """``liver``, ``lesion``, ``lesion_mean`` to the two factors."""

    def of(self, region: str) -> tuple[float, float]:
        """Factors of a region."""
        return self.factors.get(region, (1.0, 1.0))


def measure(
    case: PreparedCase, inputs: Mapping[Phase, Floats], target: Phase, made: Generated, stretch: Stretch
) -> dict[str, float]:
    """Every figure of one generated phase; lesion figures only where there is a lesion.

    Args:
        case: with the noise-free truth in the breathing state of the input's reference, and as it was scanned.
        inputs: the phases that were shown.
        target: what was generated.
        made: it.
        stretch: factors on its standard deviation, found on other patients; empty for those that came with it.
    """
    truth = np.asarray(case.reference_hu[target], np.float32)
    liver = case.masks["liver"] > 0
    figures = _errors(case, target, made, truth)
    figures |= _images(made.hu, truth, case.hu.get(target), liver)
    factors = stretch if stretch.factors else Stretch(made.stretch)
    for name, found in deviations(case, target, made).items():
        narrow, wide = factors.of(name)
        figures[f"{name}_cover68"] = float((found <= NORMAL_68 * narrow).mean())
        figures[f"{name}_cover95"] = float((found <= NORMAL_95 * wide).mean())
    figures |= _cover_by_class(case, target, made, factors.of("lesion"))
    figures |= {f"{name}_crps": crps(made, truth, inside) for name, inside in _regions(case).items()}
    if target in case.hu:
        figures |= _noise(case, made, np.asarray(case.hu[target], np.float32))
    figures |= _lesions(case, inputs, made, truth)
    return figures | made_up_figures(case, inputs, target, made.hu, truth)


def made_up_figures(
    case: PreparedCase, inputs: Mapping[Phase, Floats], target: Phase, hu: Floats, truth: Floats
) -> dict[str, float]:
    """The three counts of regions made up, and those of the target's own scan: held still, and as the cohort has it.

    A scan makes nothing up: what noise, streaks, motion and registration leave of these counts is their floor.
    """
    still, scanned = held_still(case, target), case.hu.get(target)
    healthy = "sick" if (case.masks["lesions"] > 0).any() else "healthy"
    figures: dict[str, float] = {}
    for prefix, one in (("", hu), ("still_", still), ("scan_", scanned)):
        if one is not None:
            found = count_made_up(case, np.asarray(one, np.float32), truth, inputs)
            for name, number in (("", found.odd), ("_local", found.seen), ("_unfounded", found.unfounded)):
                figures |= dict.fromkeys((f"{prefix}made_up{name}", f"{prefix}made_up{name}_{healthy}"), float(number))
    return figures


def deviations(case: PreparedCase, target: Phase, made: Generated) -> dict[str, Floats]:
    """Errors in units of the doubt, for voxels of ``liver`` and ``lesion`` and for each ``lesion_mean``.

    Errors within a lesion go together, so the doubt of its mean is taken as the mean of its voxels' (our choice).
    """
    error = made.hu - np.asarray(case.reference_hu[target], np.float32)
    found: dict[str, Floats] = {name: np.abs(error[one]) / made.sd_hu[one] for name, one in _regions(case).items()}
    lesions = large_lesions(case)
    if lesions:
        means = [abs(float(error[one].mean())) / float(made.sd_hu[one].mean()) for one in lesions]
        found["lesion_mean"] = np.asarray(means)
    return found


def _cover_by_class(
    case: PreparedCase, target: Phase, made: Generated, factors: tuple[float, float]
) -> dict[str, float]:
    """Shares of the voxels of each class of lesion within the intervals of lesions."""
    off = np.abs(made.hu - np.asarray(case.reference_hu[target], np.float32)) / made.sd_hu
    found = {}
    for key in sorted(set(case.lesion_classes.values())):
        inside = np.isin(case.masks["lesions"], [i for i, name in case.lesion_classes.items() if name == key])
        if inside.any():
            found[f"lesion_{key}_cover68"] = float((off[inside] <= NORMAL_68 * factors[0]).mean())
            found[f"lesion_{key}_cover95"] = float((off[inside] <= NORMAL_95 * factors[1]).mean())
    return found


def crps(made: Generated, truth: Floats, inside: Bools) -> float:
    """Continuous ranked probability score in HU: by the samples of a generator that draws, else of its normal doubt."""
    if made.samples_hu is not None:
        return crps_samples(made.samples_hu[:, inside], truth[inside])
    return crps_normal(made.hu[inside], made.sd_hu[inside], truth[inside])


def _noise(case: PreparedCase, made: Generated, scanned: Floats) -> dict[str, float]:
    """Size and spectrum of the noise against those of the scan itself, in plain liver.

    Judged on one draw, never on a mean; of a generator that gives none, on what it makes. ``noise_ratio`` and
    ``grain_ratio`` (mean frequency) are one for a phase as noisy as a scan; ``spectrum_miss`` is the share of power in
    the wrong ring of frequency.
    """
    one = made.draw_hu if made.draw_hu is not None else made.hu
    one = one if made.samples_hu is None else made.samples_hu[0]
    inside = plain_liver(case)
    if not inside.any():
        return {}
    found = {"noise_ratio": noise_of(one, inside) / noise_of(scanned, inside)}
    powers = [patch_power(np.asarray(hu, np.float32), inside) for hu in (one, scanned)]
    if powers[0] is not None and powers[1] is not None and powers[0].any():
        found["grain_ratio"] = mean_frequency(powers[0]) / mean_frequency(powers[1])
        found["spectrum_miss"] = float(np.abs(ring_shares(powers[0]) - ring_shares(powers[1])).sum() / 2)
    return found


def _regions(case: PreparedCase) -> dict[str, Bools]:
    """Liver without lesions, and lesions; those there are."""
    labels = case.masks["lesions"]
    found = {"liver": (case.masks["liver"] > 0) & (labels == 0), "lesion": labels > 0}
    return {name: one for name, one in found.items() if one.any()}


def large_lesions(case: PreparedCase) -> list[Bools]:
    """Lesions that count, each as a mask."""
    labels = case.masks["lesions"]
    voxel_mm3 = float(np.prod(case.geometry["spacing_xyz_mm"]))
    each = [labels == number for number in np.unique(labels[labels > 0])]
    return [one for one in each if one.sum() * voxel_mm3 >= SMALLEST_LESION_MM3]


def _errors(case: PreparedCase, target: Phase, made: Generated, truth: Floats) -> dict[str, float]:
    labels, liver = case.masks["lesions"], case.masks["liver"] > 0
    error = np.abs(made.hu - truth)
    regions = {"body": truth > BODY_HU, "liver": liver & (labels == 0), "lesion": labels > 0}
    for key in sorted(set(case.lesion_classes.values())):
        ids = [i for i, name in case.lesion_classes.items() if name == key]
        regions[f"lesion_{key}"] = np.isin(labels, ids)
    found = {f"{name}_mae": float(error[inside].mean()) for name, inside in regions.items() if inside.any()}
    found["liver_mean_error"] = float((made.hu - truth)[regions["liver"]].mean())
    found["liver_mean_mae"] = abs(found["liver_mean_error"])
    if target in case.hu:  # against the scan itself: its noise and its breathing count as errors
        scanned = np.abs(made.hu - case.hu[target])
        found |= {f"{name}_mae_scanned": float(scanned[one].mean()) for name, one in regions.items() if one.any()}
        means = [abs(float((made.hu - case.hu[target])[one].mean())) for one in large_lesions(case)]
        found |= {"lesion_mean_mae_scanned": float(np.mean(means))} if means else {}
    return found


def _images(made: Floats, truth: Floats, scanned: npt.NDArray[Any] | None, liver: Bools) -> dict[str, float]:
    """PSNR and SSIM in the fixed window, over body and liver; the SSIM of windows, not of a flattened mask."""
    found = {}
    for suffix, wanted in (("", truth), ("_scanned", scanned)):
        if wanted is None:
            continue
        similar = ssim_map(made, wanted)
        parts = {"body": np.asarray(wanted) > BODY_HU, "liver": liver}
        for name, inside in ((n, part) for n, part in parts.items() if part.any()):
            found[f"{name}_psnr{suffix}"] = psnr(made[inside], np.asarray(wanted)[inside])
            found[f"{name}_ssim{suffix}"] = float(similar[inside].mean())
    return {name: value for name, value in found.items() if np.isfinite(value)}


def _lesions(case: PreparedCase, inputs: Mapping[Phase, Floats], made: Generated, truth: Floats) -> dict[str, float]:
    """Errors of lesion means, and lesions that the inputs show and the generated phase has lost."""
    around = (case.masks["liver"] > 0) & (case.masks["lesions"] == 0)
    lesions = large_lesions(case)
    if not lesions or not around.any():
        return {}
    errors, visible, erased = [], 0, 0
    noise = {p: noise_of(hu, around) for p, hu in inputs.items()}
    for inside in lesions:
        errors.append(abs(float((made.hu - truth)[inside].mean())))
        seen = [abs(contrast(hu, inside, around)) * float(inside.sum()) ** 0.5 / noise[p] for p, hu in inputs.items()]
        if max(seen) >= VISIBLE and abs(contrast(truth, inside, around)) >= TRUE_CONTRAST_HU:
            visible += 1
            erased += abs(contrast(made.hu, inside, around)) < FADED_HU
    return {"lesion_mean_mae": float(np.mean(errors)), "visible": float(visible), "erased": float(erased)}


def contrast(hu: Floats, inside: Bools, around: Bools) -> float:
    """HU of a lesion above the liver."""
    return float(np.asarray(hu)[inside].mean() - np.median(np.asarray(hu)[around]))
