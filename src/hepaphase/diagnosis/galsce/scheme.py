"""What the classifier is asked: the origin of metastases and two primaries, or our eight classes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ...base.names import check_name
from ...study.lesions import LESION_CLASSES, MALIGNANT, METASTASIS_ORIGINS

ORIGINS = tuple(origin for origin in METASTASIS_ORIGINS if origin != "net")
"""Six, as GALS-CE has; which ones is unpublished. Neuroendocrine primaries count as other (our choice)."""
PRIMARIES = ("hcc", "icc")
NONE = "none"
"""A patient without a lesion."""
UNKNOWN = -1


class SeenLesion(NamedTuple):
    """A true lesion of a patient."""

    lesion_class: str
    origin: str
    """Of a metastasis, as far as known; else empty."""
    num_voxels: int


class Labels(NamedTuple):
    """What the experts and the whole should say of a patient; ``UNKNOWN`` where one is not asked."""

    first: int
    second: int
    output: int


@dataclass(frozen=True, slots=True)
class Scheme:
    """Names of what each part answers, and the truth for a patient."""

    first: tuple[str, ...]
    """Of the first expert."""
    second: tuple[str, ...]
    outputs: tuple[str, ...]
    labels: Callable[[Sequence[SeenLesion]], Labels | None]
    """None for a patient who is not of the task."""


def _origin_labels(lesions: Sequence[SeenLesion]) -> Labels | None:
    """Patients with malignant lesions of one class; the origin is that of the largest metastasis.

    A metastasis of unknown origin teaches the first expert alone.
    """
    malignant = [lesion for lesion in lesions if lesion.lesion_class in MALIGNANT]
    classes = {lesion.lesion_class for lesion in malignant}
    if len(classes) != 1:
        return None
    largest = max(malignant, key=lambda lesion: lesion.num_voxels)
    key = largest.lesion_class
    if key in PRIMARIES:
        return Labels(_FIRST.index(key), UNKNOWN, _OUTPUTS.index(key))
    origin = "other" if largest.origin == "net" else largest.origin
    if origin not in ORIGINS:
        return Labels(_FIRST.index("metastasis"), UNKNOWN, UNKNOWN)
    return Labels(_FIRST.index("metastasis"), ORIGINS.index(origin), _OUTPUTS.index(origin))


def _class_labels(lesions: Sequence[SeenLesion]) -> Labels:
    """The class of the largest lesion, or none."""
    if not lesions:
        return Labels(_GROUPS.index(NONE), UNKNOWN, len(_CLASSES))
    key = max(lesions, key=lambda lesion: lesion.num_voxels).lesion_class
    group = "malignant" if key in MALIGNANT else "benign"
    return Labels(_GROUPS.index(group), _CLASSES.index(key), _CLASSES.index(key))


_FIRST = ("metastasis", *PRIMARIES)
_OUTPUTS = (*PRIMARIES, *ORIGINS)
_CLASSES = tuple(LESION_CLASSES)
_GROUPS = ("malignant", "benign", NONE)

SCHEMES = {
    "origins": Scheme(_FIRST, ORIGINS, _OUTPUTS, _origin_labels),
    "classes": Scheme(_GROUPS, _CLASSES, (*_CLASSES, NONE), _class_labels),
}
"""``origins`` is GALS-CE's own task, ``classes`` the variant for tables of eight classes."""


def scheme(name: str) -> Scheme:
    """The scheme called ``name``.

    Raises:
        UnknownNameError: with the closest known name.
    """
    return SCHEMES[check_name(name, SCHEMES, kind="scheme")]
