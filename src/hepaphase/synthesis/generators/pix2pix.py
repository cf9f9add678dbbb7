"""pix2pix in three dimensions: a U-Net taught by a patch critic beside absolute error."""

from ..image import Family, ImageGenerator
from ..networks.film import FilmConfig, FilmImageNetwork

FAMILY = Family("pix2pix", FilmConfig, FilmImageNetwork)


class Generator(ImageGenerator):
    """Isola et al. 2017 in 3-D, conditional on any subset of phases."""

    family = FAMILY
    recipe = "pix2pix"
