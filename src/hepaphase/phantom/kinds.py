"""Kinds within a class of lesion: where a metastasis comes from, what an ``other`` lesion is."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..base.names import check_name
from ..base.seeds import stream
from ..study.lesions import LesionClass, Tissue


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How the lesions of one kind differ from the row of their class."""

    name: str = ""
    share: float = 1.0
    """Of the patients of the class."""
    cirrhotic_share: float | None = None
    """Of those with cirrhosis; None for the same."""
    look: Mapping[str, Any] = field(default_factory=dict)
    """Fields of ``Appearance`` that differ."""
    tissues: Mapping[str, Tissue] = field(default_factory=dict)
    """Compartments besides those of the class, or in their place."""
    raised_core: float = 0.0
    """Probability that the middle enhances more than what surrounds it (bull's eye)."""
    cystic: float = 0.0
    """Probability that most of it is dead."""
    like_liver: bool = False
    """Made of the patient's own liver, but for what follows; vessels run through it."""
    less_liver_hu: tuple[float, float] = (0.0, 0.0)
    """Range of its HU without contrast, less the liver's."""
    arterial_hu: float = 0.0
    """Enhancement in the arterial phase alone, above the liver's, at the reference exam."""
    wedge: bool = False
    """A wedge that opens towards the surface, not a bumpy ellipsoid."""
    fatty_liver: bool = False
    """Only in a fatty liver."""

    def share_of(self, *, cirrhosis: bool) -> float:
        """Of the patients of the class with or without cirrhosis."""
        return self.share if not cirrhosis or self.cirrhotic_share is None else self.cirrhotic_share

    def row(self, base: LesionClass) -> LesionClass:
        """The row of the class as lesions of this kind follow it."""
        appearance = replace(base.appearance, **self.look)
        return replace(base, appearance=appearance, tissues={**base.tissues, **self.tissues})


PLAIN_KIND = Kind()
"""Of classes that have no kinds."""


def _origin(name: str, share: float, rim: float, hypervascular: float = 0.0, **more: Any) -> Kind:
    look = {
        "rim_probability": rim,
        "variants": (("hypervascular", hypervascular),),
        "calcification_probability": more.pop("calcium", 0.02),
    }
    return Kind(name=name, share=share, look=look | more.pop("look", {}), **more)


_ORIGINS = (
    _origin("colorectal", 0.45, 0.838, calcium=0.11, raised_core=0.514),
    _origin("gastric", 0.10, 0.65, 0.15, raised_core=0.514),
    _origin(
        "pancreas",
        0.12,
        0.70,
        look={"median_mm": 12, "rim_mm": (1.5, 2.5), "extra_mean": 5.0},
        tissues={"body": Tissue(38, 26, 2, 0.06, 0.21, 10)},
    ),
    _origin("breast", 0.10, 0.60, 0.25),
    _origin("lung", 0.10, 0.60),
    _origin("net", 0.06, 0.50, 0.70, cystic=0.10),
    _origin("other", 0.07, 0.60, 0.60, cystic=0.15),
)
"""Mixture of primaries, rims, hypervascular shares and calcification of the physics notes, B. Our choice: calcification
of 2 % elsewhere, so that all together keep the class's 6 %; thin rims in 70 % and a median of 12 mm for *small* from
the pancreas; a dead middle in 15 % of *other* for *cystic after therapy*. A rim of 4 mm or more, 48.6 % of colorectal
ones, is half of the class's range."""


def _other(name: str, shares: tuple[float, float], median_mm: float, **more: Any) -> Kind:
    variant = () if name == "abscess" else ((name, 1.0),)
    look = {"median_mm": median_mm, "variants": variant} | more.pop("look", {})
    return Kind(name=name, share=shares[0], cirrhotic_share=shares[1], look=look, **more)


_OTHERS = (
    _other("abscess", (0.34, 0.12), 50),
    _other("adenoma", (0.16, 0.02), 40),
    _other("angiomyolipoma", (0.14, 0.04), 40),
    _other(
        "treated",
        (0.10, 0.34),
        30,
        tissues={"treated": Tissue(420, 0, 0, 0, 0, 0)},
        look={"solid_hu_sd": 40, "ln_sd": 0.4},
    ),
    _other(
        "focal_fat",
        (0.08, 0.04),
        25,
        like_liver=True,
        less_liver_hu=(-35, -15),
        look={"ln_sd": 0.4, "lobulation": 0.3, "edge_mm": 4.0},
    ),
    _other(
        "focal_sparing",
        (0.08, 0.02),
        25,
        like_liver=True,
        less_liver_hu=(12, 28),
        fatty_liver=True,
        look={"ln_sd": 0.4, "lobulation": 0.3, "edge_mm": 4.0},
    ),
    _other("thad", (0.05, 0.06), 45, like_liver=True, arterial_hu=20, wedge=True, look={"ln_sd": 0.3}),
    _other("shunt", (0.05, 0.14), 22, like_liver=True, arterial_hu=20, wedge=True, look={"ln_sd": 0.3}),
    _other(
        "regenerative",
        (0.0, 0.22),
        7,
        like_liver=True,
        less_liver_hu=(3, 3),
        look={"ln_sd": 0.18, "extra_mean": 4.0},
    ),
)
"""Sub-kinds of the physics notes, B, with their +20 HU in the arterial phase alone, +3 HU, 5 to 10 mm and more than
300 HU. The notes give no shares among them, nor sizes but for abscesses: our choice."""

KINDS: dict[str, tuple[Kind, ...]] = {"metastasis": _ORIGINS, "other": _OTHERS}
"""Class to its kinds."""


def kind_of(key: str, name: str) -> Kind:
    """A kind of class ``key`` by name.

    Raises:
        UnknownNameError: with the closest known name.
    """
    kinds = {kind.name: kind for kind in KINDS.get(key, (PLAIN_KIND,))}
    return kinds[check_name(name, kinds, kind=f"kind of {key}")]


def draw_kind(seed: int, key: str, *, cirrhosis: bool) -> Kind:
    """The kind that all lesions of class ``key`` of one patient have."""
    kinds = KINDS.get(key)
    if kinds is None:
        return PLAIN_KIND
    at = float(stream(seed, "kind", key).random()) * sum(one.share_of(cirrhosis=cirrhosis) for one in kinds)
    for kind in kinds:
        at -= kind.share_of(cirrhosis=cirrhosis)
        if at < 0:
            return kind
    return kinds[-1]
