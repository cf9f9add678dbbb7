"""Public cohorts by their own scores, on splits that are frozen by the names of the patients."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.errors import ConfigError, InputError
from ..base.names import check_name
from ..datasets.protocol import Adapter, open_cohort
from ..datasets.split import assign_folds
from ..evaluation.agreement import balanced_accuracy, kappa, macro_auc
from ..evaluation.bootstrap import Bootstrap, Indices, interval
from ..evaluation.metrics.dice import dice
from ..evaluation.patient import Statistic
from ..io.nifti import read_mask
from ..resample.grid import resample

NUM_FOLDS = 5
PARTS = ("train", "validation", "test", "all")

MCT_CLASSES = {
    ("hcc", ""): "HCC",
    ("icc", ""): "ICC",
    ("metastasis", "colorectal"): "CRLM",
    ("metastasis", "breast"): "BCLM",
    ("hemangioma", ""): "HH",
}
"""Of MCT-LTDiag, from class and origin."""
LIRADS = ("LR-1", "LR-2", "LR-3", "LR-4", "LR-5")
LEAST_COVERAGE = 0.95
"""Share of AMPLIFAI's cases that must be answered."""


@dataclass(frozen=True, slots=True)
class Public:
    """A protocol at work on some cases."""

    adapter: Adapter
    cases: tuple[str, ...]
    readings: Path
    config: Bootstrap | None


def frozen_split(adapter: Adapter) -> dict[str, str]:
    """Case to its part: a fifth of the patients tests, a fifth validates, the others train.

    A function of the patients' names alone (folds of seed 0), so that everyone who holds the data gets the same.

    Raises:
        ConfigError: with fewer patients than folds.
    """
    patients = {case: adapter.patient(case) for case in adapter.cases()}
    folds = assign_folds(patients, num_folds=NUM_FOLDS, seed=0)
    return {case: ("test", "validation", "train", "train", "train")[fold] for case, fold in folds.items()}


def evaluate_public(
    cohort: Path, readings: Path, *, protocol: str, part: str = "test", config: Bootstrap | None = None
) -> list[Statistic]:
    """The scores that a public cohort is compared by.

    ``mct_ltdiag``: macro AUC, accuracy and Cohen's kappa over its five kinds of lesion. A metastasis counts as CRLM
    and BCLM as the origins in ``readings/CASE/origins.json`` say (origin to probability), without that file as the
    origin of its lesions in ``findings.json`` says, and where there is none as CRLM.
    ``amplifai``: 0.85 times quadratic kappa plus 0.15 times balanced accuracy over LR-1 to 2, LR-3 and LR-4 to 5, from
    ``readings/lirads.csv`` (case_id, lirads_score); how the source adjusts kappa we could not find, ours is cut off
    at zero. The reader gives no LI-RADS categories. ``trials``: Dice of all lesions of a case.

    Args:
        cohort: in the layout of the source.
        readings: a folder per case as ``read`` writes.
        protocol: one of ``PROTOCOLS``.
        part: of the frozen split, or ``all``.
        config: of the bootstrap.

    Raises:
        UnknownNameError: for a protocol or part that does not exist.
        InputError: when a case was not read, or too few answers are there.
    """
    check_name(protocol, PROTOCOLS, kind="protocol")
    check_name(part, PARTS, kind="part")
    adapter = open_cohort(cohort, layout=protocol)
    split = dict.fromkeys(adapter.cases(), "all") if part == "all" else frozen_split(adapter)
    cases = tuple(case for case, own in sorted(split.items()) if own == part)
    if not cases:
        raise ConfigError(f"No case of {cohort.name} is in part '{part}'. Use --part all.")
    return list(PROTOCOLS[protocol](Public(adapter, cases, readings, config)))


def _mct(public: Public) -> list[Statistic]:
    names = list(MCT_CLASSES.values())
    true, scores = [], []
    for case in public.cases:
        table = public.adapter.load(case).lesion_table or ()
        kinds = {MCT_CLASSES.get((row.lesion_class, str(row.details.get("origin", "")))) for row in table}
        if len(kinds) != 1 or None in kinds:
            raise InputError(f"The table does not say which of {', '.join(names)} case '{case}' has.")
        true.append(names.index(str(kinds.pop())))
        scores.append(_mct_scores(public.readings / case))
    wanted, given = np.array(true, np.int64), np.array(scores)
    said = given.argmax(axis=1)
    measures: dict[str, Callable[[Indices], float]] = {
        "macro AUC": lambda i: macro_auc(wanted[i], given[i]),
        "accuracy": lambda i: float((said[i] == wanted[i]).mean()),
        "Cohen's kappa": lambda i: kappa(wanted[i], said[i], len(names)),
    }
    return [Statistic(name, interval(f, wanted, public.config), len(wanted)) for name, f in measures.items()]


