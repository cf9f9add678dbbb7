"""Rectified flow in the wavelet domain: whole volumes in a few steps, samples for the doubt."""

from ..image import Family, ImageGenerator
from ..networks.flow import FlowConfig, FlowNetwork

FAMILY = Family("flow", FlowConfig, FlowNetwork)


class Generator(ImageGenerator):
    """The median of samples that each could be the phase; any subset in, any phase and time out."""

    family = FAMILY
    recipe = "flow"
