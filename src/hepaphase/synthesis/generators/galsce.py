"""GALS-CE's generator: Swin-augmented, started from disentanglement, taught with features of enhanced scans."""

from ..image import Family, ImageGenerator
from ..networks.galsce import GalsceConfig
from ..networks.galsce_generator import ENHANCED, GalsceGenerator
from ..trained_for import TrainedFor

FAMILY = Family("galsce", GalsceConfig, GalsceGenerator)


class Generator(ImageGenerator):
    """From the non-contrast scan alone, as published; other phases are not looked at, nor is the time asked."""

    family = FAMILY
    recipe = "galsce_1b"
    made_for = TrainedFor(inputs=("NC",), targets=tuple(str(p) for p in ENHANCED))
