"""A few convolutions find the liver: tries the whole of training out in seconds."""

from ..training.run import Run
from ..training.tasks.smoke import SmokeConfig, SmokeSamples, SmokeTask


def recipe() -> Run:
    """The run."""
    return Run(
        name="smoke",
        task=SmokeConfig(),
        build=SmokeTask,
        samples=SmokeSamples,
        num_steps=200,
        batch_size=4,
        validate_every=50,
        training_data="Whatever cohort it was given; for trying training out.",
    )
