"""Checks the finds of a trained reader (``--from``) and names its lesions, from their HU: minutes, after `reader`."""

from ..training.mask_errors import MaskErrors
from ..training.neighbors import Neighbors
from ..training.patches import PatchConfig
from ..training.run import Run
from ..training.tasks.naming import NamingConfig, NamingTask
from ..training.whole_cases import WholeCases


def recipe() -> Run:
    """The run; what comes out is the reader that went in, and checks and names its finds anew."""
    return Run(
        name="naming",
        task=NamingConfig(
            patch=PatchConfig(neighbors=Neighbors(share=0.3), mask_errors=MaskErrors(share=0.3)),
        ),
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