def _mct_scores(folder: Path) -> list[float]:
    found = _json(folder / "findings.json")
    scores = found["patient"]["probabilities"]
    path = folder / "origins.json"
    told = (lesion["origin"]["probabilities"] for lesion in found.get("lesions", ()) if "origin" in lesion)
    origins = _json(path) if path.is_file() else next(told, {"colorectal": 1.0})
    two = np.array([float(origins.get(name, 0.0)) for name in ("colorectal", "breast")])
    crlm, bclm = float(scores["metastasis"]) * two / max(1e-12, two.sum())
    return [float(scores["hcc"]), float(scores["icc"]), float(crlm), float(bclm), float(scores["hemangioma"])]


def _amplifai(public: Public) -> list[Statistic]:
    path = public.readings / "lirads.csv"
    if not path.is_file():
        raise InputError(f"{path} is missing: case_id and lirads_score of each case. The reader gives no categories.")
    with path.open(newline="", encoding="utf-8") as file:
        said = {row["case_id"]: row["lirads_score"].strip() for row in csv.DictReader(file)}
    true = {case: str(public.adapter.clinical(case).get("lirads_score", "")) for case in public.cases}
    graded = {case: LIRADS.index(value) for case, value in true.items() if value in LIRADS}
    pairs = [(g, LIRADS.index(said[case])) for case, g in graded.items() if said.get(case) in LIRADS]
    if not graded or len(pairs) < LEAST_COVERAGE * len(graded):
        raise InputError(
            f"{len(pairs)} of {len(graded)} cases graded {LIRADS[0]} to {LIRADS[-1]} are answered; the protocol asks "
            f"for {LEAST_COVERAGE:.0%}."
        )
    wanted, given = np.array(pairs, np.int64).T
    measures: dict[str, Callable[[Indices], float]] = {
        "score": lambda i: amplifai_score(wanted[i], given[i]),
        "quadratic kappa": lambda i: kappa(wanted[i], given[i], len(LIRADS), quadratic=True),
        "balanced accuracy, three groups": lambda i: balanced_accuracy(_group(wanted[i]), _group(given[i])),
    }
    found = [Statistic(name, interval(f, wanted, public.config), len(wanted)) for name, f in measures.items()]
    return [*found, *_dice(public)]


def amplifai_score(true: npt.NDArray[np.int64], said: npt.NDArray[np.int64]) -> float:
    """0.85 quadratic kappa (cut off at zero) + 0.15 balanced accuracy of three groups; categories 0 to 4."""
    agreement = kappa(true, said, len(LIRADS), quadratic=True)
    return 0.85 * max(0.0, agreement) + 0.15 * balanced_accuracy(_group(true), _group(said))


def _group(category: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.array([0, 0, 1, 2, 2], np.int64)[category]


def _dice(public: Public) -> list[Statistic]:
    """Dice of all lesions together, of the cases that have any."""
    values = []
    for case in public.cases:
        study = public.adapter.load(case)
        path = public.readings / case / "lesions.nii.gz"
        if "lesions" not in study.masks or not path.is_file():
            continue
        found, grid = read_mask(path)
        array, own = study.masks["lesions"]
        values.append(dice(found, resample(array, own, grid, order=0, fill=0)))
    known = np.array([value for value in values if np.isfinite(value)])
    if not known.size:
        return []
    between = interval(lambda i: float(known[i].mean()), np.zeros(len(known)), public.config)
    return [Statistic("lesion Dice", between, len(known))]


def _trials(public: Public) -> list[Statistic]:
    found = _dice(public)
    if not found:
        raise InputError(f"No case of {public.readings.name} has lesions.nii.gz. Read the cases first: hepaphase read.")
    return found


def _json(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        raise InputError(f"{path.parent.name}/{path.name} is missing. Read the case first: hepaphase read.")
    content: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


PROTOCOLS: Mapping[str, Callable[[Public], Sequence[Statistic]]] = {
    "mct_ltdiag": _mct,
    "amplifai": _amplifai,
    "trials": _trials,
}
