"""Stage 1a of GALS-CE: disentanglement pretraining, which its generator starts from; wants a GPU."""

from dataclasses import replace
from typing import Any

from ..synthesis.networks.galsce import PUBLISHED
from ..training.run import Run
from ..training.tasks.galsce_1a import PretrainConfig, PretrainTask
from .unet import CPU
from .unet import recipe as unet

NUM_CASES = 1001
"""Exams of main-train; an epoch is one slab of each."""
NARROW = replace(PUBLISHED, channels=(8, 16, 32, 64), num_blocks=2, num_heads=2)
"""Half as wide, half as many blocks, for ``--scale cpu``; two heads, since a map of the weights of each is kept."""
QUICK: dict[str, Any] = {"crop_zyx": (8, 16, 16), "validation_crop_zyx": (16, 32, 32)}


def recipe() -> Run:
    """The run: their sizes, losses, batch of two, seed 42 and 50 epochs."""
    return replace(
        unet(),
        name="galsce_1a",
        task=PretrainConfig(network=PUBLISHED),
        build=PretrainTask,
        num_steps=50 * NUM_CASES // 2,
        batch_size=2,
        seed=42,
        monitor="liver_mae",
        quick={"task": PretrainConfig(**QUICK)},
        scales={"cpu": {**CPU, "task": PretrainConfig(network=NARROW), "num_steps": 240}},
    )
