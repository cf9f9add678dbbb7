"""Fit the circulation back from noise-free studies: ``python docs/make_circulation_fit.py`` writes one row per fit."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np

from hepaphase.base.seeds import stream
from hepaphase.kinetics.fit import Observation, fit_circulation
from hepaphase.phantom.exam import draw_exam
from hepaphase.study.phase import Phase

OUT = Path(__file__).parents[1] / "results" / "circulation_fit" / "rows.csv"
FIRST_SEED, NUM_STUDIES = 900_000, 50
FITTED_TO = ("aorta", "portal_vein")
JUDGED = (*FITTED_TO, "liver", "spleen")
OTHER_TIMES_S = np.linspace(15, 320, 12)


def study_rows(seed: int) -> list[dict[str, object]]:
    """Rows of one study: protocol and factor given, factor unknown, neither known."""
    rng = stream(seed, "who")
    sex, age = "M" if rng.random() < 0.6 else "F", float(rng.uniform(30, 80))
    exam, true = draw_exam(seed, sex=sex, age_years=age, cirrhosis=bool(rng.random() < 0.2))
    hu = {r: exam.kappa * np.interp(OTHER_TIMES_S, true.time_s, true.mg_per_ml[r]) for r in JUDGED}
    seen = [
        Observation(roi=r, time_s=t, enhancement_hu=float(exam.kappa * np.interp(t, true.time_s, true.mg_per_ml[r])))
        for r in FITTED_TO
        for t in (exam.times_s[p] for p in (Phase.AP, Phase.PVP, Phase.DP))
    ]
    typical = replace(exam.patient, haematocrit=None, gfr_ml_per_min=90.0, cardiac_output_factor=1.0)
    fits = {
        "given": fit_circulation(seen, typical, injection=exam.injection, kappa=exam.kappa),
        "factor_unknown": fit_circulation(seen, typical, injection=exam.injection),
        "protocol_unknown": fit_circulation(seen, typical),
    }
    rows: list[dict[str, object]] = []
    for setting, found in fits.items():
        low, high = found.cardiac_output_interval
        error = {r: np.abs(found.enhancement_hu(r, OTHER_TIMES_S) - hu[r]) for r in JUDGED}
        rows.append(
            {
                "seed": seed,
                "setting": setting,
                "true_ml_per_min": round(exam.patient.cardiac_output_ml_per_min, 1),
                "fitted_ml_per_min": round(found.cardiac_output_ml_per_min, 1),
                "low": round(low, 1),
                "high": round(high, 1),
                "kappa_error_percent": round(100 * (found.kappa / exam.kappa - 1), 3),
                "max_hu_scanned": round(float(np.abs(found.residual_hu).max()), 3),
                **{f"mean_hu_other_{r}": round(float(e.mean()), 3) for r, e in error.items()},
                **{f"max_hu_other_{r}": round(float(e.max()), 3) for r, e in error.items()},
            }
        )
    return rows


if __name__ == "__main__":
    table = [row for k in range(NUM_STUDIES) for row in study_rows(FIRST_SEED + k)]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    with OUT.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
