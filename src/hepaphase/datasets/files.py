"""A cohort of volume files: what every adapter with a layout shares. An adapter says how its source differs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ..base.atomic import write_text
from ..base.errors import VolumeError
from ..base.names import check_name
from ..io.case import label_parts
from ..io.nifti import is_nifti, read_mask, write_nifti
from ..io.volume import read_volume
from ..study.geometry import Geometry
from ..study.phase import REFERENCE_ORDER, Phase, Provenance
from ..study.study import HuArray, LesionRow, PhaseVolume, Study
from .defects import defects_of
from .layout import Layout, MaskRule
from .tables import Table, lesion_kind, spelled
from .unnamed import Namer, Unnamed

Mask = tuple[npt.NDArray[Any], Geometry]

_UNTOLD = "The source does not say which phase this is; it counts as {}. Check it with hepaphase intake."


@dataclass(slots=True)
class CaseFiles:
    """The files of one case."""

    scans: dict[Phase, Path] = field(default_factory=dict)
    masks: list[tuple[MaskRule, Path, Phase | None]] = field(default_factory=list)
    """Rule, file, and the phase its name tells, if it does."""
    subset: str = ""


class FileCohort:
    """Adapter of a source whose files ``layout`` names; ``datasets/adapters`` holds one per source.

    Clinical facts come from ``table``. The lesion classes are known where the table says one kind per patient.
    """

    source: ClassVar[str]
    """The name of the adapter's file, under which known defects are registered."""
    licence: ClassVar[str] = ""
    """As the source declares it; a file LICENSE beside the cases counts more. Empty where we do not know."""
    layout: ClassVar[Layout]
    table: ClassVar[Table | None] = None
    namer: Namer | None = None
    """Names the scans of a source that does not tell their phase."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._files = self.find(root)
        self._rows = {} if self.table is None else self.table.read(root)

    @classmethod
    def recognizes(cls, root: Path) -> bool:
        """Whether a file below ``root`` has a name of this layout."""
        return cls.layout_at(root).fits(root)

    @classmethod
    def layout_at(cls, root: Path) -> Layout:
        """The layout of the cohort at ``root``; differs from the class's where the cohort describes itself."""
        return cls.layout

    @classmethod
    def find(cls, root: Path) -> dict[str, CaseFiles]:
        """The files of each case."""
        layout = cls.layout_at(root)
        found: dict[str, CaseFiles] = {}
        for path, holes in layout.matches(root, layout.scans):
            files = found.setdefault(holes["case"], CaseFiles(subset=holes.get("set", "")))
            files.scans[layout.words.get(holes.get("phase", ""), layout.only)] = path
        for rule in layout.masks:
            for path, holes in layout.matches(root, rule.template):
                if holes["case"] in found:
                    found[holes["case"]].masks.append((rule, path, layout.words.get(holes.get("phase", ""))))
        return found

    def cases(self) -> list[str]:
        """Names of all cases, sorted."""
        return sorted(self._files)

    def patient(self, case: str) -> str:
        """The case itself: most sources have one per patient."""
        return case

    def paths(self, case: str) -> list[Path]:
        """Every file that the case is read from, its table left out."""
        files = self._files[check_name(case, self._files, kind="case")]
        return [*files.scans.values(), *(path for _, path, _ in files.masks)]

    def clinical(self, case: str) -> dict[str, Any]:
        """What the table and the folders say about the case."""
        subset = self._files[case].subset
        return {**self._rows.get(case, {}), **({"set": subset} if subset else {})}

    def load(self, case: str) -> Study:
        """One case; its warnings name the known defects of the source.

        Raises:
            InputError: when a file is missing or damaged.
            UnknownNameError: when there is no such case.
        """
        files = self._files[check_name(case, self._files, kind="case")]
        clinical = self.clinical(case)
        known = defects_of(self.source, case)
        warnings = [f"Known defect of {self.source}: {d.what}" for d in known]
        told = self.layout_at(self.root).phase_told
        if not told and self.namer is None:
            clinical["phase_trust"] = "untold"
            warnings.append(_UNTOLD.format(self.layout.only))
        clinical.update({name: value for d in known for name, value in d.marks.items()})
        phases = {}
        for phase, path in files.scans.items():
            hu, geometry = read_volume(path)
            phases[phase] = PhaseVolume(self.restored(hu), self.placed(geometry), Provenance.MEASURED)
        masks = self._masks(files)
        if not told and self.namer is not None:
            unnamed = [Unnamed(name=case, label="The scan", volume=volume) for volume in phases.values()]
            named = self.namer(unnamed, masks)
            phases, warnings = named.phases, [*warnings, *named.warnings]
        study = Study(case, phases, masks, self.lesion_rows(masks, clinical), clinical, tuple(warnings))
        return self.checked(study, files)

    @staticmethod
    def restored(array: HuArray) -> HuArray:
        """HU of the voxels as stored."""
        return array

    @staticmethod
    def stored(hu: HuArray) -> npt.NDArray[Any]:
        """The voxels as this source would store them."""
        return hu

    @staticmethod
    def placed(geometry: Geometry) -> Geometry:
        """The grid that a header of this source means."""
        return geometry

    @staticmethod
    def misplaced(geometry: Geometry) -> Geometry:
        """The grid that this source would write into a header."""
        return geometry

    def checked(self, study: Study, files: CaseFiles) -> Study:
        """The study with what this source alone needs looked at."""
        return study

    def lesion_rows(self, masks: Mapping[str, Mask], clinical: Mapping[str, Any]) -> tuple[LesionRow, ...] | None:
        """The lesion table, where the table of the source names one kind for all lesions of the patient."""
        kind = lesion_kind(clinical.get(self.table.kind, "")) if self.table is not None and self.table.kind else None
        if kind is None or "lesions" not in masks:
            return None
        details = {"origin": kind[1]} if kind[1] else {}
        return tuple(LesionRow(int(i), kind[0], details) for i in np.unique(masks["lesions"][0]) if i > 0)

    def _masks(self, files: CaseFiles) -> dict[str, Mask]:
        masks: dict[str, Mask] = {}
        for rule, path, phase in files.masks:
            if phase is not None and phase is not drawn_in(files, rule):
                continue  # the same mask on the grid of another phase
            array, geometry = read_labels(path)
            for name, values in rule.parts.items():
                inside = np.isin(array, values) if values else array > 0
                parts = label_parts(inside) if name == "lesions" and "{n}" not in rule.template else inside
                masks[name] = _joined(parts.astype(np.uint16), self.placed(geometry), masks.get(name), path)
        return {name: (a if name == "lesions" else (a > 0).astype(np.uint8), g) for name, (a, g) in masks.items()}

    @classmethod
    def write_example(cls, root: Path, study: Study) -> None:
        """Lay ``study`` out as this source does; masks go on the grid they have, phases it cannot hold are left out."""
        layout = cls.layout_at(root)
        held = [p for p in layout.phases if p in study.phases]
        for phase in held:
            volume = study.phases[phase]
            path = layout.path(root, layout.scans, study.case, phase)
            write_nifti(path, cls.stored(volume.hu), cls.misplaced(volume.geometry))
        main = next((p for p in REFERENCE_ORDER if p in held), layout.only)
        for rule in layout.masks:
            for number, (array, geometry) in enumerate(cls.label_maps(rule, study), start=1):
                write_labels(layout.path(root, rule.template, study.case, main, number), array, cls.misplaced(geometry))
        if cls.table is not None:
            kinds = {spelled(row.lesion_class, str(row.details.get("origin", ""))) for row in study.lesion_table or ()}
            kind = kinds.pop() if len(kinds) == 1 else ""
            write_text(root / cls.table.files[0], cls.table.text(study.case, study.clinical, kind))

    @classmethod
    def label_maps(cls, rule: MaskRule, study: Study) -> Iterable[Mask]:
        """The files that ``rule`` makes of the masks of ``study``: one, or one per lesion where they are numbered.

        One file has one grid: parts on another grid than the first are left out.
        """
        parts = [name for name in rule.parts if name in study.masks]
        if not parts:
            return
        array, geometry = study.masks[parts[0]]
        parts = [name for name in parts if study.masks[name][1].matches(geometry)]
        if "{n}" in rule.template:
            yield from (((array == i).astype(np.uint8), geometry) for i in np.unique(array) if i > 0)
            return
        labels = np.zeros(array.shape, np.uint8)
        for name in parts:
            labels[study.masks[name][0] > 0] = (rule.parts[name] or (1,))[0]
        yield labels, geometry


