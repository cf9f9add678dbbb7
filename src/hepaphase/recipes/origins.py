"""What tells where a metastasis comes from, for a trained reader (``--from``) that is left as it is: minutes."""

from ..training.run import Run
from ..training.tasks.origins import OriginsConfig, OriginsTask
from ..training.whole_cases import CasesOfKnownOrigin


def recipe() -> Run:
    """The run; what comes out is the reader that went in, with a head of origins. The cohort must name them (sim-*)."""
    return Run(
        name="origins",
        task=OriginsConfig(),
        build=OriginsTask,
        samples=CasesOfKnownOrigin,
        num_steps=300,
        batch_size=1,
        monitor="loss",
        monitor_highest=False,
        validate_every=50,
        num_validation_batches=40,
        threads=1,
        training_data="Metastases of known origin in simulated four-phase liver CT, whatever phases are shown.",
        quick={"num_steps": 3},
    )
