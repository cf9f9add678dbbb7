"""Which organs the network names, and which labels of the phantom they are."""

import numpy as np
import numpy.typing as npt

from ..phantom.labels import Organ

CLASSES = (
    "background",
    "body",
    "liver",
    "spleen",
    "kidneys",
    "aorta",
    "vena_cava",
    "stomach",
    "gallbladder",
    "lungs",
    "bones",
    "heart",
)
"""Outputs of the network in order; ``body`` is whatever else lies inside the skin."""

_MEMBERS = {
    "liver": (Organ.LIVER, Organ.HEPATIC_VEIN),
    "spleen": (Organ.SPLEEN,),
    "kidneys": (Organ.KIDNEY,),
    "aorta": (Organ.AORTA,),
    "vena_cava": (Organ.IVC,),
    "stomach": (Organ.STOMACH,),
    "gallbladder": (Organ.GALLBLADDER,),
    "lungs": (Organ.LUNG,),
    "bones": (Organ.BONE,),
    "heart": (Organ.HEART,),
}


def class_of_label() -> npt.NDArray[np.uint8]:
    """For every label from 0 to 255 the index of its class."""
    table = np.full(256, CLASSES.index("body"), np.uint8)
    table[Organ.BACKGROUND] = CLASSES.index("background")
    for name, organs in _MEMBERS.items():
        table[list(organs)] = CLASSES.index(name)
    return table
