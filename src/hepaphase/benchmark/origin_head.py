"""What a reader with a head of origins says of metastases, in their true outlines."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from ..base.errors import InputError
from ..base.log import track
from ..bundle.bundle import Bundle
from ..bundle.origins import CARD_KEY
from ..diagnosis.diagnose import Reader
from ..evaluation.calibrate import fit_temperature
from ..study.lesions import METASTASIS_ORIGINS
from ..training.as_study import aligned
from ..training.cohort import open_cohort, read_prepared
from .origin_prior import right_of
from .origins import Shown, numbered, patients_of, phases_of

Values = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class HeadShares:
    """Probabilities of origins for each patient of a test."""

    shares: Values
    """(N, R), rows summing to one."""
    temperature: float
    """Fitted on the validation patients."""
    num_validation: int
    truth: Integers
    """(N,) index of the true origin."""


def calibrated(bundle: Bundle, head: HeadShares, cohort: str) -> Bundle:
    """The reader with a card that says the temperature of its head and how often it is right; read asks for both."""
    facts = {
        "temperature": head.temperature,
        "num_validation": head.num_validation,
        "cohort": cohort,
        **right_of(head.truth, head.shares),
    }
    return replace(bundle, card={**bundle.card, CARD_KEY: facts})


def head_shares(reader: Reader, validation: Path, test: Path, *, quiet: bool = False) -> HeadShares:
    """Origins of the patients of ``test`` (as they lie) by the head, calibrated on those of ``validation``.

    A patient's logits are the mean over the metastases, as those of the observer beside it.

    Raises:
        InputError: for a reader without the head, or when no patient is of known origin.
    """
    if not reader.config.num_origins:
        raise InputError("The reader tells no origins. Train the head with 'hepaphase train origins --from READER'.")
    learned = patients_of(validation, shown="lined up", quiet=True)
    logits = _logits(reader, validation, "lined up", quiet=quiet)
    truth = np.array([p.origin for p in learned], np.int64)
    temperature = fit_temperature(np.stack([logits[p.case] for p in learned]), truth)
    asked = _logits(reader, test, "as they lie", quiet=quiet)
    tested = patients_of(test, shown="as they lie", quiet=True)
    shares = softmax(np.stack([asked[p.case] for p in tested]) / temperature, axis=1)
    return HeadShares(shares, temperature, len(learned), np.array([p.origin for p in tested], np.int64))


def _logits(reader: Reader, folder: Path, shown: Shown, *, quiet: bool) -> Mapping[str, Values]:
    """Case to logits (R,) of its patient, for those with metastases of known origin."""
    found = {}
    for path in track(open_cohort(folder).files, title="Asking the head", quiet=quiet):
        case = read_prepared(path)
        labels, kept = numbered(case)
        if not kept.any():
            continue
        study = replace(aligned(case), hu={p: np.asarray(v, np.float32) for p, v in phases_of(case, shown).items()})
        told = reader.origins(study, labels)
        assert told is not None
        rows = np.array([[row[name] for name in METASTASIS_ORIGINS] for row in told])
        found[case.case] = np.log(np.clip(rows[kept], 1e-12, None)).mean(axis=0)
    return found
