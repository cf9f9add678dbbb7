"""The layout of GALS-CE: folders Train, Val and Inference of cases, and a table of labels."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ...base.atomic import write_text
from ...base.errors import InputError
from ...base.names import check_name
from ...io.case import is_case, read_case
from ...io.nifti import write_nifti
from ...study.study import LesionRow, Study
from ..metadata import find_metadata, read_metadata

SETS = ("Train", "Val", "Inference")
_METASTASIS_LABELS = range(1, 7)
"""Labels that name the origin of a metastasis; their names are unpublished. 7 and 8 are primaries."""


class Adapter:
    """``RAW_DATA/{Train,Val,Inference}/ID/{NC,AP,PVP,DP,Body_mask,Liver_mask,Tumor_mask}.nii.gz``.

    ``metadata.xlsx`` (or ``.csv``; columns ID, label, sex, age) lies in the same folder or the one above. Its label
    becomes ``gals_ce_label`` in ``Study.clinical``, the set ``set``. Labels 1 to 6 are metastases, so every connected
    part of the tumor mask becomes a metastasis in the lesion table. Labels 7 and 8 are primaries whose names were not
    published: the lesion table stays unknown.
    """

    def __init__(self, root: Path) -> None:
        self._folders: dict[str, Path] = {}
        for subset in SETS:
            for folder in sorted((root / subset).glob("*")):
                if not is_case(folder):
                    continue
                if folder.name in self._folders:
                    raise InputError(f"'{folder.name}' is in two sets of '{root}', a leak. Keep it in one.")
                self._folders[folder.name] = folder
        table = find_metadata(root) or find_metadata(root.resolve().parent)
        self._rows: dict[str, dict[str, Any]] = {} if table is None else read_metadata(table, key="id")

    @staticmethod
    def recognizes(root: Path) -> bool:
        """Whether ``root`` holds one of the three set folders with a case in it."""
        return any(is_case(folder) for subset in SETS for folder in (root / subset).glob("*"))

    def cases(self) -> list[str]:
        """IDs of all sets, sorted."""
        return sorted(self._folders)

    def patient(self, case: str) -> str:
        """The ID: the source has one case per patient."""
        return case

    def paths(self, case: str) -> list[Path]:
        """Every file in the folder of the case."""
        return sorted(path for path in self._folders[case].iterdir() if path.is_file())

    def clinical(self, case: str) -> dict[str, Any]:
        """The row of the case."""
        return dict(self._rows.get(case, {}))

    def load(self, case: str) -> Study:
        """One case.

        Raises:
            InputError: when a file is missing or damaged.
            UnknownNameError: when there is no such case.
        """
        check_name(case, self._folders, kind="case")
        folder = self._folders[case]
        study = read_case(folder)
        row = dict(self._rows.get(case, {}))
        label = row.pop("label", None)
        clinical = {**row, "set": folder.parent.name, **({} if label is None else {"gals_ce_label": label})}
        return replace(study, clinical=clinical, lesion_table=_lesion_table(study, label))

    @staticmethod
    def write_example(root: Path, study: Study) -> None:
        """Lay ``study`` out as a training case; metastases get label 1, no other lesion can be told."""
        folder = root / "Train" / study.case
        for phase, volume in study.phases.items():
            write_nifti(folder / f"{phase}.nii.gz", volume.hu, volume.geometry)
        for name, file_name in {"liver": "Liver_mask", "lesions": "Tumor_mask", "body": "Body_mask"}.items():
            if name in study.masks:
                array, geometry = study.masks[name]
                write_nifti(folder / f"{file_name}.nii.gz", (array > 0).astype(np.uint8), geometry)
        classes = {row.lesion_class for row in study.lesion_table or ()}
        label = "1" if classes == {"metastasis"} else ""
        cells = [study.case, label, str(study.clinical.get("sex", "")), str(study.clinical.get("age", ""))]
        write_text(root / "metadata.csv", "ID,label,sex,age\n" + ",".join(cells) + "\n")


def _lesion_table(study: Study, label: Any) -> tuple[LesionRow, ...] | None:
    if label not in _METASTASIS_LABELS or "lesions" not in study.masks:
        return None
    ids = np.unique(study.masks["lesions"][0])
    return tuple(LesionRow(int(i), "metastasis", {"gals_ce_label": int(label)}) for i in ids if i > 0)
