"""Whether passes belong together: scans of two patients, or of two visits, are never read as one."""

from collections.abc import Sequence

from ..base.errors import DicomError
from .dicom import SHOWN, Pass
from .headers import text
from .identity import identity


def check_one_visit(passes: Sequence[Pass], *, named: bool = False) -> tuple[str, ...]:
    """Refuse passes of several patients; of several studies too, unless the user named each (then it is a warning).

    Raises:
        DicomError: saying which series belong to which study.
    """
    studies: dict[str, list[Pass]] = {}
    for p in passes:
        studies.setdefault(text(p.frames[0].header.data, "StudyInstanceUID"), []).append(p)
    if len(studies) < 2:
        return ()
    listing = "; ".join(_say(found) for found in studies.values())
    patients = {identity(found[0].files[0]).get("patient_id", "") for found in studies.values()}
    if len(patients) > 1:
        raise DicomError(f"These are scans of {len(patients)} patients. Give those of one: {listing}. {SHOWN}")
    if not named:
        raise DicomError(
            f"These are {len(studies)} studies of one patient. Give the folder of one, or name each phase's series by "
            f"its uid with --phases: {listing}. {SHOWN}"
        )
    return (f"The phases come from {len(studies)} studies of the patient, as they were named.",)


def _say(passes: Sequence[Pass]) -> str:
    names = ", ".join(p.key or "without number" for p in passes)
    return f"a study with series {names} ({passes[0].num_slices} slices{'' if len(passes) == 1 else ' in the first'})"
