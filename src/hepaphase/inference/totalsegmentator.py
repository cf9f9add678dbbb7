"""TotalSegmentator's masks in place of ours, where it is installed: its command is run, in its own environment."""

import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from ..base.errors import InputError, MissingExtraError
from ..io.nifti import write_nifti
from ..io.organ_masks import ORGANS, Mask, read_organ_masks
from ..organs.checks import check_organs
from ..study.study import PhaseVolume, Study

WORD = "totalsegmentator"
"""What the user writes in place of a folder."""
COMMAND = "TotalSegmentator"
PROVEN = "2.18.0"
"""Version whose options these are."""


def is_wanted(organs: Path | None) -> bool:
    """Whether the user asks for a run, rather than naming a folder or file that is there."""
    return organs is not None and str(organs).lower() == WORD and not organs.exists()


def with_totalsegmentator(study: Study, *, device: str = "cpu", command: str = COMMAND) -> Study:
    """The study with organs as TotalSegmentator finds them in its reference phase; masks it has already win.

    Raises:
        MissingExtraError: when TotalSegmentator is not installed.
        InputError: when it fails, with what it said last.
    """
    found = run_totalsegmentator(study.phase(study.reference()), device=device, command=command)
    masks = {**found, **study.masks}
    return replace(study, masks=masks, warnings=(*study.warnings, *check_organs(masks)))


def run_totalsegmentator(volume: PhaseVolume, *, device: str = "cpu", command: str = COMMAND) -> dict[str, Mask]:
    """Liver, spleen, kidneys, aorta, vena cava and portal vein of ``volume``, uint8 (z, y, x) on its grid.

    Its own networks and its own environment: nothing of it is imported, so that its requirements never meet ours.

    Raises:
        MissingExtraError: when the command is not found.
        InputError: when it fails, or finds none of these organs.
    """
    found = shutil.which(command)
    if found is None:
        raise MissingExtraError(
            f"--organs {WORD} runs the command {command}, which is not installed. Install it (pipx install "
            "TotalSegmentator), name a folder of its masks, or leave --organs out."
        )
    with tempfile.TemporaryDirectory() as work:
        source, out = Path(work, "ct.nii.gz"), Path(work, "masks")
        write_nifti(source, volume.hu, volume.geometry)
        names = [name for several in ORGANS.values() for name in several]
        where = "cpu" if device == "cpu" else device.replace("cuda", "gpu")
        arguments = ["-i", str(source), "-o", str(out), "--device", where, "--quiet", "--roi_subset", *names]
        done = subprocess.run([found, *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines() or ["nothing"]
            raise InputError(
                f"{command} ended with code {done.returncode} and said: {said[-1]}. Run it by hand, or leave --organs "
                "out."
            )
        masks = read_organ_masks(out)
    for name, (_, grid) in masks.items():
        volume.geometry.require(grid, what=f"{command}'s {name}")
    return masks
