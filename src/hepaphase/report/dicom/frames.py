"""Masks on the images that were read, wherever these lie, and those images as headers to point at."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.uid import UID, CTImageStorage
from pydicom.valuerep import format_number_as_ds

from ...base.errors import DicomError
from ...io.origin import made_uid
from ...study.geometry import Geometry
from ...study.origin import Origin, SourceImage

Labels = npt.NDArray[Any]
_SAME_AXIS = 0.99
"""Cosine from which on a row of an image and of the grid are one direction; the grid was made from the images."""


def on_images(mask: Labels, geometry: Geometry, origin: Origin) -> Labels:
    """A mask, (z, y, x) on ``geometry``, at the voxels of each image, (image, y, x), by the nearest voxel.

    The two grids are the same unless slices were moved (a tilted gantry), filled in or unevenly spaced.

    Raises:
        DicomError: when the images lie in another direction.
    """
    axes = np.asarray(geometry.direction)
    if min(float(axes[:, 0] @ origin.row), float(axes[:, 1] @ origin.column)) < _SAME_AXIS:
        raise DicomError("The images lie in another direction than the masks. Give those that were read.")
    rows, columns = origin.shape_yx
    out = np.zeros((len(origin.images), rows, columns), mask.dtype)
    for plane, image in zip(out, origin.images, strict=True):
        k, y, x = (int(v) for v in np.rint(geometry.to_index_zyx(image.position_lps_mm)))
        if 0 <= k < len(mask):
            _copy(plane, mask[k], y, x)
    return out


def near(origin: Origin, geometry: Geometry) -> Origin:
    """The images that meet the slices of a grid; all where none does."""
    depth = geometry.shape_zyx[0]
    met = tuple(i for i in origin.images if 0 <= round(float(geometry.to_index_zyx(i.position_lps_mm)[0])) < depth)
    return replace(origin, images=met or origin.images)


def _copy(plane: Labels, whole: Labels, y: int, x: int) -> None:
    """Fill ``plane`` with the part of ``whole`` that begins at (y, x) and may reach beyond it."""
    top, left = max(y, 0), max(x, 0)
    part = whole[top : max(y + plane.shape[0], top), left : max(x + plane.shape[1], left)]
    plane[top - y : top - y + part.shape[0], left - x : left - x + part.shape[1]] = part


def used(planes: Labels) -> slice:
    """The images from the first to the last with anything in it; all where there is nothing."""
    held = np.flatnonzero(planes.any(axis=(1, 2)))
    return slice(int(held[0]), int(held[-1]) + 1) if held.size else slice(0, len(planes))


def headers(origin: Origin, case: str, images: Sequence[SourceImage]) -> list[Dataset]:
    """A header per image, as of a CT slice that stands by itself: what SEG and SR are written from.

    A frame of a multi-frame object stands by itself under a made-up UID until ``settle`` puts the true one.
    """
    shared = {"PatientName": f"{case}^", "PatientID": case, **_SILENT, **origin.header}
    return [_header(origin, image, shared) for image in images]


_SILENT = dict.fromkeys(
    ("PatientBirthDate", "PatientSex", "StudyID", "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName")
)
"""Elements that every object has and that stay empty where the patient's identity is not kept."""


def _header(origin: Origin, image: SourceImage, shared: Mapping[str, str | None]) -> Dataset:
    data = Dataset()
    for key, value in shared.items():
        setattr(data, key, value if value is None or "\\" not in value else value.split("\\"))
    data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, stand_in(image)
    data.Modality = "CT"
    data.Rows, data.Columns = origin.shape_yx
    data.PixelSpacing = _texts(origin.spacing_yx_mm)
    data.ImageOrientationPatient = _texts((*origin.row, *origin.column))
    data.ImagePositionPatient = _texts(image.position_lps_mm)
    data.SliceThickness = _thickness(origin)
    return data


def stand_in(image: SourceImage) -> str:
    """The image's UID, or for a frame one that no other frame has."""
    return image.uid if image.frame is None else made_uid("frame", image.uid, str(image.frame))


def settle(data: Dataset, images: Sequence[SourceImage]) -> None:
    """Put the true UID, class and frame number wherever ``data`` points at a frame's made-up UID."""
    frames = {stand_in(image): image for image in images if image.frame is not None}
    if not frames:
        return
    for reference in list(_references(data)):
        image = frames.get(str(reference.ReferencedSOPInstanceUID))
        if image is not None:
            reference.ReferencedSOPInstanceUID, reference.ReferencedSOPClassUID = UID(image.uid), UID(image.kind)
            reference.ReferencedFrameNumber = image.frame
    _unite(data)


def _references(data: Dataset) -> Iterator[Dataset]:
    for element in data.iterall():
        if element.VR == "SQ":
            yield from (item for item in element.value if "ReferencedSOPInstanceUID" in item)


_WHOLE_OBJECTS = ("ReferencedInstanceSequence", "ReferencedSOPSequence")
"""Lists of the objects that are pointed at: each once, and whole. (In a report's content a like-named sequence
holds one item with its frame, which stays.)"""


def _unite(data: Dataset) -> None:
    """Name an object once where objects, not frames, are listed."""
    for element in list(data.iterall()):
        if element.keyword in _WHOLE_OBJECTS and len(element.value) > 1:
            once = {str(item.ReferencedSOPInstanceUID): item for item in element.value}
            for item in once.values():
                if "ReferencedFrameNumber" in item:
                    del item.ReferencedFrameNumber
            element.value = list(once.values())


def _thickness(origin: Origin) -> str:
    told = origin.header.get("SliceThickness")
    if told:
        return told
    first, second = (np.asarray(image.position_lps_mm) for image in origin.images[:2])
    return _texts([float(np.linalg.norm(second - first))])[0]


def _texts(values: Sequence[float]) -> list[str]:
    return [format_number_as_ds(float(value)) for value in values]
