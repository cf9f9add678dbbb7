"""Stage II by the published settings of LIDIA (MICCAI 2024), as far as they were published; wants a GPU."""

from dataclasses import replace

from ..diagnosis.build import NetworkConfig
from ..diagnosis.criterion import LossConfig
from ..training.patches import PatchConfig
from ..training.run import Run
from ..training.tasks.diagnosis import DiagnosisConfig
from .reader import recipe as reader

NUM_CASES = 1305
"""The paper's training cases; with batch 2 they give its 1000 epochs their number of steps."""


def recipe() -> Run:
    """The run.

    Published: 50 queries, loss weights 5 and 5, batch 2, learning rate 1e-5, 1000 epochs, stems at full resolution with
    instance norm. The paper names no intensity window and has no semantic branch beside the queries. Sizes of the
    encoder are nnU-Net's; patch and all else are our choice. The contrastive loss and sharpness-aware minimisation are
    not part of this run yet.
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
        loss=LossConfig(),
        patch=PatchConfig(shape_zyx=(48, 64, 64)),
        lr=1e-5,
        bfloat16=False,
    )
    return replace(reader(), name="lidia", task=task, batch_size=2, num_steps=1000 * NUM_CASES // 2)
