"""Prepared crops as an nnU-Net raw dataset: a channel per phase, a label per class of lesion."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...base.atomic import write_json
from ...base.errors import InputError
from ...base.log import track
from ...base.seeds import stream
from ...io.nifti import write_nifti
from ...recipes.table import recipe
from ...study.geometry import Geometry
from ...study.lesions import LESION_CLASSES
from ...study.phase import Phase
from ...training.as_study import aligned
from ...training.cohort import Cohort, PreparedCase
from ..cases import load_case

PHASES = (Phase.NC, Phase.AP, Phase.PVP)
"""Without the delayed one, as the paper's baseline; nnU-Net must have every channel of every patient."""
LABELS = {"background": 0, **{key: number for number, key in enumerate(LESION_CLASSES, start=1)}}
ENDING = ".nii.gz"


def write_training(cohort: Cohort, folder: Path, *, seed: int, quiet: bool = False) -> None:
    """Write the cases of ``cohort`` to ``imagesTr`` and ``labelsTr`` of ``folder``; those that are there stay.

    Phases are lined up as often and as well as examples of the other rows, drawn once per case where those draw each
    time; the rest of the augmentation is nnU-Net's own. ``dataset.json`` comes last. Channels are called CT, for which
    nnU-Net clips to what lesions show.

    Raises:
        InputError: for a case that lacks one of the phases, or its truth.
    """
    for index, path in enumerate(track(cohort.files, title="Exporting training", total=len(cohort), quiet=quiet)):
        label = folder / "labelsTr" / f"{path.stem}{ENDING}"
        if label.exists():
            continue
        case = cohort.load(index)
        lie = recipe().task.patch.lined_up.draw(case, stream(seed, "nnunet", "lie", case.case))
        hu, _ = lie.volumes(dict(case.hu), dict(case.clean_hu), dict(case.reference_hu))
        grid = aligned(case).geometry
        _write_phases(folder / "imagesTr" / path.stem, hu, grid)
        write_nifti(label, _labels(case), grid)
    facts = {"channel_names": {str(k): "CT" for k in range(len(PHASES))}, "labels": LABELS}
    write_json(folder / "dataset.json", {**facts, "numTraining": len(cohort), "file_ending": ENDING})


def write_asked(files: Sequence[Path], folder: Path, *, quiet: bool = False) -> None:
    """Write the phases of prepared cases that nnU-Net is to read.

    Raises:
        InputError: for a case that lacks one of the phases, or its truth.
    """
    for path in track(files, title=f"Exporting {folder.name}", total=len(files), quiet=quiet):
        study = load_case(path).study
        _write_phases(folder / path.stem, study.hu, study.geometry)


def _write_phases(stem: Path, hu: Mapping[Phase, npt.NDArray[Any]], grid: Geometry) -> None:
    if missing := [phase for phase in PHASES if phase not in hu]:
        raise InputError(
            f"{stem.name} has no {' and no '.join(missing)}; nnU-Net reads {', '.join(PHASES)} of every patient. Leave "
            "the case out, or complete it first: hepaphase fill."
        )
    for channel, phase in enumerate(PHASES):
        name = stem.with_name(f"{stem.name}_{channel:04d}{ENDING}")
        if not name.exists():
            write_nifti(name, np.rint(hu[phase]).astype(np.int16), grid)


def _labels(case: PreparedCase) -> npt.NDArray[np.uint8]:
    if "lesions" not in case.masks:
        raise InputError(f"Case '{case.case}' has no lesion mask. nnU-Net learns from cases with truth.")
    labels = np.zeros(case.masks["lesions"].shape, np.uint8)
    for lesion, key in case.lesion_classes.items():
        labels[case.masks["lesions"] == lesion] = LABELS[key]
    return labels
