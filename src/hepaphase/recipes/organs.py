"""Liver, body and other organs on any single phase: from a folder of label maps, an hour on one core."""

from ..training.run import Run
from ..training.tasks.organs import OrgansConfig, OrgansTask, make_samples


def recipe() -> Run:
    """The masks that ship: one painted view a step."""
    return Run(
        name="organs",
        task=OrgansConfig(),
        build=OrgansTask,
        samples=make_samples,
        num_steps=1600,
        batch_size=1,
        validate_every=200,
        num_validation_batches=6,
        checkpoint_steps=100,
        threads=1,
        training_data="Contrast-randomised images painted from label maps of bodies; no scan was seen.",
        quick={"task": OrgansConfig(shape_zyx=(16, 24, 24), bfloat16=False)},
    )
