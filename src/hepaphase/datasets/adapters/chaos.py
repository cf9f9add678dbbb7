"""CHAOS, its CT part: healthy donors in the portal venous phase, the liver as a stack of PNG."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from ...base.atomic import atomic_path
from ...base.errors import InputError
from ...io.dicom import Contents, PassVolume
from ...study.phase import Phase
from ...study.study import Study
from ..dicom_cohort import DicomCohort
from ..example_dicom import write_slices
from ..files import Mask

_SETS = {"Train_Sets/CT": "Train", "Test_Sets/CT": "Test", "CT": ""}
_CLEARLY = 0.8
"""Spread of HU in the liver, the other way round against as read, below which the other way is named (our choice)."""


class Adapter(DicomCohort):
    """``{Train,Test}_Sets/CT/ID/DICOM_anon/*.dcm`` and ``Ground/liver_GT_000.png``; no MR.

    Picture n belongs to the n-th DICOM file by name, not to the n-th slice from below: in some patients the files run
    from above. Where the liver would be much more even the other way round, a warning says so; nothing is turned.
    """

    source = "chaos"
    licence = "CC BY-NC-SA 4.0"
    phase = Phase.PVP

    @classmethod
    def find(cls, root: Path) -> dict[str, Path]:
        """Folders of the patients."""
        places = [p for part in _SETS for p in sorted((root / part).glob("*/DICOM_anon"))]
        return {p.parent.name: p.parent for p in places if any(p.glob("*.dcm"))}

    def clinical(self, case: str) -> dict[str, Any]:
        """Which set the patient is in."""
        part = self._places[case].parent.relative_to(self.root).as_posix()
        return {"set": _SETS[part]} if _SETS[part] else {}

    def scans(self, case: str, place: Path) -> AbstractContextManager[Path]:
        """The slices of the scan."""
        return nullcontext(place / "DICOM_anon")

    def masks(
        self, place: Path, contents: Contents, read: Mapping[str, PassVolume]
    ) -> tuple[dict[str, Mask], list[str]]:
        """The liver; none in the test set."""
        pictures = sorted((place / "Ground").glob("*.png"))
        if not pictures:
            return {}, []
        volume = max(read.values(), key=lambda v: len(v.files))
        if len(pictures) != len(volume.files):
            raise InputError(f"'{place}' holds {len(pictures)} pictures for {len(volume.files)} slices. Copy it again.")
        liver = np.zeros(volume.geometry.shape_zyx, np.uint8)
        for path, scan in zip(pictures, sorted(volume.files), strict=True):
            liver[volume.files.index(scan)] = _picture(path, liver.shape[1:])
        odd = []
        if liver.any() and (liver[::-1] > 0).any():
            there, turned = (float(volume.hu[m > 0].std()) for m in (liver, liver[::-1]))
            if turned < _CLEARLY * there:
                odd.append("The liver fits the scan better with its slices in the opposite order. Look at the overlay.")
        return {"liver": (liver, volume.geometry)}, odd

    @classmethod
    def write_example(cls, root: Path, study: Study) -> None:
        """The portal venous phase with its files from above, and the liver."""
        place, volume = root / "Train_Sets" / "CT" / study.case, study.phase(Phase.PVP)
        last = len(volume.hu) - 1
        paths = write_slices(
            place / "DICOM_anon", volume, case=study.case, number=1, text="", names="i{k:04d},0000b.dcm"
        )
        turned = [path.with_suffix(".tmp") for path in paths]
        for path, other in zip(paths, turned, strict=True):
            path.rename(other)
        for path, other in zip(reversed(paths), turned, strict=True):
            other.rename(path)
        liver, geometry = study.masks.get("liver", (None, volume.geometry))
        if liver is None or not geometry.matches(volume.geometry):
            return
        for k, plane in enumerate(liver):
            with atomic_path(place / "Ground" / f"liver_GT_{last - k:03d}.png") as partial:
                Image.fromarray(np.where(plane > 0, 255, 0).astype(np.uint8)).save(partial, format="png")


def _picture(path: Path, shape: tuple[int, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    try:
        with Image.open(path) as image:
            values = np.asarray(image.convert("L"))
    except (OSError, ValueError, UnidentifiedImageError) as error:
        raise InputError(f"'{path}' cannot be read as a picture: {error}.") from error
    if values.shape != shape:
        raise InputError(f"'{path}' has {values.shape[0]}x{values.shape[1]} pixels, its slice {shape[0]}x{shape[1]}.")
    return np.asarray(values > 0)
