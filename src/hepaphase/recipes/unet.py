"""Baseline of stage I: a 3-D U-Net with absolute error, any phases to any phase."""

from typing import Any

from ..synthesis.generators.unet import FAMILY
from ..synthesis.networks.film import FilmConfig
from ..training.run import Run
from ..training.tasks.image import BuildImage, ImageConfig
from ..training.tasks.image_samples import make_samples

SMALL = FilmConfig(channels=(32, 64, 88), num_fine=16, num_condition=64)
"""The sizes of the kinetic generator's network, so that the two can be compared."""
CPU: dict[str, Any] = {"num_steps": 300, "validate_every": 0, "num_validation_batches": 4}
"""``--scale cpu``: three to four minutes of one core, validated once; for tables of rivals at one size, not for use."""
QUICK: dict[str, Any] = {"crop_zyx": (16, 16, 16), "validation_crop_zyx": (16, 32, 32)}


def recipe() -> Run:
    """The run; under an hour on one core."""
    return Run(
        name="unet",
        task=ImageConfig(network=SMALL),
        build=BuildImage(FAMILY),
        samples=make_samples,
        num_steps=1500,
        batch_size=4,
        monitor="mae",
        monitor_highest=False,
        validate_every=250,
        num_validation_batches=8,
        checkpoint_seconds=120.0,
        threads=1,
        training_data="Simulated four-phase exams (procedural anatomy, contrast by kinetics) as 4 mm liver crops.",
        quick={"batch_size": 2, "task": ImageConfig(network=FilmConfig(), **QUICK)},
        scales={"cpu": {**CPU, "task": ImageConfig(network=SMALL, bfloat16=True)}},
    )
