"""GALS-CE's classifier with our eight classes and lesion-free, for tables beside LIDIA's."""

from dataclasses import replace

from ..training.run import Run
from .galsce import CPU, TINY
from .galsce import recipe as galsce


def recipe() -> Run:
    """The run: experts for malignant, benign or lesion-free, and for the class of the largest lesion."""
    run = galsce()
    network = replace(run.task.network, scheme="classes")
    small = replace(TINY, network=replace(TINY.network, scheme="classes"))
    scales = {"cpu": {**run.scales["cpu"], "task": replace(CPU, network=network)}}
    return replace(
        run,
        name="galsce_8",
        scales=scales,
        task=replace(run.task, network=network),
        training_data="Liver CT with lesions of eight classes, and lesion-free livers, with true masks.",
        quick={**run.quick, "task": small},
    )
