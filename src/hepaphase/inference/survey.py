"""What a source holds, before anything is read from it: studies, passes, what is left out, phases, geometry, doubts."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..base.atomic import write_json, write_text
from ..base.errors import ConfigError, DicomError, InputError, OutputError, PhaseDoubtError, StudyError
from ..datasets.protocol import PLAIN, Adapter, open_cohort
from ..io.archive import opened
from ..io.case import is_case, write_case
from ..io.dicom import Contents, find_passes
from ..io.headers import DIRECTORY
from ..io.source import PhaseNames
from ..io.volume import is_volume
from ..prepare.recognize import Recognized
from ..study.phase import Phase
from ..study.study import Study
from .intake import Organs, check_masks, check_names, measured_names, take_in

SCHEMA = "hepaphase-intake/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyOptions:
    """What the user says about a source; as for ``take_in``."""

    phases: PhaseNames | None = None
    organ_masks: Path | None = None
    keep_identity: bool = False
    fill_missing: bool = False
    device: str = "cpu"

    @property
    def about_one(self) -> bool:
        """Whether something is said that only one study can mean."""
        return self.phases is not None or self.organ_masks is not None


@dataclass(frozen=True, slots=True)
class Found:
    """One study of a source."""

    case: str
    study: Study | None
    """None where its phases cannot be told surely."""
    recognized: Mapping[Phase, Recognized]
    """What each phase measures as; empty where nothing was measured."""
    contents: Contents | None
    """Of DICOM: the passes, and what was left out."""
    question: str = ""
    """What the user has to answer first, or why it cannot be read."""
    patient: str = ""
    """Whose it is, where several studies may be of one patient; else the case."""


@dataclass(slots=True)
class _Listener:
    heard: Mapping[Phase, Recognized] = field(default_factory=dict)

    def __call__(self, recognized: Mapping[Phase, Recognized]) -> None:
        self.heard = recognized


def survey(
    path: Path,
    organs: Organs,
    options: SurveyOptions | None = None,
    *,
    heard: Callable[[int, int], None] | None = None,
) -> Iterator[Found]:
    """Every study at ``path``, one at a time: one as for ``take_in``, those in a folder of DICOM, or a cohort.

    A study whose phases are in doubt comes with the question instead of phases; nothing is guessed. So does one of
    several that cannot be read.

    Args:
        path: as for ``take_in``, a folder of several DICOM studies, or a cohort.
        organs: as for ``take_in``.
        options: what the user says of it.
        heard: is told which study begins, from 1, of how many.

    Raises:
        ConfigError: for choices that are about one study, when there are several.
        InputError: when nothing there can be read.
    """
    options = options or SurveyOptions()
    with ExitStack() as stack:
        place = stack.enter_context(opened(path)) if path.exists() else path
        cohort = None if options.about_one else _cohort(place)
        tell = heard or _nobody
        if cohort is None:
            tell(1, 1)
            yield _one(path, place, organs, options)
            return
        if options.keep_identity or options.fill_missing:
            raise ConfigError(
                f"'{path.name}' holds {len(cohort.cases())} studies; that choice is about one. Give its folder."
            )
        cases = cohort.cases()
        for number, case in enumerate(cases, start=1):
            tell(number, len(cases))
            yield _of_cohort(cohort, case, organs, options.device)


def _nobody(number: int, count: int) -> None:
    """Hears nothing."""


def _cohort(place: Path) -> Adapter | None:
    """The cohort at ``place``, when it holds more than one study."""
    if not place.is_dir() or is_case(place):
        return None
    try:
        adapter = open_cohort(place)
    except InputError:
        return None  # not laid out like a cohort: what ``take_in`` says of it helps more
    if getattr(adapter, "source", "") not in PLAIN:
        return adapter
    return adapter if len(adapter.cases()) > 1 and not any(is_volume(p) for p in place.iterdir()) else None


def _one(path: Path, place: Path, organs: Organs, options: SurveyOptions) -> Found:
    listener = _Listener()
    contents = _contents(place)
    try:
        study = take_in(
            path,
            organs,
            phases=options.phases,
            organ_masks=options.organ_masks,
            keep_identity=options.keep_identity,
            fill_missing=options.fill_missing,
            device=options.device,
            heard=listener,
        )
    except PhaseDoubtError as error:
        name = contents.case if contents is not None else path.name.split(".")[0]
        return Found(name, None, {}, contents, str(error))
    return Found(study.case, study, listener.heard, contents)


def _of_cohort(cohort: Adapter, case: str, organs: Organs, device: str) -> Found:
    listener = _Listener()
    if hasattr(cohort, "namer"):
        cohort.namer = measured_names(organs, device=device, heard=listener)
    contents, patient = None, cohort.patient(case)
    try:
        contents = find_passes(cohort.paths(case)) if getattr(cohort, "source", "") in PLAIN else None
        study = cohort.load(case)
    except (ConfigError, InputError, StudyError) as error:
        return Found(case, None, {}, contents, str(error), patient)
    odd = () if listener.heard else check_names(study, organs, device=device, heard=listener)
    told = (*study.warnings, *check_masks(study), *odd)
    study = Study(case, study.phases, study.masks, study.lesion_table, study.clinical, told)
    return Found(case, study, listener.heard, contents, patient=patient)


def _contents(place: Path) -> Contents | None:
    looks_like = place.is_dir() or place.name.upper() == DIRECTORY
    if not looks_like or is_case(place) or (place.is_dir() and any(is_volume(p) for p in place.iterdir())):
        return None
    try:
        return find_passes(place)
    except (DicomError, InputError):
        return None  # ``take_in`` says why


def write_intake(found: Found, out: Path) -> Path:
    """Write the study as a case folder below ``out`` and return the folder.

    Raises:
        OutputError: when there is such a folder already.
    """
    assert found.study is not None, "a study in doubt has nothing to write"
    folder = out / _folder(found.case)
    if folder.exists():
        raise OutputError(f"There is a case '{folder.name}' in '{out}' already. Give a new folder.")
    write_case(found.study, folder)
    return folder


def _folder(case: str) -> str:
    """A name for a folder on any system; a patient's number, kept when asked, may hold anything."""
    return re.sub(r"[^\w.\- ]", "_", case).strip(". ") or "case"


