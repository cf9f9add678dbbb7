"""Cohorts on real anatomy: patients, examinations and lesions drawn, put into scans and label maps that exist."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..base.atomic import write_json, write_text
from ..base.errors import InputError, StudyError
from ..base.log import track
from ..io.case import write_case
from ..phantom.lesions import draw_lesions
from ..phantom.population import REFERRAL, Population
from ..phantom.seeds import seed_range
from ..study.phase import Phase
from ..study.study import Study
from .anatomies import Anatomy, anatomy_of_scan
from .bench import Bench
from .inputs import Inputs
from .insert import insert
from .place import check_place, check_size, draw_place
from .real import RealDraw, draw_real

SIM_REAL = "sim-real"
SEEDS = seed_range("real")[:40]
"""Patients of ``sim-real``; ten on each anatomy."""
DRAWN = "drawn.json"
_MOST_LESIONS = 3


@dataclass(frozen=True, slots=True)
class Source:
    """One anatomy of ``sim-real``, paths below the data folder."""

    path: str
    phase: Phase
    """What the scan shows, measured from its HU (the data folder's own notes)."""
    liver: str | None = None


SOURCES = (
    Source("chaos_ct_03/ct.nii.gz", Phase.PVP, liver="chaos_ct_03/liver.nii.gz"),
    Source(
        "totalsegmentator_example/example_ct_sm.nii.gz",
        Phase.NC,
        liver="totalsegmentator_example/organs/liver.nii.gz",
    ),
    Source("tcga-ov_09-2043_dicom", Phase.DP),
    Source("cptac-pda_C3L-00189_dicom", Phase.PVP),
)
"""Real scans of the cohort; evaluation only, none of it is ever trained on."""


def sim_real(data: Path, out: Path, *, cases: int | None = None, device: str = "cpu") -> list[str]:
    """Write the cohort ``sim-real`` from the scans in ``data``; patient k lies on anatomy k modulo their number.

    Raises:
        InputError: naming the scan that is not there.
    """
    for source in SOURCES:
        if not (data / source.path).exists():
            raise InputError(f"'{data / source.path}' is not there; sim-real needs the real scans. Name them: --data.")
    seeds = SEEDS[:cases]
    chosen = [(number, source) for number, source in enumerate(SOURCES) if number < len(seeds)]
    made: dict[int, dict[str, Any]] = {}
    for number, source in chosen:
        liver = None if source.liver is None else data / source.liver
        anatomy = anatomy_of_scan(data / source.path, {source.phase: None}, liver=liver, device=device)
        own = [seed for k, seed in enumerate(seeds) if k % len(SOURCES) == number]
        made |= {row["seed"]: row for row in _write_cases(anatomy, out, own)}
    return _finish(out, [made[seed] for seed in seeds], name=SIM_REAL)


def on_anatomy(anatomy: Anatomy, out: Path, seeds: Sequence[int], *, population: Population = REFERRAL) -> list[str]:
    """Write one case per seed on one anatomy; returns their names."""
    return _finish(out, list(_write_cases(anatomy, out, seeds, population)), name=anatomy.name)


def _write_cases(
    anatomy: Anatomy, out: Path, seeds: Sequence[int], population: Population = REFERRAL
) -> Iterator[dict[str, Any]]:
    for seed in track(seeds, title=f"Simulating on {anatomy.name}"):
        study, record = real_case(anatomy, draw_real(seed, population))
        write_case(study, out / study.case)
        write_json(out / study.case / DRAWN, record)
        classes = [row.lesion_class for row in study.lesion_table or ()]
        yield {"case": study.case, "seed": seed, "anatomy": anatomy.name, "lesions": classes,
               "clinical": dict(study.clinical)}  # fmt: skip


def real_case(anatomy: Anatomy, drawn: RealDraw) -> tuple[Study, dict[str, Any]]:
    """Four phases on ``anatomy`` with the lesions of the patient, and everything drawn as plain JSON."""
    study, facts = anatomy.study(drawn)
    record: dict[str, Any] = drawn.record() | {"anatomy": anatomy.name, "made": facts, "lesions": [], "left_out": []}
    bench = _bench(study, drawn)
    for key in drawn.person.classes:
        for number, lesion in enumerate(draw_lesions(drawn.seed, key, np.zeros((1, 3)))[:_MOST_LESIONS]):
            try:
                check_size(lesion.long_axis_mm, bench, what=f"A {key}")
                center = draw_place(bench, lesion.long_axis_mm, drawn.seed + number)
                check_place(center, lesion.long_axis_mm, bench)
            except StudyError as error:
                record["left_out"].append(str(error))
                continue
            changed = insert(bench, replace(lesion, center=center), seed=drawn.seed)
            record["lesions"].append(dict(changed.record))
            bench = _bench(changed.study, drawn)
    warnings = (f"Real anatomy ({anatomy.name}); phases and lesions by physics, not scanned.",)
    return replace(bench.study, warnings=warnings), record


def _bench(study: Study, drawn: RealDraw) -> Bench:
    """With the inputs that were drawn, since they are known."""
    inputs = Inputs(drawn.circulation, drawn.exam.kappa, drawn.exam.times_s,
                    drawn.exam.patient.cardiac_output_factor, {})  # fmt: skip
    geometry = study.phases[Phase.PVP].geometry
    liver, lesions = study.masks["liver"][0] > 0, study.masks["lesions"][0].astype(np.uint16)
    return Bench(study, Phase.PVP, geometry, liver, lesions, inputs, dict.fromkeys(Phase, (0.0, 0.0, 0.0)))


def _finish(out: Path, rows: list[dict[str, Any]], *, name: str) -> list[str]:
    """Manifest and table of patients; returns the names of the cases."""
    kept = [{k: v for k, v in row.items() if k != "clinical"} for row in rows]
    write_json(out / "manifest.json", {"schema": "hepaphase-cohort/1", "cohort": name, "cases": kept})
    text = io.StringIO()
    columns = ["case", "label", *dict.fromkeys(key for row in rows for key in row["clinical"])]
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        label = "+".join(dict.fromkeys(row["lesions"])) or "none"
        writer.writerow({"case": row["case"], "label": label, **row["clinical"]})
    write_text(out / "metadata.csv", text.getvalue())
    return [str(row["case"]) for row in rows]
