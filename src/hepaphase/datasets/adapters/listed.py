"""A table that names the files: ``cohort.csv``, one row per case."""

from pathlib import Path

from ...base.atomic import write_text
from ...base.errors import InputError
from ...study.phase import Phase
from ...study.study import Study
from ..files import CaseFiles, FileCohort
from ..layout import Layout, MaskRule
from ..metadata import Row, read_metadata
from ..tables import Table, spelled

TABLE = "cohort.csv"
_MASKS = ("liver", "lesions", "body")


class Adapter(FileCohort):
    """Columns ``case``, any of ``NC``, ``AP``, ``PVP``, ``DP``, ``liver``, ``lesions``, ``body``, and clinical ones.

    Files are given relative to the folder of the table, or whole. A column ``kind`` names the class of all lesions of
    the patient, a column ``patient`` whose case it is.
    """

    source = "listed"
    layout = Layout(
        scans="{case}_{phase}.nii.gz",
        words={p.value: p for p in Phase},
        masks=tuple(MaskRule(template="{case}_mask_" + name + ".nii.gz", parts={name: ()}) for name in _MASKS),
    )
    table = Table(files=(TABLE,), key="case", kind="kind")

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        known = {*_MASKS, *(p.lower() for p in Phase)}
        self._rows = {case: {k: v for k, v in row.items() if k not in known} for case, row in self._rows.items()}

    @classmethod
    def recognizes(cls, root: Path) -> bool:
        """Whether there is a ``cohort.csv``."""
        return (root / TABLE).is_file()

    @classmethod
    def find(cls, root: Path) -> dict[str, CaseFiles]:
        """The files that the table names.

        Raises:
            InputError: when a case names no phase, or a file is not there.
        """
        return {case: _files(root, case, row) for case, row in read_metadata(root / TABLE, key="case").items()}

    def patient(self, case: str) -> str:
        """What column ``patient`` says, else the case itself."""
        return str(self._rows.get(case, {}).get("patient", case))

    @classmethod
    def write_example(cls, root: Path, study: Study) -> None:
        """Lay ``study`` out with its files beside the table."""
        super().write_example(root, study)
        cells = {"case": study.case, **{k: str(study.clinical[k]) for k in ("sex", "age") if k in study.clinical}}
        cells |= {p.value: f"{study.case}_{p}.nii.gz" for p in study.phases}
        cells |= {name: f"{study.case}_mask_{name}.nii.gz" for name in _MASKS if name in study.masks}
        kinds = {spelled(row.lesion_class) for row in study.lesion_table or ()}
        cells |= {"kind": kinds.pop()} if len(kinds) == 1 else {}
        write_text(root / TABLE, ",".join(cells) + "\n" + ",".join(cells.values()) + "\n")


def _files(root: Path, case: str, row: Row) -> CaseFiles:
    files = CaseFiles(scans={p: root / str(row[p.lower()]) for p in Phase if p.lower() in row})
    files.masks = [
        (MaskRule(template="", parts={name: ()}), root / str(row[name]), None) for name in _MASKS if name in row
    ]
    if not files.scans:
        raise InputError(f"'{root / TABLE}' names no phase for '{case}'. Fill one of {', '.join(Phase)}.")
    for path in (*files.scans.values(), *(path for _, path, _ in files.masks)):
        if not path.is_file():
            raise InputError(f"'{root / TABLE}' names '{path}' for '{case}', which is not there.")
    return files
