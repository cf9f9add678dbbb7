"""Virtual non-contrast and iodine of a phase, from a scanned pair or from a generated one."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from ..base.atomic import write_json
from ..base.errors import StudyError
from ..evaluation.physics.fits import iodine_mg_per_ml
from ..io.nifti import SYNTHETIC_MARK, write_nifti
from ..kinetics.tube import kappa_hu_per_mg_ml
from ..prepare.align import align
from ..prepare.crop import liver_grid
from ..prepare.in_hu import check_in_hu
from ..resample.crop import box_around, paste
from ..study.phase import Phase
from ..study.study import AlignedStudy, Study
from ..synthesis.apply import apply_generated
from ..synthesis.load import generator_of
from .known import at_times, estimated_times, time_warnings, times_as_json, with_organs
from .liver import find_liver
from .models import Models
from .pipeline import BOX_MARGIN_MM
from .write import NOT_GENERATED_HU, Written, require_new


def iodine_maps(
    study: Study,
    phase: Phase,
    models: Models,
    out: Path,
    *,
    kvp: float = 120.0,
    device: str = "cpu",
) -> Written:
    """Write ``VNC_from_PHASE`` and ``iodine_PHASE`` (mg/ml), around the liver on the grid of the phase.

    The virtual non-contrast scan is made from the phases with contrast agent alone, also where a non-contrast phase was
    scanned. The iodine is that of the scanned pair where there is one, lined up by the scanner's positions, so what the
    patient moved goes into it; else that of the phase and its virtual non-contrast scan. ``iodine.json`` says which.

    Args:
        study: with ``phase`` scanned.
        phase: AP, PVP or DP.
        models: organs and synthesis are used.
        out: folder to write to.
        kvp: tube voltage.
        device: where networks run.

    Raises:
        ConfigError: for a tube voltage that cannot be.
        InputError: for a phase that cannot be in HU.
        StudyError: when the phase has no contrast agent or was not scanned, or no liver is found.
        OutputError: when ``out`` holds such maps already.
    """
    if phase is Phase.NC or phase not in study.inputs:
        have = ", ".join(study.inputs)
        raise StudyError(
            f"Iodine was asked of {phase} of '{study.case}'; it needs a scanned AP, PVP or DP (has {have})."
        )
    kappa = kappa_hu_per_mg_ml(kvp)
    names = (f"VNC_from_{phase}", f"iodine_{phase}")
    paths = [out / f"{name}.nii.gz" for name in names]
    require_new((*paths, out / "iodine.json"))
    grid = study.phase(phase).geometry
    liver = find_liver(study, phase, models.organs, device=device, with_organs=True)
    masks = {"liver": (liver.mask, grid)}
    small = with_organs(align(study, liver_grid(liver.mask, grid), reference=phase, masks=masks), liver.organs)
    odd_hu = check_in_hu(small)
    estimated = estimated_times(small, study)
    small = at_times(small, estimated)
    place = box_around(liver.mask, grid, margin_mm=BOX_MARGIN_MM)
    box = align(study, place.geometry(grid), reference=phase, masks=masks)
    made = generator_of(models.synthesis, device=device).generate(_enhanced_only(small), Phase.NC)
    plain = apply_generated(box.hu[phase], box.geometry, small.hu[phase], made.hu, small.geometry)
    measured = Phase.NC in study.inputs
    iodine = iodine_mg_per_ml(box.hu[phase], box.hu[Phase.NC] if measured else plain, kappa=kappa)
    inside = box.masks["liver"] > 0
    facts = {
        "phase": str(phase),
        "pair": "scanned" if measured else "generated",
        **({"estimated_times_s": times_as_json(estimated)} if estimated else {}),
        "kvp": kvp,
        "hu_per_mg_ml": kappa,
        "liver_mg_per_ml": float(np.median(iodine[inside])),
        "liver_vnc_hu": float(np.median(plain[inside])),
    }
    if measured:
        facts["liver_vnc_error_hu"] = float(np.median((plain - box.hu[Phase.NC])[inside]))
    volumes = ((plain, NOT_GENERATED_HU), (iodine, 0.0))
    for path, name, (volume, fill) in zip(paths, names, volumes, strict=True):
        whole = paste(np.asarray(volume, np.float32), place, shape_zyx=grid.shape_zyx, fill=fill)
        write_nifti(path, whole, grid, description=f"{SYNTHETIC_MARK} {name}, not measured")
    write_json(out / "iodine.json", facts)
    return Written((*paths, out / "iodine.json"), (*liver.warnings, *odd_hu, *time_warnings(study, estimated)))


def _enhanced_only(study: AlignedStudy) -> AlignedStudy:
    keep = [p for p in study.inputs if p is not Phase.NC]
    return replace(
        study,
        hu={p: study.hu[p] for p in keep},
        provenance={p: study.provenance[p] for p in keep},
        time_s={p: study.time_s[p] for p in keep},
        transforms={p: study.transforms[p] for p in keep},
        bends={p: study.bends[p] for p in keep if p in study.bends},
        sd_hu={},
    )
