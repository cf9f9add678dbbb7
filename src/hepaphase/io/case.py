"""One visit as a folder: a NIfTI file per phase and mask, and ``study.json`` beside them.

``study.json`` holds, all but ``schema`` and ``case`` optional::

    {"schema": "hepaphase-study/1", "case": "CASE",
     "phases": {"PVP": {"provenance": "measured", "time_s": 70.0, "recognised_by": "name"}},
     "lesions": [{"id": 1, "class": "hcc", "details": {}}],
     "clinical": {"sex": "F", "age": 61},
     "warnings": []}

``lesions`` is left out when nothing is known and empty when the liver is known to be free of lesions. A folder without
``study.json`` is read too: its phases count as measured unless their headers say ``SYNTHETIC`` or ``simulated``. So are
the names of GALS-CE: ``Liver_mask``, ``Tumor_mask``, ``Body_mask``. A folder ``segmentations`` or ``totalsegmentator``
in it may hold TotalSegmentator's masks; masks beside the phases win over them.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..base.atomic import write_json
from ..base.errors import HepaphaseError, InputError, OutputError
from ..study.geometry import Geometry
from ..study.lesions import lesion_class
from ..study.phase import Phase, Provenance
from ..study.study import LesionRow, PhaseVolume, Study
from .nifti import SYNTHETIC_MARK, read_description, read_mask, read_nifti, write_nifti
from .organ_masks import organ_masks_in

SCHEMA = "hepaphase-study/1"
STUDY_FILE = "study.json"

MASK_NAMES = {
    "liver": ("liver", "Liver_mask"),
    "lesions": ("lesions", "Tumor_mask"),
    "body": ("body", "Body_mask"),
}
"""Mask to the file names it may have, ours first."""

_BINARY_NAMES = ("Tumor_mask",)
"""Files that mark lesions without telling them apart."""
_PARTS = (("phases", dict, "table"), ("clinical", dict, "table"), ("warnings", list, "list"))
_SUFFIXES = (".nii.gz", ".nii")

Mask = tuple[npt.NDArray[Any], Geometry]
Each = Callable[[Phase, PhaseVolume, Mapping[str, Mask]], PhaseVolume]
"""Is given each phase as it is read, with the masks beside it, and gives back what is to be kept of it."""


def is_case(folder: Path) -> bool:
    """Whether ``folder`` holds a file named like a phase."""
    return folder.is_dir() and any(_find(folder, (phase.value,)) for phase in Phase)


def read_case(folder: Path, *, each: Each | None = None) -> Study:
    """The study in a case folder, each phase and mask on its own grid.

    Masks ``liver`` and ``body`` are uint8, ``lesions`` uint16 with one id per lesion; where a file only marks lesions,
    each connected part (26 neighbors) becomes one. With ``each`` no two phases are held whole at once.

    Raises:
        InputError: when there is no phase, a file is damaged, or ``study.json`` contradicts the files beside it.
        GeometryError: for a header that cannot be.
    """
    if not folder.is_dir():
        raise InputError(f"There is no case folder '{folder}'.")
    facts = _read_facts(folder)
    paths = {phase: path for phase in Phase if (path := _find(folder, (phase.value,)))}
    told: Mapping[str, Any] = facts.get("phases", {})
    if not paths:
        raise InputError(
            f"'{folder}' holds no phase. Name its files {', '.join(f'{p}.nii.gz' for p in Phase)}; any of them will do."
        )
    if missing := sorted(set(told) - {p.value for p in paths}):
        raise InputError(f"'{folder / STUDY_FILE}' tells of {', '.join(missing)}, but there is no such file beside it.")
    masks = _read_masks(folder)
    phases = {}
    for phase, path in paths.items():
        volume = _read_phase(path, told.get(phase.value, {}))
        phases[phase] = volume if each is None else each(phase, volume, masks)
        del volume
    return Study(
        case=str(facts.get("case", folder.resolve().name)),
        phases=phases,
        masks=masks,
        lesion_table=_lesion_table(facts, folder),
        clinical=dict(facts.get("clinical", {})),
        warnings=tuple(facts.get("warnings", ())),
    )


def write_case(study: Study, folder: Path) -> None:
    """Write ``study`` to ``folder``, each file whole or not at all, ``study.json`` last.

    Raises:
        OutputError: when the folder already holds a phase or mask that ``study`` lacks.
    """
    wanted = {*(p.value for p in study.phases), *study.masks}
    for names in [*((p.value,) for p in Phase), *MASK_NAMES.values()]:
        old = _find(folder, names)
        if old is not None and names[0] not in wanted:
            raise OutputError(f"'{folder}' already holds {old.name}, which this study lacks. Choose an empty folder.")
    for phase, volume in study.phases.items():
        mark = _description(phase, volume.provenance)
        write_nifti(folder / f"{phase}.nii.gz", volume.hu, volume.geometry, description=mark)
        if volume.sd_hu is not None:
            write_nifti(folder / f"{phase}_sd.nii.gz", volume.sd_hu, volume.geometry, description=mark)
    for name, (array, geometry) in study.masks.items():
        write_nifti(folder / f"{name}.nii.gz", array, geometry)
    write_json(folder / STUDY_FILE, _facts(study))


def label_parts(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint16]:
    """Each connected part of a mask (26 neighbors) as an id from 1 on, for masks that do not tell lesions apart."""
    return np.asarray(ndimage.label(mask, structure=np.ones((3, 3, 3)))[0], dtype=np.uint16)


def _description(phase: Phase, provenance: Provenance) -> str:
    if provenance is Provenance.SYNTHETIC:
        return f"{SYNTHETIC_MARK} {phase}: generated by hepaphase, not measured"
    return f"{provenance.value} {phase}"


_MARKS = {SYNTHETIC_MARK: Provenance.SYNTHETIC, Provenance.SIMULATED.value: Provenance.SIMULATED}
"""First word of a description to what it says where ``study.json`` is silent."""


def _facts(study: Study) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "schema": SCHEMA,
        "case": study.case,
        "phases": {
            phase.value: {
                "provenance": volume.provenance.value,
                **({} if volume.time_s is None else {"time_s": volume.time_s}),
                "recognised_by": volume.recognised_by,
            }
            for phase, volume in study.phases.items()
        },
    }
    if study.lesion_table is not None:
        facts["lesions"] = [
            {"id": row.lesion_id, "class": row.lesion_class, "details": dict(row.details)} for row in study.lesion_table
        ]
    return {**facts, "clinical": dict(study.clinical), "warnings": list(study.warnings)}


def _read_facts(folder: Path) -> dict[str, Any]:
    path = folder / STUDY_FILE
    if not path.exists():
        return {}
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"'{path}' is not JSON: {error}.") from error
    found = facts.get("schema") if isinstance(facts, dict) else None
    if found != SCHEMA:
        raise InputError(f"'{path}' has schema {found!r}, this version reads '{SCHEMA}'.")
    for key, kind, word in _PARTS:
        if not isinstance(facts.get(key, kind()), kind):
            raise InputError(f"'{path}': '{key}' must be a {word}.")
    if not all(isinstance(told, dict) for told in facts.get("phases", {}).values()):
        raise InputError(f"'{path}': each phase must be a table.")
    return dict(facts)


def _find(folder: Path, names: tuple[str, ...]) -> Path | None:
    """The one file in ``folder`` with one of ``names``."""
    found = [path for name in names for suffix in _SUFFIXES if (path := folder / (name + suffix)).exists()]
    if len(found) > 1:
        raise InputError(f"'{folder}' holds both {found[0].name} and {found[1].name}. Keep one.")
    return found[0] if found else None


def _read_phase(path: Path, told: Mapping[str, Any]) -> PhaseVolume:
    hu, geometry = read_nifti(path)
    mark = read_description(path).split(" ")[0]
    marked = mark == SYNTHETIC_MARK
    default = _MARKS.get(mark, Provenance.MEASURED)
    try:
        provenance = Provenance(told.get("provenance", default))
        time_s = None if told.get("time_s") is None else float(told["time_s"])
    except (ValueError, TypeError) as error:
        raise InputError(f"'{path.parent / STUDY_FILE}', {path.name}: {error}.") from error
    if marked and provenance is not Provenance.SYNTHETIC:
        raise InputError(f"'{path}' is marked as synthetic in its header, but study.json calls it {provenance}.")
    return PhaseVolume(
        hu,
        geometry,
        provenance,
        time_s=time_s,
        sd_hu=_read_sd(path, geometry),
        recognised_by=str(told.get("recognised_by", "name")),
    )


def _read_sd(path: Path, geometry: Geometry) -> npt.NDArray[np.float32] | None:
    sd_path = _find(path.parent, (path.name.split(".")[0] + "_sd",))
    if sd_path is None:
        return None
    sd_hu, own = read_nifti(sd_path)
    geometry.require(own, what=f"'{sd_path}'")
    return sd_hu


def _read_masks(folder: Path) -> dict[str, Mask]:
    masks: dict[str, Mask] = {}
    for name, names in MASK_NAMES.items():
        path = _find(folder, names)
        if path is None:
            continue
        array, geometry = read_mask(path)
        if path.name.split(".")[0] in _BINARY_NAMES and array.max() == 1:
            array = label_parts(array > 0)
        masks[name] = (array.astype(np.uint16 if name == "lesions" else np.uint8, copy=False), geometry)
    return {**organ_masks_in(folder), **masks}  # the user's own win


def _lesion_table(facts: Mapping[str, Any], folder: Path) -> tuple[LesionRow, ...] | None:
    if facts.get("lesions") is None:
        return None
    try:
        return tuple(
            LesionRow(int(row["id"]), lesion_class(row["class"]).key, dict(row.get("details", {})))
            for row in facts["lesions"]
        )
    except (KeyError, TypeError, ValueError, HepaphaseError) as error:
        raise InputError(
            f"'{folder / STUDY_FILE}': a lesion row needs id and class; {str(error).removesuffix('.')}."
        ) from error
