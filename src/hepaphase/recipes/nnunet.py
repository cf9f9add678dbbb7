"""Baseline of stage I: nnU-Net asked for HU, the regression that wins SynthRAD; wants a GPU."""

from dataclasses import replace
from typing import Any

from ..synthesis.generators.nnunet import FAMILY
from ..synthesis.networks.plain import PlainConfig
from ..training.run import Run
from ..training.tasks.image import BuildImage, ImageConfig
from .unet import CPU, QUICK
from .unet import recipe as unet

SGD: dict[str, Any] = {"optimizer": "sgd", "lr": 1e-2, "liver_weight": 1.0, "lesion_weight": 1.0, "multiple": 16}


def recipe() -> Run:
    """The run.

    nnU-Net's stages, optimizer (SGD, 0.01, momentum 0.99, poly 0.9) and 250 steps an epoch; all voxels of the body
    count alike, as in SynthRAD. 1000 epochs there, 100 here (our choice: the crops are 4 mm).
    """
    task = ImageConfig(network=PlainConfig(channels=(32, 64, 128, 256, 320)), **SGD)
    tiny = replace(ImageConfig(network=PlainConfig(), **SGD), multiple=2, **QUICK)
    quick = {"batch_size": 2, "task": tiny}
    narrow = replace(task, network=PlainConfig(channels=(16, 32, 64, 128)), multiple=8, bfloat16=True)
    return replace(
        unet(),
        name="nnunet",
        task=task,
        build=BuildImage(FAMILY),
        num_steps=25000,
        batch_size=2,
        quick=quick,
        scales={"cpu": {**CPU, "task": narrow, "num_steps": 450}},
    )
