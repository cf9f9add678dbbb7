"""Any source to a study: phases named by the user, by file names, or else by what they measure."""

from collections.abc import Callable, Mapping
from pathlib import Path

from ..base.errors import ConfigError, InputError
from ..bundle.bundle import Bundle
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
from ..prepare.phases import Candidate, name_phases
from ..prepare.regions import measure
from ..study.phase import Phase, Provenance
from ..study.study import PhaseVolume, Study

Organs = Callable[[], Bundle]
"""The network that finds what is measured, loaded when it is needed: a source that cannot be read is refused first."""

_AGENTLESS = ("", "none", "no", "without")


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
            return read_source(path, phases=phases, keep_identity=keep_identity, fill_missing=fill_missing)
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


def _dicom(contents: Contents, organs: Organs, *, keep_identity: bool, fill_missing: bool, device: str) -> Study:
    candidates, notes = [], {}
    for p in contents.passes:
        read = read_pass(p, fill_missing=fill_missing)
        volume = PhaseVolume(read.hu, read.geometry, Provenance.MEASURED)
        notes[p.key or p.uid] = read.notes
        agent = p.contrast_agent.strip().lower()
        candidates.append(
            Candidate(
                name=p.key or p.uid,
                label=f"Series {p.key}" if p.key else "The series",
                volume=volume,
                measured=measure(volume, coarse_organs(volume, organs(), device=device)),
                text=" ".join(filter(None, (p.description, p.protocol))),
                scan_s=p.scan_s,
                delay_s=p.delay_s if p.delay_s is not None and p.delay_s >= 0 else None,
                contrast_told=None if not agent else agent not in _AGENTLESS,
            )
        )
    if not candidates:
        raise ConfigError("There is no CT pass to recognize. Give a folder with one.")
    named = name_phases(candidates)
    known = {**contents.clinical, **(identity(contents.passes[0].files[0]) if keep_identity else {})}
    masks = {}
    for path in contents.segs:
        masks.update(named_masks(read_seg(path)))
    warnings = [*named.warnings, *_notes(named.names, notes)]
    return Study(
        case=str(known.get("patient_id") or contents.case),
        phases=named.phases,
        masks=masks,
        clinical=known,
        warnings=tuple(warnings),
    )


def _notes(names: Mapping[Phase, str], notes: Mapping[str, tuple[str, ...]]) -> list[str]:
    return [f"{phase}: {note}" for phase, name in names.items() for note in notes[name]]
