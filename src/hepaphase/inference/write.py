"""A reading to files: the list of ``hepaphase read``."""

import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..base.atomic import UNFINISHED, atomic_folder, write_json
from ..base.errors import DicomError, OutputError
from ..io.nifti import SYNTHETIC_MARK, write_nifti, write_part
from ..organs import couinaud
from ..prepare import exams, register
from ..report.again import volume_hash
from ..report.build import write_report
from ..report.dicom.objects import SEG_NAME, SR_NAME, dicom_objects, write_dicom
from ..report.findings_json import write_findings
from ..report.input import PhaseFacts, ReportInput
from ..resample.through import resample_through
from ..study.phase import Phase, Provenance
from ..study.study import HuArray, Study
from .known import times_as_json
from .models import Models
from .pipeline import Reading
from .write_dicom import dicom_input

RUN_SCHEMA = "hepaphase-run/1"
NOT_GENERATED_HU = -1024.0
"""What a generated phase holds outside the box around the liver, where nothing was generated."""


class Written(NamedTuple):
    """What a command wrote, and what to tell of it."""

    paths: tuple[Path, ...]
    warnings: tuple[str, ...]


_OWN = (
    *("liver.nii.gz", "lesions.nii.gz", "findings.json", "report.html", "report.pdf", SEG_NAME, SR_NAME),
    *(f"synthetic/{p}{suffix}.nii.gz" for p in Phase for suffix in ("", "_sd")),
    *(f"grids/{p}_{name}.nii.gz" for p in Phase for name in ("liver", "lesions")),
)
"""What a reading may write besides ``run.json``."""


def check_output(out: Path, *, overwrite: bool = False) -> None:
    """Refuse a folder whose content a reading might overwrite, before any work is done.

    What a killed run left unfinished is no content.

    Raises:
        OutputError: when ``out`` is a file, or a folder with something in it and ``overwrite`` is off, or when
            ``overwrite`` is on and the folder does not hold an earlier reading.
    """
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out.name} is a file. Give a folder to write to.")
    if not out.exists() or not any(path.name != UNFINISHED for path in out.iterdir()):
        return
    if not overwrite:
        raise OutputError(
            f"The folder {out.name} is not empty. Give a new one; only read --overwrite replaces an old reading."
        )
    if not (out / "run.json").exists():
        raise OutputError(f"The folder {out.name} does not hold an earlier reading (no run.json). Give a new one.")


def require_new(paths: Iterable[Path]) -> None:
    """Refuse to write over a file.

    Raises:
        OutputError: naming the first that is there.
    """
    if found := next((path for path in paths if path.exists()), None):
        raise OutputError(f"{found.name} exists in {found.parent.name}. Give another folder.")


