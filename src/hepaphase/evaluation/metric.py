"""What a metric is: a number from two arrays, with its unit and its direction."""

from collections.abc import Callable
from dataclasses import dataclass

from ..base.family import Family

METRICS = Family(package="hepaphase.evaluation.metrics", attribute="METRIC", kind="metric")
"""All metrics; a file in the folder is a metric."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of one case.

    ``compute(prediction, truth)`` takes two arrays of one shape; ``kind`` says of what: ``hu`` for volumes in HU,
    ``mask`` for masks, ``score`` for scores of patients against their true labels.
    """

    kind: str
    unit: str
    higher_is_better: bool
    perfect: float
    compute: Callable[..., float]
