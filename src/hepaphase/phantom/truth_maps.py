"""Truth as volumes, made when asked for: deformation between phases, kinetic parameters, input functions."""

import numpy as np

from ..study.geometry import Geometry
from ..study.phase import Phase
from .acquisition import main_tissue
from .labels import Organ
from .render import read_bend
from .scanner import Floats
from .simulate import Drawn, SimulatedCase
from .space import Field
from .tissues import SPREAD


def deformation_mm(drawn: Drawn, geometry: Geometry, phase: Phase) -> Field:
    """Where what is seen at a voxel of ``phase`` lies in the reference, minus where it is seen; xyz mm, (3, z, y, x).

    Exact up to the product of the bend and the slope of the body's own warp, a tenth of a millimetre or so.
    """
    out = np.zeros((3, *geometry.shape_zyx), np.float32)
    if phase is not drawn.reference:
        shift_mm = drawn.exam.breath_mm[phase]
        for axis, (bend, shift) in enumerate(zip(read_bend(drawn.seed, phase, geometry), shift_mm, strict=True)):
            out[axis] = bend - np.float32(shift)
    return out


def kinetic_maps(case: SimulatedCase) -> dict[str, Field]:
    """Parameters of the tissue model in the liver and its lesions, each (z, y, x), in units of ``Tissue``; else NaN.

    A lesion has those of the compartment that fills most of it; rim, core and nodules are in the record.
    """
    drawn = case.truth.patient
    lesions = case.study.masks["lesions"][0]
    liver = (case.truth.organs == Organ.LIVER) & (lesions == 0)
    maps = {}
    for name in SPREAD:
        values = np.full(liver.shape, np.nan, np.float32)
        values[liver] = getattr(drawn.liver, name)
        for row in case.study.lesion_table or ():
            values[lesions == row.lesion_id] = getattr(main_tissue(drawn.lesions[row.lesion_id - 1]), name)
        maps[name] = values
    return maps


def input_functions(drawn: Drawn) -> dict[str, Floats]:
    """``time_s`` and the concentration in ``aorta`` and ``portal_vein``, mg/ml, each (N,), as the tissues were fed."""
    circulation = drawn.circulation
    curves = {name: np.asarray(circulation.mg_per_ml[name], float) for name in ("aorta", "portal_vein")}
    return {"time_s": np.asarray(circulation.time_s, float), **curves}
