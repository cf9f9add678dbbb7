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
from ..prepare.regions import measure
from ..study.phase import Phase, Provenance
from ..study.study import PhaseVolume, Study

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

    Raises:
        ConfigError: when what is measured leaves a phase in doubt: the message says what to answer.
        InputError: when nothing there can be read.
    """
    if not path.exists():
        raise InputError(f"There is no file or folder '{path}'.")
    given = {} if organ_masks is None else read_organ_masks(organ_masks)
    how = _How(organs, given, keep_identity, fill_missing, device, heard)
    with opened(path) as place:
        if phases is not None or is_case(place):
            study = read_source(path, phases=phases, keep_identity=keep_identity, fill_missing=fill_missing)
            study = replace(study, masks={**how.given, **study.masks})
            study = replace(study, warnings=(*study.warnings, *check_names(study, organs, device=device, heard=heard)))
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

    organs: Organs
    given: Masks
    keep_identity: bool
    fill_missing: bool
    device: str
    heard: Heard | None


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
    unnamed = [
        Unnamed(
            name=path.name,
            label=f"File {number}" if len(volumes) > 1 else "The file",
            volume=read_unnamed(path),
            text=_stem(path).replace("_", " "),
        )
        for number, path in enumerate(volumes, start=1)
    ]
    named = measured_names(how.organs, device=how.device, heard=how.heard)(unnamed, masks)
    return Study(case=case, phases=named.phases, masks=masks, warnings=named.warnings)


def _stem(path: Path) -> str:
    return path.name.split(".")[0]


def measured_names(organs: Organs, *, device: str = "cpu", heard: Heard | None = None) -> Namer:
    """A namer that measures: for cohorts whose source does not tell phases.

    It raises PhaseDoubtError where a phase is not sure, as ``name_phases`` does. ``heard`` gets what was recognized.
    """

    def name(volumes: Sequence[Unnamed], masks: Masks) -> Told:
        if not volumes:
            raise ConfigError("There is no CT pass to recognize. Give a folder with one.")
        candidates = [
            Candidate(
                name=v.name,
                label=v.label,
                volume=v.volume,
                measured=measure(v.volume, coarse_organs(v.volume, organs(), device=device), masks),
                text=v.text,
                scan_s=v.scan_s,
                delay_s=v.delay_s,
                contrast_told=v.contrast_told,
            )
            for v in volumes
        ]
        named = name_phases(candidates)
        if heard is not None:
            heard(named.recognized)
        return Told(named.phases, named.names, named.warnings)

    return name


def check_names(
    study: Study, organs: Organs, *, each: bool = True, device: str = "cpu", heard: Heard | None = None
) -> tuple[str, ...]:
    """Warnings about scanned phases that measure as another phase than they are called.

    Not looked at where voxels are known not to be HU. With ``each`` organs are found in every phase; without, in the
    reference alone, and the others are measured at the same places: a third of the time, for whole cohorts.
    """
    if study.clinical.get("hu_trust") == "windowed":
        return ()
    found = {} if each else {None: coarse_organs(study.phase(study.reference()), organs(), device=device)}
    measured = {}
    for phase in study.inputs:
        volume = study.phase(phase)
        coarse = found.get(None) or coarse_organs(volume, organs(), device=device)
        measured[phase] = measure(volume, coarse)
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
    unnamed = []
    for p in contents.passes:
        read = read_pass(p, fill_missing=how.fill_missing, keep_identity=how.keep_identity)
        volume = PhaseVolume(read.hu, read.geometry, Provenance.MEASURED, origin=read.origin)
        unnamed.append(of_pass(p, volume, read.notes))
    masks = dict(how.given)
    for path in contents.segs:
        masks.update(named_masks(read_seg(path)))
    named = measured_names(how.organs, device=how.device, heard=how.heard)(unnamed, masks)
    known = {**contents.clinical, **(identity(contents.passes[0].files[0]) if how.keep_identity else {})}
    notes = {one.name: one.notes for one in unnamed}
    warnings = [*named.warnings, *(f"{phase}: {n}" for phase, name in named.names.items() for n in notes[name])]
    return Study(
        case=str(known.get("patient_id") or contents.case),
        phases=named.phases,
        masks=masks,
        clinical=known,
        warnings=tuple(warnings),
    )
