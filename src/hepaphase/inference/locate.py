"""In which segment of the liver each lesion lies, or why that is not said."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ..organs.checks import LIVER_ML, is_cut_off
from ..organs.couinaud import Division, Scan, divide
from ..organs.division_checks import implausible
from ..study.findings import Findings
from ..study.study import AlignedStudy, MaskArray


def locate(
    findings: Findings, small: AlignedStudy, lesions: npt.NDArray[np.uint16], kept: Sequence[int], liver: MaskArray
) -> Findings:
    """The findings with the segment of each lesion.

    Args:
        findings: as measured.
        small: on the working grid, with its organs as far as they are known.
        lesions: those found, (z, y, x) on that grid.
        kept: number in ``lesions`` of each lesion of ``findings``, in order.
        liver: the mask on the grid of the scan, to see whether it is cut off.
    """
    if not findings.lesions:
        return findings
    found, why = divided(small, lesions, liver)
    if found is None:
        return replace(findings, lesions=tuple(replace(f, segment_withheld=why) for f in findings.lesions))
    placed = (
        replace(f, segment=found.segment_of(np.asarray(lesions == number)))
        for f, number in zip(findings.lesions, kept, strict=True)
    )
    return replace(findings, lesions=tuple(placed))


def divided(
    small: AlignedStudy, lesions: npt.NDArray[np.integer], liver: MaskArray, *, veins: bool = True
) -> tuple[Division | None, tuple[str, ...]]:
    """The division of the liver, or every reason why there is none; arguments as for ``locate``.

    Args:
        small: see there.
        lesions: see there.
        liver: see there.
        veins: whether veins are looked for; shares of the volume alone tell less.
    """
    inside = np.asarray(small.masks["liver"] > 0)
    volume_ml = float(np.count_nonzero(inside)) * small.geometry.voxel_ml
    if is_cut_off(np.asarray(liver > 0)) or volume_ml < LIVER_ML[0]:
        return None, ("The liver is not wholly in the field of view; segments are told by shares of its volume.",)
    if "vena_cava" not in small.masks:
        return None, ("Where the vena cava runs is not known; segments are told about it.",)
    nothing = np.zeros(inside.shape, bool)
    found = divide(
        Scan(
            hu={p: small.hu[p] for p in small.inputs if veins},
            liver=inside,
            lesions=lesions,
            cava=np.asarray(small.masks["vena_cava"] > 0),
            gallbladder=np.asarray(small.masks.get("gallbladder", nothing) > 0),
            geometry=small.geometry,
        )
    )
    if isinstance(found, str):
        return None, (found,)
    odd = implausible(found)
    return (None, tuple(odd)) if odd else (found, ())
