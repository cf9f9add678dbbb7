"""nnU-Net's commands, found and run in their own environment."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ...base.errors import InputError, MissingExtraError
from ...base.log import logger
from .scale import CONFIGURATION
from .trainer import NAME

PROVEN = "2.8.1"
"""Version whose options these are."""
DATASET = "Dataset001_crops"
PLANS, FIXED_PLANS = "nnUNetPlans", "hepaphasePlans"

_log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """nnU-Net, working below one folder. Each step is done once: its log ``NAME.log`` is there when it has ended well.

    A step that was stopped is run again; training then goes on from its last whole epoch, predicting after the last
    case that was written.
    """

    commands: Path | None
    """Folder of the commands; those on the search path where None."""
    home: Path
    threads: int

    @property
    def raw(self) -> Path:
        """Raw dataset."""
        return self.home / "raw" / DATASET

    @property
    def plan(self) -> Path:
        """What nnU-Net plans."""
        return self.home / "preprocessed" / DATASET / f"{PLANS}.json"

    @property
    def trainers(self) -> Path:
        """Where nnU-Net finds trainers that are not its own."""
        return self.home / "trainer"

    @property
    def result(self) -> Path:
        """What the training leaves."""
        return self.home / "results" / DATASET / f"{NAME}__{FIXED_PLANS}__{CONFIGURATION}" / "fold_all"

    def check(self) -> None:
        """Whether all commands are there.

        Raises:
            MissingExtraError: naming the one that is not.
        """
        for command in ("extract_fingerprint", "plan_experiment", "preprocess", "train", "predict"):
            self._find(f"nnUNetv2_{command}")

    def make_plan(self) -> None:
        """From the raw dataset to nnU-Net's own plan."""
        self._once("fingerprint", "extract_fingerprint", "-d", "1", "-np", "1")
        self._once("plan", "plan_experiment", "-d", "1")

    def preprocess(self) -> None:
        """As the fixed plan says."""
        arguments = ("-d", "1", "-plans_name", FIXED_PLANS, "-c", CONFIGURATION, "-np", "1")
        self._once("preprocess", "preprocess", *arguments)

    def train(self) -> None:
        """On all training cases, or go on."""
        arguments = ("1", CONFIGURATION, "all", "-tr", NAME, "-p", FIXED_PLANS, "-device", "cpu", "--c")
        self._once("train", "train", *arguments)

    def predict(self, asked: Path, said: Path) -> None:
        """Probabilities of the patients in ``asked``, one ``.npz`` each in ``said``, without mirroring."""
        model = ("-d", "1", "-tr", NAME, "-p", FIXED_PLANS, "-c", CONFIGURATION, "-f", "all")
        how = ("--save_probabilities", "--disable_tta", "--continue_prediction", "-device", "cpu")
        workers = ("-npp", "1", "-nps", "1")
        self._once(f"predict-{said.name}", "predict", "-i", str(asked), "-o", str(said), *model, *how, *workers)

    def _once(self, step: str, command: str, *arguments: str) -> None:
        log, partial = self.home / f"{step}.log", self.home / f"{step}.part.log"
        if log.exists():
            return
        found = self._find(f"nnUNetv2_{command}")
        _log.info("nnU-Net: %s; what it says is in %s", step, partial)
        with partial.open("w", encoding="utf-8") as file:
            done = subprocess.run(
                [found, *arguments],
                env=self._environment(command),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            said = partial.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["nothing"]
            raise InputError(
                f"nnUNetv2_{command} ended with code {done.returncode} and said: {said[-1]}. All it said is in "
                f"{partial}. Mend it and run the same command again: it goes on."
            )
        partial.replace(log)

    def _find(self, command: str) -> str:
        found = shutil.which(command, path=None if self.commands is None else str(self.commands.absolute()))
        if found is None:
            where = "on the search path" if self.commands is None else f"in {self.commands}"
            raise MissingExtraError(
                f"There is no {command} {where}. Install nnunetv2 {PROVEN} in an environment of its own and name the "
                "folder of its commands: --nnunet ENV/bin (docs/how-to/compare.md)."
            )
        return found

    def _environment(self, command: str) -> dict[str, str]:
        """For the child alone: nnU-Net takes its folders and its number of processes from nowhere else."""
        folders = {f"nnUNet_{name}": str((self.home / name).absolute()) for name in ("raw", "preprocessed", "results")}
        threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(self.threads))
        augmenting = (
            "0" if command == "train" else str(self.threads)
        )  # none beside training; planning wants one or more
        own = {"nnUNet_n_proc_DA": augmenting, "nnUNet_def_n_proc": "1", "nnUNet_compile": "f", "MPLBACKEND": "Agg"}
        trainers = {"nnUNet_extTrainer": str(self.trainers.absolute())}
        return {**os.environ, **folders, **threads, **own, **trainers}
