"""Any source to a study: phases named by the user, by file names, or else by what they measure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..base.errors import ConfigError, InputError
from ..bundle.bundle import Bundle
from ..datasets.unnamed import Masks, Namer, Told, Unnamed, of_pass
from ..io.archive import opened
from ..io.case import MASK_NAMES, is_case
from ..io.dicom import Contents, find_passes, read_pass
from ..io.headers import DIRECTORY
from ..io.identity import identity
from ..io.nifti import is_nifti, read_mask
from ..io.organ_masks import read_organ_masks
from ..io.seg import named_masks, read_seg
from ..io.source import PhaseNames, read_source, read_unnamed
from ..io.visit import check_one_visit
from ..io.volume import is_volume
from ..organs.checks import check_liver, check_organs
from ..organs.segment import coarse_organs
from ..prepare.phases import Candidate, doubted_names, name_phases, recognized_as_named
from ..prepare.recognize import Recognized
from ..prepare.regions import Measured, measure
from ..study.phase import Phase, Provenance
from ..study.study import PhaseVolume, Study
from .cut import cut_out

Organs = Callable[[], Bundle]
"""The network that finds what is measured, loaded when it is needed: a source that cannot be read is refused first."""
Heard = Callable[[Mapping[Phase, Recognized]], None]
"""Is told what each phase was recognized as, and how surely."""


def take_in(  # noqa: PLR0913
    path: Path,
    organs: Organs,
    *,
    phases: PhaseNames | None = None,
    organ_masks: Path | None = None,
    keep_identity: bool = False,
    fill_missing: bool = False,
    device: str = "cpu",
    heard: Heard | None = None,
    cut: bool = False,
) -> Study:
    """The study at ``path``; volumes that neither the user nor a case folder names are recognized by measured HU.

    Phases that are named are measured too: a name that the measurement contradicts is a warning, and stays.

    Args:
        path: as for ``read_source``, and a folder of NIfTI, NRRD or MetaImage files with any names.
        organs: the network that finds the vessels and organs to measure.
        phases: what the user says; then nothing is recognized.
        organ_masks: TotalSegmentator's folder or label map; masks of the source itself win over these.
        keep_identity: as for ``read_source``.
        fill_missing: as for ``read_source``.
        device: where the network runs.
        heard: is told what each phase was recognized as.
        cut: keep of each scanned phase only what a reading looks at (``cut_out``), and never two of them whole at once.

    Raises:
        ConfigError: when what is measured leaves a phase in doubt: the message says what to answer.
        InputError: when nothing there can be read.
    """
    if not path.exists():
        raise InputError(f"There is no file or folder '{path}'.")
    given = {} if organ_masks is None else read_organ_masks(organ_masks)
    how = _How(_Look(organs, device, cut), given, keep_identity, fill_missing, heard)
    with opened(path) as place:
        if phases is not None or is_case(place):
            study = _named(path, phases, how)
        elif files := [place] if is_volume(place) else _volumes_in(place):
            study = _files(path.name.split(".")[0], files, how)
        elif place.is_file() and place.name.upper() != DIRECTORY:
            return read_source(path)  # which says what can be read
        else:
            study = _dicom(find_passes(place), how)
    return replace(study, warnings=(*study.warnings, *check_organs(study.masks)))


@dataclass(frozen=True, slots=True)
class _How:
    """What a source without phase names is taken in with."""

    look: "_Look"
    given: Masks
    keep_identity: bool
    fill_missing: bool
    heard: Heard | None


@dataclass(frozen=True, slots=True)
class _Look:
    """Organs are found on each phase once: to measure them, and to cut the phase around its liver."""

    organs: Organs
    device: str
    cut: bool

    def __call__(self, volume: PhaseVolume, masks: Masks, cut_by: Masks | None = None) -> tuple[Measured, PhaseVolume]:
        """What is measured with the masks of the user's own, and what is kept, which their liver has a say in too."""
        coarse = coarse_organs(volume, self.organs(), device=self.device)
        measured = measure(volume, coarse, masks)
        return measured, cut_out(volume, coarse, masks if cut_by is None else cut_by) if self.cut else volume


def _named(path: Path, phases: PhaseNames | None, how: _How) -> Study:
    """Phases that the user or the files name, and doubts about the names."""
    measured: dict[Phase, Measured] = {}

    def each(phase: Phase, volume: PhaseVolume, masks: Masks) -> PhaseVolume:
        if not volume.provenance.is_input:
            return volume
        measured[phase], kept = how.look(volume, {}, {**how.given, **masks})
        return kept

    study = read_source(path, phases=phases, keep_identity=how.keep_identity, fill_missing=how.fill_missing, each=each)
    doubts = _doubts(study, {phase: measured[phase] for phase in study.inputs}, how.heard)
    return replace(study, masks={**how.given, **study.masks}, warnings=(*study.warnings, *doubts))


