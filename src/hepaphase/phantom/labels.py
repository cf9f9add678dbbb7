"""What a voxel of a label map is."""

from enum import IntEnum


class Organ(IntEnum):
    """Labels of simulated anatomy."""

    BACKGROUND = 0
    SOFT_TISSUE = 1
    FAT = 2
    MUSCLE = 3
    BONE = 4
    LUNG = 5
    LIVER = 6
    SPLEEN = 7
    KIDNEY = 8
    AORTA = 9
    PORTAL_VEIN = 10
    IVC = 11
    HEPATIC_VEIN = 12
    STOMACH = 13
    GALLBLADDER = 14
    PANCREAS = 15
    HEART = 16
    BOWEL = 17
