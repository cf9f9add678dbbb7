"""Signs of a lesion and around it, as drawn; what the physics notes' rules of morphology (B) ask beside the table."""

from dataclasses import dataclass

from ..study.geometry import Xyz
from ..study.lesions import Tissue

ARTERY = Tissue(40, 400, 0, 0.98, 0.05, 2)
"""A vessel fed by arteries alone."""
SATELLITE = "satellite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """Of one lesion; lengths in mm, zero or None for what it does not have."""

    kind: str = ""
    """Of its class: origin of a metastasis, sub-kind of ``other``; ``satellite`` beside a carcinoma of bile ducts."""
    like_liver: bool = False
    arterial_hu: float = 0.0
    """In the arterial phase alone, above the liver, at the reference exam."""
    lobulation: float | None = None
    """Of its surface, where its kind differs from the class."""
    edge_mm: float | None = None
    wedge_axis: Xyz | None = None
    """Direction in which a wedge opens."""
    septa_mm: float = 0.0
    """Thickness of the walls between cells of a mosaic, or between chambers."""
    num_chambers: int = 0
    """Of an abscess."""
    cleft_mm: float = 0.0
    """Width of the arms of a central cleft without flow."""
    gas: float = 0.0
    """How far in front of the middle gas begins, against half the long axis; 0 for no gas."""
    num_clusters: int = 0
    """Spots of calcium, or lumps of a calcification."""
    calcified_rim: bool = False
    lobules: float = 0.0
    """Share of the volume that is fat in lobules."""
    bleed: float = 0.0
    """Radius of old blood against the lesion's."""
    raised_core: bool = False
    artery_mm: float = 0.0
    """Radius of a feeding artery through it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dent:
    """The surface of the liver pulled in, most at ``point``."""

    point: Xyz
    depth_mm: float
    width_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tube:
    """A straight piece of a widened duct or of a blocked vein."""

    start: Xyz
    end: Xyz
    radius_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cone:
    """A wedge of liver, round at its wide end."""

    apex: Xyz
    axis: Xyz
    """Unit vector."""
    length_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What one lesion does to the liver around it."""

    dents: tuple[Dent, ...] = ()
    ducts: tuple[Tube, ...] = ()
    duct_hu: float = 7.5
    thrombus: tuple[Tube, ...] = ()
    """Filled with the lesion's main tissue."""
    flare: Cone | None = None
    """Enhances more in the arterial phase."""
    flare_hu: float = 0.0
    """By how much, at the reference exam."""