def write_facts(facts: list[dict[str, Any]], out: Path) -> list[Path]:
    """Write ``intake.json`` and ``metadata.csv``, which says which cases are of one patient."""
    table = io.StringIO()
    taken = [(f["case"], f["patient"]) for f in facts if not f["in_doubt"]]
    csv.writer(table, lineterminator="\n").writerows([("case", "patient"), *taken])
    write_text(out / "metadata.csv", table.getvalue())
    write_json(out / "intake.json", {"schema": SCHEMA, "research_use_only": True, "cases": facts})
    return [out / "metadata.csv", out / "intake.json"]


def facts_of(found: Found) -> dict[str, Any]:
    """All of it as plain values; what headers call a series is left out, since people write names into it."""
    contents, study = found.contents, found.study
    facts: dict[str, Any] = {"case": _folder(found.case), "in_doubt": study is None}
    facts["patient"] = _folder(found.patient or found.case)
    if contents is not None:
        facts["passes"] = [{"series": p.key, "slices": p.num_slices, "delay_s": p.delay_s} for p in contents.passes]
        facts["left_out"] = [{"why": item.why, "files": item.num_files} for item in contents.left_out]
        facts["seg_objects"] = len(contents.segs)
    if study is not None:
        facts["phases"] = {str(p): _phase_facts(found, p) for p in study.phases}
        facts["masks"] = sorted(study.masks)
        facts["warnings"] = list(study.warnings)
    return facts


def _phase_facts(found: Found, phase: Phase) -> dict[str, Any]:
    assert found.study is not None
    volume = found.study.phase(phase)
    grid = volume.geometry
    facts: dict[str, Any] = {
        "provenance": str(volume.provenance),
        "recognised_by": volume.recognised_by,
        "time_s": volume.time_s,
        "shape_zyx": list(grid.shape_zyx),
        "spacing_xyz_mm": list(grid.spacing_xyz_mm),
        "origin_lps_mm": list(grid.origin_lps_mm),
        "direction": [list(row) for row in grid.direction],
    }
    if phase in found.recognized:
        answer = found.recognized[phase]
        facts["measured_as"] = {
            "probabilities": {str(p): round(share, 4) for p, share in answer.probabilities.items()},
            "time_s": round(answer.time_s, 1),
            "interval_s": [round(t, 1) for t in answer.interval_s],
            "misfit": round(answer.misfit, 2),
        }
    return facts
