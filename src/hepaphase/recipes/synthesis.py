"""Stage I: the kinetic generator that ships."""

from ..synthesis.facts import NUM_FACTS
from ..synthesis.levels import NUM_LEVELS
from ..synthesis.network import NetworkConfig
from ..training.run import Run
from ..training.tasks.synthesis import SynthesisConfig, SynthesisTask
from ..training.tasks.synthesis_samples import make_samples

SMALL = NetworkConfig(
    channels=(32, 64, 88),
    num_fine=16,
    num_condition=64,
    num_hidden=32,
    num_facts=NUM_FACTS,
    num_levels=NUM_LEVELS,
)
"""2.0 million weights, under 4 MB in half precision."""


def recipe() -> Run:
    """The kinetic generator, 4 mm, any subset of phases; under an hour on one core."""
    return Run(
        name="synthesis",
        task=SynthesisConfig(network=SMALL),
        build=SynthesisTask,
        samples=make_samples,
        num_steps=1500,
        batch_size=4,
        monitor="mae",
        monitor_highest=False,
        validate_every=250,
        num_validation_batches=4,
        checkpoint_seconds=120.0,
        threads=1,
        training_data="Simulated four-phase exams (procedural anatomy, contrast by kinetics) as 4 mm liver crops.",
        quick={"task": SynthesisConfig(crop_zyx=(16, 16, 16), validation_crop_zyx=(24, 32, 32), num_voxels=512)},
    )
