"""GALS-CE's classifier: two primaries and six origins of metastases, from liver and lesions."""

from dataclasses import replace

from ..diagnosis.galsce.network import GalsceConfig
from ..training.liver_boxes import BoxConfig, LiverBoxes
from ..training.run import Run
from ..training.tasks.galsce import GalsceTask, GalsceTaskConfig

TINY = GalsceTaskConfig(
    network=GalsceConfig(widths=(4, 8), stem=4, reduced=6, lstm=8, lstm_layers=1), box=BoxConfig(shape_zyx=(16, 16, 16))
)
"""For trying the run out."""

SMALL = GalsceConfig(widths=(16, 32, 64, 96), stem=8, reduced=100, lstm=128)
"""Sized for two CPU cores; the published widths are the defaults of ``GalsceConfig``."""

CPU = GalsceTaskConfig(network=SMALL, lr=1e-3, bfloat16=True)
"""For a quarter of an hour of one core; five times the published rate, since there are a ninth of the steps (our
choice)."""


def recipe() -> Run:
    """The run: batch 8, as published; 6250 steps are its 50 epochs of 1000 patients.

    Patients with malignant lesions of one class only. Cohorts that name no origins train the first expert alone.
    """
    return Run(
        name="galsce",
        task=GalsceTaskConfig(network=SMALL),
        build=GalsceTask,
        samples=LiverBoxes,
        num_steps=6250,
        batch_size=8,
        monitor="outputs_accuracy",
        validate_every=0,
        threads=2,
        training_data="Liver CT of patients with hcc, icc or metastases, with true masks of liver and lesions.",
        scales={"cpu": {"task": CPU, "num_steps": 700, "monitor": "", "threads": 1}},
        quick={"num_steps": 6, "batch_size": 2, "monitor": "", "task": replace(TINY)},
    )
