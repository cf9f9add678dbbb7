"""The bracket of the best possible AUC: observers at both ends, on the patients and labels of a prepared cohort."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from ...base.log import track
from ...evaluation.bootstrap import Bootstrap, interval
from ...evaluation.metrics.auc import auc
from ...evaluation.patient import summarize
from ...evaluation.rows import PatientRow
from ...study.lesions import MALIGNANT
from ...study.phase import Phase
from .describe import Floats
from .draws import Draws
from .figures import Figure
from .measure import CLASSES, Measured
from .observe import Posterior, largest_by_patient, region_features
from .reader import read_candidates

SUBSETS = ((Phase.NC,), *combinations(Phase, 2), tuple(Phase))
"""What may be given: NC, every pair, all."""
_CROP_WEIGHT = 3.0
"""Of a lesion of a training patient against one that was only drawn (our choice: it has been through the scanner)."""
_MALIGNANT = [CLASSES.index(key) for key in MALIGNANT]
_UPPER_ROUNDS, _LOWER_ROUNDS = 80, 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What one observer said of a test cohort."""

    inputs: tuple[Phase, ...]
    clinical: bool
    end: str
    """``lower`` or ``upper``."""
    cohort: Measured
    """The patients who have all of ``inputs``."""
    lesions: Floats
    """Posterior (L, classes) of the true lesions."""
    rows: list[PatientRow]
    """As a reader's."""

    @property
    def name(self) -> str:
        """Such as ``lower-NC_PVP`` or ``upper-NC_PVP-clinical``."""
        return f"{self.end}-{'_'.join(self.inputs)}{'-clinical' if self.clinical else ''}"


def observe_all(
    train: Measured,
    test: Measured,
    draws: Draws,
    *,
    subsets: Sequence[tuple[Phase, ...]] = SUBSETS,
    quiet: bool = False,
) -> list[Observed]:
    """Both ends for every subset, with and without clinical data.

    Upper: told the masks and the noise-free values; trained on drawn lesions and those of ``train``. Lower per lesion:
    told the masks, sees the noisy values. Lower per patient: told nothing but the liver mask.
    """
    settings = [(subset, clinical) for subset in subsets for clinical in (False, True)]
    observed: list[Observed] = []
    for subset, clinical in track(settings, title="Observing", total=len(settings), quiet=quiet):
        index = [list(Phase).index(p) for p in subset]
        ours, theirs = keep_scanned(train, index), keep_scanned(test, index)
        ends = {
            "lower": (noisy_lesions(ours, theirs, index, clinical), *read_candidates(ours, theirs, index, clinical)),
            "upper": told_lesions(ours, theirs, draws, index, clinical),
        }
        for end, (lesions, scores, malignant) in ends.items():
            rows = patient_rows(theirs, scores, malignant)
            observed.append(
                Observed(inputs=subset, clinical=clinical, end=end, cohort=theirs, lesions=lesions, rows=rows)
            )
    return observed


def auc_figures(observed: Sequence[Observed], config: Bootstrap | None = None) -> list[Figure]:
    """AUC of each observer, per patient and per lesion."""
    figures: list[Figure] = []
    for one in observed:
        common = {"inputs": ", ".join(one.inputs), "clinical": one.clinical, "end": one.end, "quantity": "AUC"}
        figures += _patient(one.rows, config, common)
        figures += _lesion(one.cohort, one.lesions, config, common)
    return figures


def keep_scanned(cohort: Measured, phases: Sequence[int]) -> Measured:
    """Only the patients who have all of the given phases."""
    kept = np.asarray(np.isfinite(cohort.times_s[:, list(phases)]).all(axis=1), bool)
    return cohort if kept.all() else cohort.only(kept)


def told_lesions(
    train: Measured, test: Measured, draws: Draws, phases: Sequence[int], clinical: bool
) -> tuple[Floats, Floats, Floats]:
    """Posterior per true lesion, then class and malignant score per patient, from masks and noise-free values."""
    given = np.concatenate([told_features(train, phases, clinical), drawn_features(draws, phases, clinical)])
    truth = np.concatenate([train.lesion_class, draws.lesion_class])
    weight = np.concatenate([np.full(len(train.lesion_class), _CROP_WEIGHT), np.ones(len(draws.lesion_class))])
    posterior = Posterior.fit(given, truth, weight, rounds=_UPPER_ROUNDS).of(told_features(test, phases, clinical))
    num = len(test.case)
    malignant = posterior[:, _MALIGNANT].sum(axis=1, keepdims=True)
    return (
        posterior,
        largest_by_patient(posterior, test.lesion_owner, num),
        largest_by_patient(malignant, test.lesion_owner, num)[:, 0],
    )


