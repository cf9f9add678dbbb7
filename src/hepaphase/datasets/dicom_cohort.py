"""A cohort of DICOM folders: what every adapter of one shares. An adapter says where cases lie and what masks mean."""

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ..base.atomic import write_text
from ..base.names import check_name
from ..io.archive import opened
from ..io.case import label_parts
from ..io.dicom import Contents, PassVolume, find_passes, read_pass
from ..io.seg import Segment, read_seg
from ..resample.grid import resample
from ..study.geometry import Geometry
from ..study.phase import REFERENCE_ORDER, Phase, Provenance
from ..study.study import LesionRow, PhaseVolume, Study
from .defects import defects_of
from .example_dicom import write_masks, write_slices
from .files import Mask
from .tables import Table, lesion_kind
from .unnamed import Namer, Told, named_by_words, of_pass

_ON_GRID_VOXELS = 0.05
"""A mask whose voxels lie this near to those of a phase is on its grid, cut smaller."""


class DicomCohort:
    """Adapter of a source in DICOM; ``datasets/adapters`` holds one per source.

    ``namer`` names phases where the source does not; without it the words of the series do, with a warning.
    """

    source: ClassVar[str]
    """The name of the adapter's file, under which known defects are registered."""
    licence: ClassVar[str] = ""
    """As the source declares it; a file LICENSE beside the cases counts more. Empty where we do not know."""
    phase: ClassVar[Phase | None] = None
    """The phase of every scan, where the source has only one."""
    segments: ClassVar[Mapping[str, str]] = {}
    """Label of a segment, as a pattern in any case of letters that must fit whole, to our mask."""
    written: ClassVar[Mapping[str, str]] = {}
    """Our mask to the label that the source writes; one ending in ``_`` is numbered, a segment per lesion."""
    kind: ClassVar[str] = ""
    """What all lesions of all patients are, as public tables spell it."""
    table: ClassVar[Table | None] = None
    namer: Namer | None = None

    def __init__(self, root: Path) -> None:
        self.root = root
        self._places = self.find(root)
        self._rows = {} if self.table is None else self.table.read(root)

    @classmethod
    def find(cls, root: Path) -> dict[str, Path]:
        """Folder (or zip) of each case; here every folder below ``root``."""
        return {folder.name: folder for folder in sorted(root.iterdir()) if folder.is_dir()}

    @classmethod
    def recognizes(cls, root: Path) -> bool:
        """Whether a folder below ``root`` is named like one of this source."""
        return bool(cls.find(root))

    def cases(self) -> list[str]:
        """Names of all cases, sorted."""
        return sorted(self._places)

    def patient(self, case: str) -> str:
        """The case itself: most sources have one per patient."""
        return case

    def paths(self, case: str) -> list[Path]:
        """Every file that the case is read from, its table left out."""
        place = self._places[check_name(case, self._places, kind="case")]
        return [place] if place.is_file() else sorted(p for p in place.rglob("*") if p.is_file())

    def clinical(self, case: str) -> dict[str, Any]:
        """What the table says about the patient."""
        return dict(self._rows.get(self.patient(case), {}))

    def load(self, case: str) -> Study:
        """One case; its warnings name the known defects of the source.

        Raises:
            InputError: when a file is missing or damaged.
            ConfigError: when the phases are measured and cannot be told surely.
            UnknownNameError: when there is no such case.
        """
        known = defects_of(self.source, case)
        facts: dict[str, Any] = {}
        for defect in known:
            facts.update(defect.marks)
        with (
            opened(self._places[check_name(case, self._places, kind="case")]) as place,
            self.scans(case, place) as scans,
        ):
            contents = find_passes(scans)
            read = {p.key or p.uid: read_pass(p) for p in contents.passes}
            masks, odd = self.masks(place, contents, read)
        told = self._told(contents, read, masks, facts)
        masks = {name: self._placed(mask, told.phases) for name, mask in masks.items()}
        warnings = [f"Known defect of {self.source}: {d.what}" for d in known]
        warnings += [
            *told.warnings,
            *(f"{p}: {note}" for p, key in told.names.items() for note in read[key].notes),
            *odd,
        ]
        facts = {**contents.clinical, **self.clinical(case), **facts}
        return Study(case, told.phases, masks, self._lesion_rows(masks), facts, tuple(warnings))

    def scans(self, case: str, place: Path) -> AbstractContextManager[Path | Sequence[Path]]:
        """Where the scans of a case lie: a folder with all below it, or files."""
        return opened(place)

    def masks(
        self, place: Path, contents: Contents, read: Mapping[str, PassVolume]
    ) -> tuple[dict[str, Mask], list[str]]:
        """The masks of a case, and what is odd about them: here those of its DICOM SEG objects, by label."""
        masks: dict[str, Mask] = {}
        odd: list[str] = []
        for path in contents.segs:
            for segment in read_seg(path):
                odd += self._join(masks, segment)
        return masks, odd

    def _join(self, masks: dict[str, Mask], segment: Segment) -> list[str]:
        label = segment.label.strip()
        name = next((ours for words, ours in self.segments.items() if re.fullmatch(words, label, re.IGNORECASE)), "")
        if not name:
            return [f"Segment '{label}' has no counterpart here and was left out."]
        old, grid = masks.get(name, (np.zeros(segment.mask.shape, np.uint16), segment.geometry))
        if not grid.matches(segment.geometry):
            return [f"A second segment for {name} lies on another grid and was left out."]
        if name == "lesions":  # a number in the label means one lesion, none means all of them together
            parts = segment.mask.astype(np.uint16) if re.search(r"\d", label) else label_parts(segment.mask > 0)
            masks[name] = (np.where(parts > 0, parts + old.max(), old).astype(np.uint16), grid)
        else:
            masks[name] = ((old | segment.mask).astype(np.uint8), grid)
        return []

    def _told(
        self, contents: Contents, read: Mapping[str, PassVolume], masks: Mapping[str, Mask], facts: dict[str, Any]
    ) -> Told:
        volumes = {key: PhaseVolume(v.hu, v.geometry, Provenance.MEASURED) for key, v in read.items()}
        if self.phase is not None:
            longest = max(contents.passes, key=lambda p: p.num_slices)
            rest = len(contents.passes) - 1
            more = (f"{rest} further series were left out; the longest is taken.",) if rest else ()
            key = longest.key or longest.uid
            return Told({self.phase: volumes[key]}, {self.phase: key}, more)
        unnamed = [of_pass(p, volumes[p.key or p.uid], read[p.key or p.uid].notes) for p in contents.passes]
        if self.namer is not None:
            return self.namer(unnamed, masks)
        facts["phase_trust"] = "words"
        told = named_by_words(unnamed)
        return Told(told.phases, told.names, ("Phases are named by the words of their series alone.", *told.warnings))

    @staticmethod
    def _placed(mask: Mask, phases: Mapping[Phase, PhaseVolume]) -> Mask:
        """A mask on the grid of the phase that it was drawn in, where SEG left out what is empty around it."""
        array, grid = mask
        for phase in (p for p in REFERENCE_ORDER if p in phases):
            target = phases[phase].geometry
            if grid.matches(target):
                return mask
            if _is_part(grid, target):
                return resample(array, grid, target, order=0, fill=0).astype(array.dtype), target
        return mask

    def _lesion_rows(self, masks: Mapping[str, Mask]) -> tuple[LesionRow, ...] | None:
        kind = lesion_kind(self.kind)
        if kind is None or "lesions" not in masks:
            return None
        details = {"origin": kind[1]} if kind[1] else {}
        return tuple(LesionRow(int(i), kind[0], details) for i in np.unique(masks["lesions"][0]) if i > 0)

    @classmethod
    def write_scans(cls, folder: Path, study: Study, words: Mapping[Phase, str]) -> None:
        """One series per phase of ``words`` that ``study`` has, each in a folder of its own, and one SEG."""
        held = [p for p in words if p in study.phases]
        for number, phase in enumerate(held, start=2):
            write_slices(folder / f"{number}.000000-{words[phase]}", study.phases[phase], case=study.case,
                         number=number, text=words[phase])  # fmt: skip
        write_masks(folder / "300.000000-Segmentation" / "1-1.dcm", study, cls.written)

    @classmethod
    def write_table(cls, root: Path, study: Study) -> None:
        """The table of the source with the row of ``study``."""
        if cls.table is not None:
            write_text(root / cls.table.files[0], cls.table.text(study.case, study.clinical, ""))


def _is_part(grid: Geometry, whole: Geometry) -> bool:
    """Whether the voxels of ``grid`` are among those of ``whole``, in any order of axes."""
    ends = whole.to_index_zyx(grid.corners_lps_mm())
    inside = (ends > -0.5).all() and (ends < np.asarray(whole.shape_zyx) - 0.5).all()
    steps = np.sort(np.abs(np.subtract(grid.spacing_xyz_mm, whole.spacing_xyz_mm)))
    return bool(inside and np.abs(ends - ends.round()).max() < _ON_GRID_VOXELS and steps.max() < 0.01)
