"""Stage 1b of GALS-CE: its generator; start it from galsce_1a with --from; wants a GPU."""

from dataclasses import replace

from ..synthesis.networks.galsce import PUBLISHED
from ..training.run import Run
from ..training.tasks.galsce_1b import GalsceTask, GalsceTaskConfig
from .galsce_1a import NARROW, NUM_CASES, QUICK
from .galsce_1a import recipe as pretrain
from .unet import CPU


def recipe() -> Run:
    """The run: 100 epochs; the weights of the lowest error in the liver are kept.

    One model for all phases (our choice); ``--set targets=AP`` trains one for a phase, as published.
    """
    return replace(
        pretrain(),
        name="galsce_1b",
        task=GalsceTaskConfig(network=PUBLISHED),
        build=GalsceTask,
        num_steps=100 * NUM_CASES // 2,
        quick={"task": GalsceTaskConfig(**QUICK)},
        scales={"cpu": {**CPU, "task": GalsceTaskConfig(network=NARROW), "num_steps": 160}},
    )