def told_features(cohort: Measured, phases: Sequence[int], clinical: bool) -> Floats:
    """Of the true lesions: noise-free values, size, how many there are, and clinical data if given."""
    owner = cohort.lesion_owner
    seen = region_features(
        cohort.lesion_clean, cohort.lesion_shape, cohort.clean_context[owner], cohort.times_s[owner], phases
    )
    return _with_patient(seen, owner, cohort.clinical, clinical)


def drawn_features(draws: Draws, phases: Sequence[int], clinical: bool) -> Floats:
    """The same of drawn lesions."""
    owner = draws.owner
    seen = region_features(draws.mixed, draws.shape, draws.context[owner][:, :, :2], draws.times_s[owner], phases)
    return _with_patient(seen, owner, draws.clinical, clinical)


def noisy_lesions(train: Measured, test: Measured, phases: Sequence[int], clinical: bool) -> Floats:
    """Posterior per true lesion from noisy values under the true mask."""

    def features(cohort: Measured) -> Floats:
        owner = cohort.lesion_owner
        seen = region_features(
            cohort.lesion_noisy, cohort.lesion_shape, cohort.noisy_context[owner], cohort.times_s[owner], phases
        )
        return _with_patient(seen, owner, cohort.clinical, clinical)

    return Posterior.fit(features(train), train.lesion_class, rounds=_LOWER_ROUNDS).of(features(test))


def _with_patient(seen: Floats, owner: npt.NDArray[np.int64], clinical: Floats, wanted: bool) -> Floats:
    how_many = np.bincount(owner, minlength=len(clinical))[owner][:, None]
    return np.concatenate([seen, how_many, *([clinical[owner]] if wanted else [])], axis=1)


def patient_rows(cohort: Measured, scores: Floats, malignant: Floats) -> list[PatientRow]:
    """What an observer said, as a reader's rows."""
    return [
        PatientRow(
            case=str(cohort.case[i]),
            truth=dict(zip(CLASSES, cohort.truth[i].tolist(), strict=True)),
            score=dict(zip(CLASSES, scores[i].tolist(), strict=True)),
            malignant_score=float(malignant[i]),
        )
        for i in range(len(cohort.case))
    ]


def _patient(rows: Sequence[PatientRow], config: Bootstrap | None, common: dict[str, object]) -> list[Figure]:
    return [
        Figure(
            level="patient",
            name=s.name,
            value=s.interval.value,
            low=s.interval.low,
            high=s.interval.high,
            num=s.num_patients,
            positive=s.num_positive,
            **common,  # type: ignore[arg-type]
        )
        for s in summarize(rows, config)
        if "AUC" in s.name
    ]


def _lesion(test: Measured, posterior: Floats, config: Bootstrap | None, common: dict[str, object]) -> list[Figure]:
    """Per class one against the rest, among true lesions; intervals draw whole patients."""
    truth = test.lesion_class
    malignant = np.isin(truth, _MALIGNANT)
    scores = {f"AUC {key}": (posterior[:, k], truth == k) for k, key in enumerate(CLASSES)}
    scores["malignant AUC"] = (posterior[:, _MALIGNANT].sum(axis=1), malignant)
    lesions_of = [np.flatnonzero(test.lesion_owner == i) for i in np.unique(test.lesion_owner)]
    names = {"AUC-8": [f"AUC {key}" for key in CLASSES], **{name: [name] for name in scores}}
    figures = []
    for name, parts in names.items():

        def value(picked: npt.NDArray[np.int64], parts: Sequence[str] = parts) -> float:
            at = np.concatenate([lesions_of[i] for i in picked])
            return float(np.mean([auc(scores[p][0][at], scores[p][1][at]) for p in parts]))

        spread = interval(value, np.zeros(len(lesions_of)), config)
        positive = None if len(parts) > 1 else int(scores[name][1].sum())
        figures.append(
            Figure(
                level="lesion",
                name=name,
                value=spread.value,
                low=spread.low,
                high=spread.high,
                num=len(truth),
                positive=positive,
                **common,  # type: ignore[arg-type]
            )
        )
    return figures
