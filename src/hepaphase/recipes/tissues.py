"""Baseline of stage I: one straight line per tissue, summed over crops; minutes on one core."""

from dataclasses import replace

from ..training.run import Run
from ..training.tasks.tissues import TissuesConfig, TissuesTask
from .unet import QUICK
from .unet import recipe as unet


def recipe() -> Run:
    """The run."""
    quick = {"batch_size": 2, "task": TissuesConfig(**QUICK)}
    return replace(unet(), name="tissues", task=TissuesConfig(), build=TissuesTask, num_steps=500, quick=quick)