def read_labels(path: Path) -> Mask:
    """Labels of a mask file, (z, y, x) uint8 or uint16, and their grid; NIfTI, NRRD or MetaImage.

    Raises:
        InputError: when the file is missing or damaged.
        VolumeError: when a voxel is no whole number from 0 to 65535.
    """
    if is_nifti(path):
        return read_mask(path)
    values, geometry = read_volume(path)
    labels = values.astype(np.uint16)
    if not np.array_equal(labels, values):
        raise VolumeError(f"'{path}' is not a mask: its values must be whole numbers from 0 to 65535.")
    return labels, geometry


def write_labels(path: Path, labels: npt.NDArray[Any], geometry: Geometry) -> None:
    """Write a mask as NIfTI, or as NRRD where the name says so."""
    if is_nifti(path):
        write_nifti(path, labels, geometry)
        return
    import SimpleITK

    path.parent.mkdir(parents=True, exist_ok=True)
    image: Any = SimpleITK.GetImageFromArray(labels)
    image.SetSpacing(geometry.spacing_xyz_mm)
    image.SetOrigin(geometry.origin_lps_mm)
    image.SetDirection([value for row in geometry.direction for value in row])
    SimpleITK.WriteImage(image, str(path), useCompression=True)


def drawn_in(files: CaseFiles, rule: MaskRule) -> Phase | None:
    """The phase whose masks of this kind are taken: the reference, or the next there is; None where none is told."""
    told = {phase for own, _, phase in files.masks if own is rule}
    return next((p for p in REFERENCE_ORDER if p in told and p in files.scans), next(iter(told)) if told else None)


def _joined(parts: npt.NDArray[np.uint16], grid: Geometry, old: Mask | None, path: Path) -> Mask:
    """``parts`` added to what earlier files of the same kind hold, with ids of their own."""
    if old is None:
        return parts, grid
    old[1].require(grid, what=f"'{path}'")
    return np.where(old[0] > 0, old[0], np.where(parts > 0, parts + old[0].max(), 0)).astype(np.uint16), grid
