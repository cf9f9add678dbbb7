"""3D-IRCADb-01: twenty portal venous scans in nested zips, one folder of mask slices per organ."""

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pydicom

from ...base.errors import DicomError, InputError
from ...io.archive import opened
from ...io.dicom import Contents, PassVolume
from ...study.phase import Phase
from ...study.study import Study
from ..dicom_cohort import DicomCohort
from ..example_dicom import write_mask_slices, write_slices
from ..files import Mask

_PREFIX = "3Dircadb1."
_ORGANS = {"liver": "liver", "portalvein": "portal_vein", "venacava": "vena_cava", "aorta": "aorta", "skin": "body"}
_LESIONS = re.compile(r"liver(tumou?r|cyst|kyst)s?\d*", re.IGNORECASE)
_NAMES = "image_{k}"


class Adapter(DicomCohort):
    """``3Dircadb1.ID/PATIENT_DICOM/image_0`` and ``MASKS_DICOM/ORGAN/image_0``; every folder may still be a zip.

    A mask slice belongs to the scan slice of the same name; one that lies elsewhere is refused. Folders of masks by
    name: ``liver``, ``livertumor01`` and on (also ``livercyst``), ``portalvein``, ``venacava``, ``aorta``, ``skin``.
    What kind a lesion is, is not told. The patients are those of LiTS 28 to 47.
    """

    source = "ircadb"
    licence = "CC BY-NC-ND"
    phase = Phase.PVP

    @classmethod
    def find(cls, root: Path) -> dict[str, Path]:
        """Folders of the patients, or their zips."""
        found = {p.name.removeprefix(_PREFIX).removesuffix(".zip"): p for p in sorted(root.glob(f"{_PREFIX}*.zip"))}
        folders = [p for p in sorted(root.glob(f"{_PREFIX}*")) if any(p.glob("PATIENT_DICOM*"))]
        return found | {p.name.removeprefix(_PREFIX): p for p in folders}

    def scans(self, case: str, place: Path) -> AbstractContextManager[Path]:
        """The slices of the scan."""
        return opened(_part(place, "PATIENT_DICOM"))

    def masks(
        self, place: Path, contents: Contents, read: Mapping[str, PassVolume]
    ) -> tuple[dict[str, Mask], list[str]]:
        """The masks by the names of their folders; each folder of a lesion is one lesion."""
        volume = max(read.values(), key=lambda v: len(v.files))
        masks: dict[str, Mask] = {}
        with opened(_part(place, "MASKS_DICOM")) as folder:
            for organ in sorted(p for p in folder.iterdir() if p.is_dir()):
                name = "lesions" if _LESIONS.fullmatch(organ.name) else _ORGANS.get(organ.name.lower(), "")
                if not name:
                    continue
                inside = _stacked(organ, volume)
                old = masks[name][0] if name in masks else np.zeros(inside.shape, np.uint16)
                value = old.max() + 1 if name == "lesions" else 1
                array = np.where(inside, value, old).astype(np.uint16 if name == "lesions" else np.uint8)
                masks[name] = (array, volume.geometry)
        return masks, []

    @classmethod
    def write_example(cls, root: Path, study: Study) -> None:
        """The portal venous phase and its masks, unpacked."""
        place, volume = root / f"{_PREFIX}{study.case}", study.phase(Phase.PVP)
        write_slices(place / "PATIENT_DICOM", volume, case=study.case, number=1, text="", names=_NAMES)
        ours = {mask: organ for organ, mask in _ORGANS.items()}
        for name, (array, geometry) in study.masks.items():
            if not geometry.matches(volume.geometry):
                continue
            ids = [int(i) for i in np.unique(array) if i > 0] if name == "lesions" else []
            parts = {f"livertumor{n:02d}": array == i for n, i in enumerate(ids, 1)} or {ours.get(name, name): array}
            for organ, inside in parts.items():
                folder = place / "MASKS_DICOM" / organ
                write_mask_slices(folder, inside, geometry, case=study.case, names=_NAMES)


def _part(place: Path, name: str) -> Path:
    found = [p for p in (place / name, place / f"{name}.zip") if p.exists()]
    if not found:
        raise InputError(f"'{place}' holds neither {name} nor {name}.zip. Unpack the set as it is distributed.")
    return found[0]


def _stacked(organ: Path, volume: PassVolume) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """The slices of one organ in the order of the scan's."""
    inside = np.zeros(volume.geometry.shape_zyx, bool)
    for k, scan in enumerate(volume.files):
        path = organ / scan.name
        if not path.is_file():
            raise InputError(f"'{organ}' holds no {scan.name}, which the scan has. Unpack the masks again.")
        try:
            data = pydicom.dcmread(path)
            inside[k] = data.pixel_array > 0
        except (OSError, ValueError, AttributeError, KeyError, pydicom.errors.InvalidDicomError) as error:
            raise DicomError(f"'{path}' cannot be read as a slice of a mask: {error}.") from error
        at = data.get("ImagePositionPatient")
        off_mm = 0.0 if at is None else float(np.abs(np.subtract(at, volume.geometry.to_lps_mm((k, 0, 0)))).max())
        if off_mm > 0.5:
            raise DicomError(f"'{path}' lies {off_mm:.1f} mm from the scan's slice of that name.")
    return inside
