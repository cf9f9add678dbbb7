"""Real scans about their livers, with what is needed to put a lesion in and to read them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...base.errors import InputError
from ...bundle.bundle import Bundle
from ...inference.liver import find_liver
from ...io.source import read_source
from ...lab.anatomies import anatomy_of_scan
from ...lab.bench import Bench, Bools, set_up
from ...lab.cohort import SOURCES
from ...phantom.labels import Organ
from ...resample.grid import resample
from ...study.study import Study


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan of one phase."""

    name: str
    bench: Bench
    """Where lesions are put: the liver is the mask beside the scan where there is one."""
    liver: Bools
    """The liver that is read, as our model finds it in the untouched scan, on the grid of the bench."""
    heart: Bools
    """What was taken out of it because it is heart."""


def scans_of(data: Path, organs: Bundle, *, device: str = "cpu") -> Iterator[Scan]:
    """The real scans of ``sim-real`` in ``data``, one at a time.

    Raises:
        InputError: naming the scan that is not there.
    """
    if missing := [s.path for s in SOURCES if not (data / s.path).exists()]:
        raise InputError(f"'{data / missing[0]}' is not there. Name the folder of the four real scans of sim-real.")
    for source in SOURCES:
        given = None if source.liver is None else data / source.liver
        names = {source.phase: None}
        anatomy = anatomy_of_scan(data / source.path, names, liver=given, device=device)
        assert anatomy.scan is not None, "a scan has voxels"
        whole = read_source(data / source.path, phases=names)
        own = whole.phase(source.phase).geometry
        found = find_liver(Study(whole.case, whole.phases), source.phase, organs, device=device)
        assert found.heart is not None, "the mask is ours"
        liver = resample(found.mask, own, anatomy.geometry, order=0) > 0
        heart = resample(found.heart, own, anatomy.geometry, order=0) > 0
        masks = {"liver": anatomy.organs == Organ.LIVER, "aorta": anatomy.organs == Organ.AORTA}
        study = Study(source.path.split("/")[0], {source.phase: anatomy.scan})
        yield Scan(study.case, set_up(study, None, masks=masks), np.asarray(liver), np.asarray(heart))
