"""Lesions with their kinds and signs: the classes as the reference cohorts grow them."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ..base.seeds import stream
from ..study.geometry import Xyz
from ..study.lesions import LIVER_NORMAL, LesionClass, Tissue
from .kinds import Kind
from .lesions import Lesion, draw_lesions
from .signs import ARTERY, SATELLITE, Signs

Floats = npt.NDArray[np.float64]

_GIANT_MM = 50.0


def draw_dressed(
    seed: int,
    key: str,
    positions: Floats,
    *,
    table: Mapping[str, LesionClass],
    kind: Kind,
    liver: Tissue = LIVER_NORMAL,
) -> list[Lesion]:
    """All lesions of class ``key`` of one patient, of one kind, with their signs; satellites come after them.

    ``positions`` (N, 3) xyz in mm as of :func:`draw_lesions`; ``liver`` is what lesions made of liver are made of.
    """
    lesions = draw_lesions(seed, key, positions, table={**table, key: kind.row(table[key])})
    dressed = [_signed(_of_liver(one, kind, liver) if kind.like_liver else one, kind) for one in lesions]
    return dressed + [other for one in dressed for other in _satellites(one, positions)]


def _of_liver(lesion: Lesion, kind: Kind, liver: Tissue) -> Lesion:
    shift = float(stream(lesion.seed, "less-liver").uniform(*kind.less_liver_hu))
    own = replace(liver, hu0=liver.hu0 + shift)
    return replace(lesion, tissues={"body": own, kind.name: own}, variant=kind.name, calcium=False)


def _signed(lesion: Lesion, kind: Kind) -> Lesion:
    """The lesion with its signs, all from a stream of its own."""
    rng = stream(lesion.seed, "signs")
    look = kind.look
    base = Signs(
        kind=kind.name,
        like_liver=kind.like_liver,
        arterial_hu=kind.arterial_hu * float(rng.lognormal(0, 0.2)),
        lobulation=look.get("lobulation"),
        edge_mm=look.get("edge_mm"),
        wedge_axis=_unit(rng.standard_normal(3)) if kind.wedge else None,
        num_clusters=int(rng.integers(2, 6)) if lesion.calcium else 0,
    )
    draw = _DRAWN.get(lesion.lesion_class)
    return replace(lesion, signs=base) if draw is None else draw(lesion, base, kind, rng)


def _hcc(lesion: Lesion, signs: Signs, kind: Kind, rng: np.random.Generator) -> Lesion:
    """Capsule in 40 %, 60 % above 20 mm; septa wherever there is a mosaic."""
    has = rng.random() < (0.6 if lesion.long_axis_mm > 20 else 0.4)
    thick = float(rng.uniform(1, 2))
    septa = float(rng.uniform(0.8, 1.6))
    return replace(
        lesion,
        capsule_mm=thick if has else 0.0,
        signs=replace(signs, septa_mm=septa if lesion.num_nodules else 0.0),
    )


def _metastasis(lesion: Lesion, signs: Signs, kind: Kind, rng: np.random.Generator) -> Lesion:
    raised, cystic, dead = rng.random(), rng.random(), float(rng.uniform(0.7, 0.85))
    necrosis = dead if cystic < kind.cystic else lesion.necrosis
    return replace(
        lesion,
        necrosis=necrosis,
        signs=replace(signs, raised_core=raised < kind.raised_core and not necrosis),
    )


def _hemangioma(lesion: Lesion, signs: Signs, kind: Kind, rng: np.random.Generator) -> Lesion:
    width = float(rng.uniform(4, 8))
    giant = lesion.long_axis_mm > _GIANT_MM
    return replace(lesion, signs=replace(signs, cleft_mm=width if giant else 0.0))


def _fnh(lesion: Lesion, signs: Signs, kind: Kind, rng: np.random.Generator) -> Lesion:
    return _fed(lesion, signs, 0.5, rng)


def _calcification(lesion: Lesion, signs: Signs, kind: Kind, rng: np.random.Generator) -> Lesion:
    """Lumps in 40 %, a rim around softer matter in 10 % of those of 10 mm or more (shares are our choice)."""
    at, lumps = rng.random(), int(rng.integers(3, 6))
    rim = at < 0.1 and lesion.long_axis_mm >= 10
    signs = replace(signs, num_clusters=0 if rim or at > 0.5 else lumps, calcified_rim=rim)
    return replace(lesion, signs=signs)


def _other(lesion: Lesion, signs: Signs, kind: Kind, rng: np.random.Generator) -> Lesion:
    u = rng.random(3)
    num, septa, level = int(rng.integers(3, 7)), float(rng.uniform(1.5, 3)), float(rng.uniform(0.15, 0.5))
    size, fat = float(rng.uniform(0.3, 0.5)), float(rng.uniform(0.3, 0.45))
    if kind.name == "abscess":
        chambers = num if u[0] < 0.5 else 0
        signs = replace(
            signs, num_chambers=chambers, septa_mm=septa if chambers else 0.0, gas=level if u[1] < 0.1 else 0.0
        )
    elif kind.name == "adenoma":
        signs = replace(signs, lobules=fat / 3 if u[0] < 0.2 else 0.0, bleed=size if u[1] < 0.2 else 0.0)
    elif kind.name == "angiomyolipoma":
        return _fed(lesion, replace(signs, lobules=fat), 0.7, rng)
    return replace(lesion, signs=signs)


def _fed(lesion: Lesion, signs: Signs, probability: float, rng: np.random.Generator) -> Lesion:
    has, radius = rng.random() < probability, float(rng.uniform(1.0, 1.6))
    if not has or lesion.long_axis_mm < 15:
        return replace(lesion, signs=signs)
    tissues = {**lesion.tissues, "artery": ARTERY}
    return replace(lesion, tissues=tissues, signs=replace(signs, artery_mm=radius))


_DRAWN = {
    "hcc": _hcc,
    "metastasis": _metastasis,
    "hemangioma": _hemangioma,
    "fnh": _fnh,
    "calcification": _calcification,
    "other": _other,
}


def _satellites(lesion: Lesion, positions: Floats) -> list[Lesion]:
    """Two to four nodules of 5 to 12 mm within 25 mm of three in ten carcinomas of bile ducts."""
    rng = stream(lesion.seed, "satellites")
    wanted, num = rng.random() < 0.3, int(rng.integers(2, 5))
    half = lesion.long_axis_mm / 2
    gap = np.linalg.norm(positions - np.asarray(lesion.center), axis=1) - half
    near = positions[(gap > 9) & (gap < 25)]
    if lesion.lesion_class != "icc" or not wanted or not len(near):
        return []
    found = []
    for place in near[rng.permutation(len(near))[:num]]:
        size = float(rng.uniform(5, 12))
        found.append(
            replace(
                lesion,
                center=(float(place[0]), float(place[1]), float(place[2])),
                long_axis_mm=size,
                rim_mm=min(lesion.rim_mm, size / 4),
                necrosis=0.0,
                seed=int(rng.integers(2**31)),
                signs=Signs(kind=SATELLITE),
            )
        )
    return found


def _unit(values: Floats) -> Xyz:
    x, y, z = (values / np.linalg.norm(values)).tolist()
    return (x, y, z)
