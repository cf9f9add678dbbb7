"""Our own layout: a folder per case, and ``metadata.csv`` beside them."""

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...base.atomic import write_text
from ...base.names import check_name
from ...io.case import is_case, read_case, write_case
from ...study.study import Study
from ..metadata import answered, find_metadata, read_metadata


class Adapter:
    """``COHORT/CASE/{NC,AP,PVP,DP,liver,lesions,body}.nii.gz``, ``study.json``, ``COHORT/metadata.csv``.

    Columns of the table beside ``case`` go to ``Study.clinical``, yes and no as answers; what ``study.json`` says wins.
    A column ``patient`` names whose case it is.
    """

    def __init__(self, root: Path) -> None:
        self._folders = {folder.name: folder for folder in sorted(root.iterdir()) if is_case(folder)}
        table = find_metadata(root)
        rows = {} if table is None else read_metadata(table, key="case")
        self._rows: dict[str, dict[str, Any]] = {case: answered(row) for case, row in rows.items()}

    @staticmethod
    def recognizes(root: Path) -> bool:
        """Whether a folder directly below ``root`` holds a phase."""
        return any(is_case(folder) for folder in root.iterdir())

    def cases(self) -> list[str]:
        """Names of the case folders, sorted."""
        return sorted(self._folders)

    def patient(self, case: str) -> str:
        """What column ``patient`` says, else the case itself."""
        return str(self._rows.get(case, {}).get("patient", case))

    def paths(self, case: str) -> list[Path]:
        """Every file in the folder of the case."""
        return sorted(path for path in self._folders[case].iterdir() if path.is_file())

    def clinical(self, case: str) -> dict[str, Any]:
        """The row of the case."""
        return dict(self._rows.get(case, {}))

    def load(self, case: str) -> Study:
        """The study in the folder called ``case``.

        Raises:
            InputError: when a file is missing or damaged.
            UnknownNameError: when there is no such case.
        """
        check_name(case, self._folders, kind="case")
        study = read_case(self._folders[case])
        return replace(study, clinical={**self._rows.get(case, {}), **study.clinical})

    @staticmethod
    def write_example(root: Path, study: Study) -> None:
        """Lay ``study`` out as a cohort of one."""
        write_case(study, root / study.case)
        text = io.StringIO()
        table = csv.DictWriter(text, ["case", *study.clinical])
        table.writeheader()
        table.writerow({"case": study.case, **study.clinical})
        write_text(root / "metadata.csv", text.getvalue())
