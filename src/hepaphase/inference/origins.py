"""Where lesions that may be metastases come from: by the reader's head where it was calibrated, else by a prior."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from ..bundle.bundle import Bundle
from ..bundle.origins import head_calibration, prior_figures
from ..diagnosis.diagnose import Reader
from ..diagnosis.primaries import facts_of_origin, mixture, weigh_origins
from ..study.findings import Finding, Findings, MetastasisOrigin
from ..study.lesions import METASTASIS_ORIGINS
from ..study.study import AlignedStudy

METASTASIS = "metastasis"
NOTABLE = 0.2
"""A lesion called otherwise is asked for its origin from this probability of a metastasis on (our choice)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The lesions of one reading."""

    seen: AlignedStudy
    """What was read, on the working grid."""
    lesions: npt.NDArray[np.uint16]
    """(z, y, x) ids of those found, on that grid."""
    kept: Sequence[int]
    """Number in ``lesions`` of each lesion that is reported, in order."""


def tell_origins(
    findings: Findings, found: Found, clinical: Mapping[str, Any], bundle: Bundle, reader: Reader
) -> tuple[Findings, tuple[str, ...]]:
    """The findings with the origin of each lesion that is called a metastasis or may well be one, and warnings.

    Metastases of one patient are taken to come from one primary: what the head says of each is averaged, as it was
    calibrated.

    Args:
        findings: as named, what is known of the patient weighed in.
        found: where the lesions lie.
        clinical: what is known of the patient and is weighed; empty where nothing is.
        bundle: what read, with what is known of its head.
        reader: made from it.
    """
    asked = [k for k, finding in enumerate(findings.lesions) if may_be_metastasis(finding)]
    if not asked:
        return findings, ()
    told, warnings = _by_head(found, asked, bundle, reader)
    shares, right = (mixture(), prior_figures()) if told is None else told
    origin = MetastasisOrigin(
        probabilities=weigh_origins(shares, clinical),
        source="prior" if told is None else "reader",
        weighed=facts_of_origin(clinical),
        right={key: right[key] for key in ("cohort", "num_patients", "top_1", "top_2") if key in right},
    )
    if (primary := clinical.get("primary")) is not None and primary not in METASTASIS_ORIGINS:
        names = ", ".join(METASTASIS_ORIGINS)
        warnings += (f"The known primary of the patient is none of {names}: it was not weighed.",)
    lesions = (replace(f, origin=origin) if k in asked else f for k, f in enumerate(findings.lesions))
    return replace(findings, lesions=tuple(lesions)), warnings


def may_be_metastasis(finding: Finding) -> bool:
    """Whether a lesion is called one, or is one with a probability of ``NOTABLE`` or more."""
    return finding.lesion_class == METASTASIS or finding.probabilities.get(METASTASIS, 0.0) >= NOTABLE


def _by_head(
    found: Found, asked: Sequence[int], bundle: Bundle, reader: Reader
) -> tuple[tuple[dict[str, float], Mapping[str, Any]] | None, tuple[str, ...]]:
    """Shares of origins by the reader's head with what is known of it; None without a calibrated one."""
    if not reader.config.num_origins:
        return None, ()
    if (known := head_calibration(bundle)) is None:
        told = (
            "The reader's head of origins was never calibrated, so origins are by how common primaries are. Calibrate "
            "it: hepaphase benchmark origins --reader."
        )
        return None, (told,)
    rows = reader.origins(found.seen, found.lesions, temperature=float(known["temperature"]))
    assert rows is not None
    own = np.array([[rows[found.kept[k] - 1][name] for name in METASTASIS_ORIGINS] for k in asked])
    shares = softmax(np.log(np.clip(own, 1e-12, None)).mean(axis=0))
    return (dict(zip(METASTASIS_ORIGINS, map(float, shares), strict=True)), known), ()
