"""Stage I by rectified flow in the wavelet domain: whole volumes, few steps, samples for the doubt."""

from dataclasses import replace

from ..synthesis.networks.flow import FlowConfig
from ..training.run import Run
from ..training.tasks.flow import FlowTask, FlowTaskConfig
from .unet import CPU
from .unet import recipe as unet

NETWORK = FlowConfig(channels=(48, 88, 128), num_fine=32, num_condition=64, num_steps=4, num_samples=16)
"""Our choice; four steps, since the paths are nearly straight. Sixteen samples are what errors are judged by."""

NARROW = replace(NETWORK, channels=(24, 48, 64), num_fine=16)
"""Half as wide, for ``--scale cpu``: sixteen samples of four steps are 64 passes a phase."""


def recipe() -> Run:
    """The run."""
    quick = FlowTaskConfig(crop_zyx=(16, 32, 32), validation_crop_zyx=(16, 32, 32))
    cpu = FlowTaskConfig(network=NARROW, bfloat16=True)
    return replace(
        unet(),
        name="flow",
        task=FlowTaskConfig(network=NETWORK),
        build=FlowTask,
        num_steps=6000,
        quick={"batch_size": 2, "task": quick},
        scales={"cpu": {**CPU, "task": cpu, "num_steps": 900, "batch_size": 2, "num_validation_batches": 1}},
    )
