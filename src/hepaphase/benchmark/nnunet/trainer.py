"""The file that tells nnU-Net how long to train; it is written for nnU-Net's environment and never imported here."""

from pathlib import Path

from ...base.atomic import write_text
from .scale import Scale

NAME = "HepaphaseTable"
RECORD = "hepaphase.json"
"""What the trainer leaves beside its weights: version of nnU-Net and number of weights."""

_FILE = '''"""Written by hepaphase for nnU-Net: the length of a row of its tables."""

import json
import random
from importlib.metadata import version
from pathlib import Path

import numpy
import torch
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

torch.set_num_threads({threads})  # nnU-Net's commands take every core of a machine without GPU


class {name}(nnUNetTrainer):
    def initialize(self):
        self.num_epochs = {num_epochs}
        self.num_iterations_per_epoch = {steps_per_epoch}
        self.num_val_iterations_per_epoch = 1
        self.save_every = 1
        self._seed(0)
        super().initialize()
        weights = sum(p.numel() for p in self.network.parameters())
        record = {{"nnunetv2": version("nnunetv2"), "torch": torch.__version__, "weights": weights}}
        Path(self.output_folder, "{record}").write_text(json.dumps(record))

    def on_epoch_start(self):
        self._seed(1 + self.current_epoch)  # an epoch is the same whether the run was stopped before it or not
        super().on_epoch_start()

    def perform_actual_validation(self, save_probabilities=False):
        """Left out: hepaphase reads the predictions of patients itself."""

    def _seed(self, place):
        number = {seed} * 100003 + place
        random.seed(number)
        numpy.random.seed(number)
        torch.manual_seed(number)
'''


def write_trainer(folder: Path, scale: Scale, *, seed: int, threads: int) -> None:
    """Write the trainer's file into ``folder``, where nnU-Net looks for trainers that are not its own."""
    text = _FILE.format(
        name=NAME,
        record=RECORD,
        num_epochs=scale.num_epochs,
        steps_per_epoch=scale.steps_per_epoch,
        seed=seed,
        threads=threads,
    )
    write_text(folder / f"{NAME}.py", text)
