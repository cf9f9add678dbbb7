"""The regression that wins SynthRAD: nnU-Net's network and schedule, absolute error instead of classes."""

from ..image import Family, ImageGenerator
from ..networks.plain import PlainConfig, PlainNetwork

FAMILY = Family("nnunet", PlainConfig, PlainNetwork)


class Generator(ImageGenerator):
    """nnU-Net asked for HU (Huijben et al. 2024 describe the challenge); its network, optimizer and schedule."""

    family = FAMILY
    recipe = "nnunet"
