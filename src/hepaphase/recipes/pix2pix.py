"""Baseline of stage I: pix2pix in three dimensions, a critic beside absolute error."""

from dataclasses import replace
from typing import Any

from ..synthesis.generators.pix2pix import FAMILY
from ..synthesis.networks.film import FilmConfig
from ..training.run import Run
from ..training.tasks.image import BuildImage, ImageConfig
from .unet import CPU, QUICK, SMALL
from .unet import recipe as unet

GAN: dict[str, Any] = {"adversarial": 0.01, "optimizer": "gan", "lr": 2e-4}
"""Isola et al. 2017: Adam 2e-4 (0.5, 0.999), absolute error one hundred times the critic."""


def recipe() -> Run:
    """The run."""
    task = ImageConfig(network=SMALL, **GAN)
    quick = {"batch_size": 2, "task": ImageConfig(network=FilmConfig(), **GAN, **QUICK)}
    scales = {"cpu": {**CPU, "task": replace(task, bfloat16=True), "num_steps": 220}}
    return replace(
        unet(), name="pix2pix", task=task, build=BuildImage(FAMILY), num_steps=3000, quick=quick, scales=scales
    )