def _volumes_in(folder: Path) -> list[Path]:
    """Files of volumes directly in ``folder``, by name; hidden ones are leftovers of other programs."""
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(p for p in found if p.is_file() and is_volume(p) and not p.name.startswith("."))


def _files(case: str, files: list[Path], how: _How) -> Study:
    """Files of any names; those named like a mask are masks."""
    kinds = {alias.lower(): kind for kind, aliases in MASK_NAMES.items() for alias in aliases}
    volumes = [f for f in files if _stem(f).lower() not in kinds]
    if not volumes:
        raise InputError(f"'{files[0].name}' is named like a mask, and no scan lies beside it.")
    own = {kinds[_stem(f).lower()]: read_mask(f) for f in files if f not in volumes and is_nifti(f)}
    masks = {**how.given, **own}
    candidates = [
        _candidate(
            Unnamed(
                name=path.name,
                label=f"File {number}" if len(volumes) > 1 else "The file",
                volume=read_unnamed(path),
                text=_stem(path).replace("_", " "),
            ),
            masks,
            how.look,
        )
        for number, path in enumerate(volumes, start=1)
    ]
    named = _told(candidates, how.heard)
    return Study(case=case, phases=named.phases, masks=masks, warnings=named.warnings)


def _stem(path: Path) -> str:
    return path.name.split(".")[0]


def measured_names(organs: Organs, *, device: str = "cpu", heard: Heard | None = None) -> Namer:
    """A namer that measures: for cohorts whose source does not tell phases.

    It raises PhaseDoubtError where a phase is not sure, as ``name_phases`` does. ``heard`` gets what was recognized.
    """
    look = _Look(organs, device, False)
    return lambda volumes, masks: _told([_candidate(one, masks, look) for one in volumes], heard)


def _candidate(one: Unnamed, masks: Masks, look: _Look) -> Candidate:
    measured, kept = look(one.volume, masks)
    return Candidate(
        name=one.name,
        label=one.label,
        volume=kept,
        measured=measured,
        text=one.text,
        scan_s=one.scan_s,
        delay_s=one.delay_s,
        contrast_told=one.contrast_told,
    )


def _told(candidates: Sequence[Candidate], heard: Heard | None) -> Told:
    if not candidates:
        raise ConfigError("There is no CT pass to recognize. Give a folder with one.")
    named = name_phases(candidates)
    if heard is not None:
        heard(named.recognized)
    return Told(named.phases, named.names, named.warnings)


def check_names(study: Study, organs: Organs, *, device: str = "cpu", heard: Heard | None = None) -> tuple[str, ...]:
    """Warnings about scanned phases that measure as another phase than they are called.

    Not looked at where voxels are known not to be HU. Organs are found in the reference alone, and the other phases are
    measured at the same places: a third of the time, for whole cohorts.
    """
    if study.clinical.get("hu_trust") == "windowed":
        return ()
    coarse = coarse_organs(study.phase(study.reference()), organs(), device=device)
    return _doubts(study, {phase: measure(study.phase(phase), coarse) for phase in study.inputs}, heard)


def _doubts(study: Study, measured: Mapping[Phase, Measured], heard: Heard | None) -> tuple[str, ...]:
    if study.clinical.get("hu_trust") == "windowed":
        return ()
    recognized = recognized_as_named(measured)
    if heard is not None:
        heard(recognized)
    return tuple(doubted_names(recognized))


def check_masks(study: Study) -> tuple[str, ...]:
    """Warnings about masks that cannot be of the organs they are called, the liver's among them."""
    found = check_organs(study.masks)
    if "liver" in study.masks and study.masks["liver"][0].any():
        liver, grid = study.masks["liver"]
        body = study.masks.get("body")
        found += check_liver(liver, body[0] if body is not None and body[1].matches(grid) else None, grid)
    return tuple(found)


def _dicom(contents: Contents, how: _How) -> Study:
    check_one_visit(contents.passes)
    masks = dict(how.given)
    for path in contents.segs:
        masks.update(named_masks(read_seg(path)))
    candidates, notes = [], {}
    for p in contents.passes:
        read = read_pass(p, fill_missing=how.fill_missing, keep_identity=how.keep_identity)
        volume = PhaseVolume(read.hu, read.geometry, Provenance.MEASURED, origin=read.origin)
        candidates.append(_candidate(of_pass(p, volume, read.notes), masks, how.look))
        notes[candidates[-1].name] = read.notes
        del read, volume  # before the next is read
    named = _told(candidates, how.heard)
    known = {**contents.clinical, **(identity(contents.passes[0].files[0]) if how.keep_identity else {})}
    warnings = [*named.warnings, *(f"{phase}: {n}" for phase, name in named.names.items() for n in notes[name])]
    return Study(
        case=str(known.get("patient_id") or contents.case),
        phases=named.phases,
        masks=masks,
        clinical=known,
        warnings=tuple(warnings),
    )
