"""Stage I alone: one phase of one study, at its usual time or any other."""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from ..base.errors import ConfigError, StudyError
from ..io.nifti import SYNTHETIC_MARK, write_part
from ..prepare.align import align
from ..prepare.crop import liver_grid
from ..prepare.in_hu import check_in_hu
from ..resample.crop import box_around
from ..study.phase import Phase
from ..study.study import Study
from ..synthesis.apply import apply_generated, upsample_sd
from ..synthesis.load import generator_of, load_generator
from .known import at_times, estimated_times, time_warnings, with_organs
from .liver import find_liver
from .models import Models
from .pipeline import BOX_MARGIN_MM
from .write import NOT_GENERATED_HU, Written, require_new


def synthesize(  # noqa: PLR0913
    study: Study,
    target: Phase,
    models: Models,
    out: Path,
    *,
    time_s: float | None = None,
    method: str | None = None,
    reference: Phase | None = None,
    device: str = "cpu",
    heard: Callable[[str], None] | None = None,
) -> Written:
    """Write the phase ``target`` of ``study`` and its uncertainty on the reference grid.

    Args:
        study: any non-empty subset of phases.
        target: the phase to generate; with ``time_s`` it may be one that was scanned, at another time.
        models: organs and synthesis are used.
        out: folder to write to.
        time_s: seconds after the start of injection; the phase's usual time when None.
        method: name of the generator; that of the synthesis bundle when None.
        reference: scanned phase on whose grid it is generated; the study's own choice when None.
        device: where networks run.
        heard: is told the name of each step as it begins.

    Raises:
        BundleError: when the generator needs weights that were not given.
        ConfigError: for a time that cannot be.
        InputError: for a phase that cannot be in HU.
        MissingPhaseError: when the reference asked for was not scanned.
        OutputError: when ``out`` holds such a phase already.
        StudyError: when the phase was scanned and no other time is asked, or when no liver is found.
    """
    if time_s is not None and not 0 <= time_s < math.inf:
        raise ConfigError(f"--time is in seconds after the start of injection, 0 or more; got {time_s:g}.")
    if target in study.inputs and time_s is None:
        raise StudyError(f"The study '{study.case}' has a scanned {target} phase. Ask for another, or give --time.")
    name = str(target) if time_s is None else f"{target}_{time_s:g}s"
    paths = [out / f"{name}{suffix}.nii.gz" for suffix in ("", "_sd")]
    require_new(paths)
    reference = study.reference(reference)
    grid = study.phase(reference).geometry
    tell = heard or _nobody
    tell("liver")
    liver = find_liver(study, reference, models.organs, device=device, with_organs=True)
    masks = {"liver": (liver.mask, grid)}
    tell("prepare")
    lay = partial(align, study, reference=reference, masks=masks)
    small = with_organs(lay(liver_grid(liver.mask, grid)), liver.organs)
    odd_hu = check_in_hu(small)
    estimated = estimated_times(small, study)
    small = at_times(small, estimated)
    place = box_around(liver.mask, grid, margin_mm=BOX_MARGIN_MM)
    box = lay(place.geometry(grid))
    tell("complete")
    if method is None:
        generator = generator_of(models.synthesis, device=device)
    else:
        generator = load_generator(method, (models.synthesis,), device=device)
    made = generator.generate(small, target, time_s=time_s)
    fine = apply_generated(box.hu[reference], box.geometry, small.hu[reference], made.hu, small.geometry)
    sd = upsample_sd(made.sd_hu, small.geometry, box.geometry)
    tell("write")
    for path, array, suffix, fill in zip(paths, (fine, sd), ("", "_sd"), (NOT_GENERATED_HU, 0.0), strict=True):
        told = f"{SYNTHETIC_MARK} {name}{suffix}, not measured"
        write_part(path, np.round(array).astype(np.int16), place, grid, fill=fill, description=told)
    return Written(tuple(paths), (*liver.warnings, *odd_hu, *time_warnings(study, estimated)))


def _nobody(step: str) -> None:
    """Hears nothing."""
