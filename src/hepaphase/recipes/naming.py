"""What names the lesions of a trained reader (``--from``), from their HU in each phase: minutes, after `reader`."""

from ..training.run import Run
from ..training.tasks.naming import NamingConfig, NamingTask
from ..training.whole_cases import WholeCases


def recipe() -> Run:
    """The run; what comes out is the reader that went in, and names its lesions anew."""
    return Run(
        name="naming",
        task=NamingConfig(),
        build=NamingTask,
        samples=WholeCases,
        num_steps=2400,
        batch_size=1,
        monitor="loss",
        monitor_highest=False,
        validate_every=600,
        num_validation_batches=60,
        threads=1,
        training_data="Lesions that the reader finds in simulated four-phase liver CT, whatever phases are shown.",
        quick={"num_steps": 3},
    )