def holds_reading_of(case: str, out: Path) -> bool:
    """Whether ``out`` holds a whole reading of that case."""
    try:
        found = json.loads((out / "findings.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("case") == case and (out / "run.json").exists()


def write_reading(
    reading: Reading,
    out: Path,
    models: Models,
    *,
    all_grids: bool = False,
    withheld: Mapping[Phase, HuArray] | None = None,
    dicom: bool = True,
) -> list[Path]:
    """Write everything a reading made and return the paths; ``run.json`` is last, so its presence means whole.

    An earlier reading stays until this one is written, and then goes with all its files.

    Args:
        reading: what to write.
        out: checked by ``check_output`` before.
        models: recorded in ``run.json``.
        all_grids: also write the masks on each scanned phase's own grid.
        withheld: for a demo, scans kept from the reader, (z, y, x) HU on the box, shown beside the generated ones.
        dicom: also write SEG and SR where the reference phase came as DICOM; they name its images by UID.
    """
    reading, objects = _dicom(reading, models) if dicom else (reading, {})
    with atomic_folder(out, last="run.json", old=_OWN) as place:
        written = [*_write_masks(reading, place), *_write_synthetic(reading, place)]
        if all_grids:
            written += _write_own_grids(reading, place)
        written += write_dicom(objects, place)
        facts = _report_input(reading, models, withheld)
        findings, report, run = place / "findings.json", place / "report.html", place / "run.json"
        write_findings(findings, facts)
        write_report(report, facts)
        write_json(run, run_facts(reading, models))
    return [out / path.relative_to(place) for path in (*written, findings, report, run)]


def _dicom(reading: Reading, models: Models) -> tuple[Reading, dict[str, Any]]:
    """The DICOM results by name; where the images cannot be pointed at, none, and the reading with a warning of it."""
    given = dicom_input(reading, models)
    if given is None:
        return reading, {}
    try:
        return reading, dicom_objects(given)
    except DicomError as error:
        return replace(reading, warnings=(*reading.warnings, str(error))), {}


def run_facts(reading: Reading, models: Models) -> dict[str, Any]:
    """What ``run.json`` holds; no path and no name of a patient."""
    return {
        "schema": RUN_SCHEMA,
        "research_use_only": True,
        "versions": {name: version(name) for name in ("hepaphase", "torch", "monai", "numpy")},
        "python": platform.python_version(),
        "device": reading.device,
        "deterministic": reading.device == "cpu",
        "seeds": {"recognition": exams.SEED, "registration": register.SEED, "segments": couinaud.SEED},
        "inputs": input_hashes(reading.source),
        "reference": str(reading.study.reference),
        "models": {
            kind: {"name": bundle.card.get("title", kind), "versions": dict(bundle.versions)}
            for kind, bundle in (
                ("organs", models.organs),
                ("synthesis", models.synthesis),
                ("diagnosis", models.diagnosis),
            )
        },
        "generated_within": "the box around the liver; elsewhere synthetic phases hold -1024 HU",
        "steps": [
            {
                "name": s.name,
                "seconds": round(s.seconds, 3),
                "peak_mib": None if s.peak_mib is None else round(s.peak_mib),
            }
            for s in reading.steps
        ],
        "registration": {
            str(p): {name: round(v, 3) for name, v in quality.figures().items()}
            for p, quality in reading.registration.items()
        },
        "estimated_times_s": times_as_json(reading.estimated),
        "warnings": list(reading.warnings),
    }


def input_hashes(study: Study) -> dict[str, str]:
    """SHA-256 over voxels and grid of each phase: says which volume was read without saying whose it is."""
    return {
        str(phase): volume_hash(volume.hu, volume.geometry) if volume.cut is None else volume.cut.digest
        for phase, volume in study.phases.items()
    }


def _write_masks(reading: Reading, out: Path) -> list[Path]:
    paths = []
    for name, dtype in (("liver", np.uint8), ("lesions", np.uint16)):
        path = out / f"{name}.nii.gz"
        mask = reading.study.masks[name].astype(dtype)
        told = f"hepaphase {name}, research use only"
        write_part(path, mask, reading.box, reading.reference_grid, description=told)
        paths.append(path)
    return paths


def _write_own_grids(reading: Reading, out: Path) -> list[Path]:
    paths = []
    for phase in reading.source.inputs:
        target = reading.source.phase(phase).whole
        for name in ("liver", "lesions"):
            path = out / "grids" / f"{phase}_{name}.nii.gz"
            mask = resample_through(
                reading.study.masks[name],
                reading.study.geometry,
                target,
                matrix=reading.study.transforms[phase],
                bend=reading.study.bends.get(phase),
                order=0,
                back=True,
            )
            write_nifti(path, mask, target, description=f"hepaphase {name} on {phase}, research use only")
            paths.append(path)
    return paths


def _write_synthetic(reading: Reading, out: Path) -> list[Path]:
    study = reading.study
    paths = []
    for phase, provenance in study.provenance.items():
        if provenance is not Provenance.SYNTHETIC:
            continue
        arrays = [(study.hu[phase], "", NOT_GENERATED_HU)]
        if phase in study.sd_hu:  # one that came with the source may lack it
            arrays.append((study.sd_hu[phase], "_sd", 0.0))
        for array, suffix, fill in arrays:
            path = out / "synthetic" / f"{phase}{suffix}.nii.gz"
            told = f"{SYNTHETIC_MARK} {phase}{suffix}, not measured"
            whole_numbers = np.round(array).astype(np.int16)
            write_part(path, whole_numbers, reading.box, reading.reference_grid, fill=fill, description=told)
            paths.append(path)
    return paths


def _report_input(reading: Reading, models: Models, withheld: Mapping[Phase, HuArray] | None) -> ReportInput:
    return ReportInput(
        findings=reading.findings,
        study=reading.study,
        facts={p: _phase_facts(reading, models, p) for p in reading.study.hu},
        reference_grid=reading.reference_grid,
        read_from=reading.read_from,
        withheld=dict(withheld or {}),
        warnings=reading.warnings,
        run=_run_text(reading, models),
    )


def _phase_facts(reading: Reading, models: Models, phase: Phase) -> PhaseFacts:
    scanned = reading.source.phases.get(phase)
    if scanned is None:
        name = str(models.synthesis.card.get("title", "stage I"))
        return PhaseFacts(recognised_by="generated", time_source="requested", source=name)
    if phase in reading.estimated:
        interval_s = reading.estimated[phase].interval_s
        return PhaseFacts(recognised_by=scanned.recognised_by, time_source="estimated", time_interval_s=interval_s)
    return PhaseFacts(recognised_by=scanned.recognised_by, time_source="typical" if scanned.time_s is None else "given")


def _run_text(reading: Reading, models: Models) -> dict[str, str]:
    card = models.diagnosis.card
    reader = str(card.get("title", "diagnosis"))
    if "training_data" in card:
        reader += f". Trained on: {card['training_data']}"
    total = sum(step.seconds for step in reading.steps)
    peak = next((s.peak_mib for s in reversed(reading.steps) if s.peak_mib is not None), None)
    steps = ", ".join(f"{step.name} {step.seconds:.1f}" for step in reading.steps)
    facts = {
        "hepaphase": version("hepaphase"),
        "Read by": reader,
        "Seconds": f"{total:.1f} on {reading.device} ({steps})",
    }
    return facts if peak is None else {**facts, "Peak memory": f"{peak:.0f} MiB"}
