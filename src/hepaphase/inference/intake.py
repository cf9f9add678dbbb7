"""Any source to a study: phases named by the user, by file names, or else by what they measure."""

from collections.abc import Callable, Sequence
from dataclasses import replace
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
from ..io.seg import named_masks, read_seg
from ..io.source import PhaseNames, read_source, read_unnamed
from ..io.volume import is_volume
from ..organs.segment import coarse_organs
from ..prepare.phases import Candidate, against_names, name_phases
from ..prepare.regions import measure
from ..study.phase import Provenance
from ..study.study import PhaseVolume, Study

Organs = Callable[[], Bundle]
"""The network that finds what is measured, loaded when it is needed: a source that cannot be read is refused first."""


def take_in(
    path: Path,
    organs: Organs,
    *,
    phases: PhaseNames | None = None,
    keep_identity: bool = False,
    fill_missing: bool = False,
    device: str = "cpu",
) -> Study:
    """The study at ``path``; volumes that neither the user nor a case folder names are recognized by measured HU.

    Phases that are named are measured too: a name that the measurement contradicts is a warning, and stays.

    Args:
        path: as for ``read_source``, and a folder of NIfTI, NRRD or MetaImage files with any names.
        organs: the network that finds the vessels and organs to measure.
        phases: what the user says; then nothing is recognized.
        keep_identity: as for ``read_source``.
        fill_missing: as for ``read_source``.
        device: where the network runs.

    Raises:
        ConfigError: when what is measured leaves a phase in doubt: the message says what to answer.
        InputError: when nothing there can be read.
    """
    if not path.exists():
        raise InputError(f"There is no file or folder '{path}'.")
    with opened(path) as place:
        if phases is not None or is_case(place):
            study = read_source(path, phases=phases, keep_identity=keep_identity, fill_missing=fill_missing)
            return replace(study, warnings=(*study.warnings, *check_names(study, organs, device=device)))
        if files := [place] if is_volume(place) else _volumes_in(place):
            return _files(path.name.split(".")[0], files, organs, device)
        if place.is_file() and place.name.upper() != DIRECTORY:
            return read_source(path)  # which says what can be read
        return _dicom(find_passes(place), organs, keep_identity=keep_identity, fill_missing=fill_missing, device=device)


def _volumes_in(folder: Path) -> list[Path]:
    """Files of volumes directly in ``folder``, by name."""
    return sorted(p for p in folder.iterdir() if p.is_file() and is_volume(p)) if folder.is_dir() else []


def _files(case: str, files: list[Path], organs: Organs, device: str) -> Study:
    """Files of any names; those named like a mask are masks."""
    kinds = {alias.lower(): kind for kind, aliases in MASK_NAMES.items() for alias in aliases}
    volumes = [f for f in files if _stem(f).lower() not in kinds]
    if not volumes:
        raise InputError(f"'{files[0].name}' is named like a mask, and no scan lies beside it.")
    masks = {kinds[_stem(f).lower()]: read_mask(f) for f in files if f not in volumes and is_nifti(f)}
    candidates = []
    for number, path in enumerate(volumes, start=1):
        volume = read_unnamed(path)
        candidates.append(
            Candidate(
                name=path.name,
                label=f"File {number}" if len(volumes) > 1 else "The file",
                volume=volume,
                measured=measure(volume, coarse_organs(volume, organs(), device=device), masks),
                text=_stem(path).replace("_", " "),
            )
        )
    named = name_phases(candidates)
    return Study(case=case, phases=named.phases, masks=masks, warnings=named.warnings)


def _stem(path: Path) -> str:
    return path.name.split(".")[0]


def measured_names(organs: Organs, *, device: str = "cpu") -> Namer:
    """A namer that measures: for cohorts whose source does not tell phases.

    It raises PhaseDoubtError where a phase is not sure, as ``name_phases`` does.
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
        return Told(named.phases, named.names, named.warnings)

    return name


def check_names(study: Study, organs: Organs, *, device: str = "cpu") -> tuple[str, ...]:
    """Warnings about scanned phases that measure as another phase than they are called.

    Not looked at where voxels are known not to be HU.
    """
    if study.clinical.get("hu_trust") == "windowed":
        return ()
    scanned = {p: study.phases[p] for p in study.inputs}
    measured = {p: measure(v, coarse_organs(v, organs(), device=device)) for p, v in scanned.items()}
    return tuple(against_names(measured))


def _dicom(contents: Contents, organs: Organs, *, keep_identity: bool, fill_missing: bool, device: str) -> Study:
    unnamed = []
    for p in contents.passes:
        read = read_pass(p, fill_missing=fill_missing)
        unnamed.append(of_pass(p, PhaseVolume(read.hu, read.geometry, Provenance.MEASURED), read.notes))
    masks = {}
    for path in contents.segs:
        masks.update(named_masks(read_seg(path)))
    named = measured_names(organs, device=device)(unnamed, masks)
    known = {**contents.clinical, **(identity(contents.passes[0].files[0]) if keep_identity else {})}
    notes = {one.name: one.notes for one in unnamed}
    warnings = [*named.warnings, *(f"{phase}: {n}" for phase, name in named.names.items() for n in notes[name])]
    return Study(
        case=str(known.get("patient_id") or contents.case),
        phases=named.phases,
        masks=masks,
        clinical=known,
        warnings=tuple(warnings),
    )
