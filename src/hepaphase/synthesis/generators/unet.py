"""A 3-D U-Net with L1: the plainest network that completes any subset."""

from ..image import Family, ImageGenerator
from ..networks.film import FilmConfig, FilmImageNetwork

FAMILY = Family("unet", FilmConfig, FilmImageNetwork)


class Generator(ImageGenerator):
    """Regresses the phase wanted under absolute error."""

    family = FAMILY
    recipe = "unet"
