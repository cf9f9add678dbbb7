"""Stage II by the published settings of LIDIA (MICCAI 2024), as far as they were published; wants a GPU."""

from dataclasses import replace

from ..diagnosis.build import NetworkConfig
from ..diagnosis.contrastive import ContrastConfig
from ..diagnosis.criterion import LossConfig
from ..training.patches import PatchConfig
from ..training.run import Run
from ..training.tasks.diagnosis import DiagnosisConfig
from .reader import TINY
from .reader import recipe as reader

NUM_CASES = 1305
"""The paper's training cases; with batch 2 they give its 1000 epochs their number of steps."""


def recipe() -> Run:
    """The run.

    Published: 50 queries, loss weights 5 and 5, batch 2, learning rate 1e-5, 1000 epochs, stems at full resolution with
    instance norm, contrastive loss of weight 0.01, temperature 0.1 and a bank of 1024, sharpness-aware minimisation.
    The paper names no intensity window, no radius rho and has no semantic branch beside the queries. Sizes of the
    encoder are nnU-Net's; patch and all else are our choice.
    """
    network = NetworkConfig(
        fine_channels=32,
        stem_channels=32,
        stem_stride=1,
        stage_channels=(64, 128, 256, 320),
        norm="instance",
        finest_channels=64,
        width=128,
        hidden=512,
        embedding=64,
        semantic_branch=False,
        contrast=False,
        windows_hu=((-100.0, 300.0),),
    )
    task = DiagnosisConfig(
        network=network,
        loss=LossConfig(contrast=ContrastConfig(weight=0.01)),
        patch=PatchConfig(shape_zyx=(48, 64, 64)),
        lr=1e-5,
        sharpness=0.05,
        bfloat16=False,
    )
    small = replace(TINY, loss=replace(TINY.loss, contrast=task.loss.contrast), sharpness=task.sharpness)
    run = replace(reader(), name="lidia", task=task, batch_size=2, num_steps=1000 * NUM_CASES // 2)
    return replace(run, quick={**run.quick, "task": small})
