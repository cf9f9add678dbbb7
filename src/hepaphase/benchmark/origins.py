"""Where metastases come from: a small network on what is measured of them, against how common origins are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..base.errors import InputError
from ..base.log import track
from ..diagnosis.known_facts import NUM_FACTS, clinical_numbers
from ..diagnosis.measures import NAMES, measure_lesions
from ..evaluation.bootstrap import Bootstrap
from ..evaluation.calibrate import distribution_statistics, fit_temperature
from ..evaluation.lesions import SMALLEST_MM3
from ..evaluation.patient import Statistic
from ..study.lesions import METASTASIS_ORIGINS
from ..study.phase import Phase
from ..training.cohort import PreparedCase, open_cohort, read_prepared
from ..training.lined_up import LinedUp

Floats = npt.NDArray[np.float32]
Seen = Literal["images", "facts", "images and facts"]
Shown = Literal["as they lie", "lined up", "noise-free"]
SEEN: tuple[Seen, ...] = ("images", "facts", "images and facts")
NUM_FOLDS = 5
"""Of the training patients; each network is held against those it has not seen, which fits the temperature."""
_STEPS, _RATE, _DECAY, _HIDDEN, _DROPOUT = 300, 3e-3, 0.1, 32, 0.3


@dataclass(frozen=True, slots=True)
class OriginPatient:
    """A patient with metastases of one known origin."""

    case: str
    measures: Floats
    """(L, len(NAMES)) of the metastases of 113 mm^3 or more."""
    facts: Floats
    """(NUM_FACTS,), zero where unknown."""
    origin: int
    """Index in ``METASTASIS_ORIGINS``."""


def patients_of(folder: Path, *, shown: Shown, quiet: bool = False) -> list[OriginPatient]:
    """Patients of prepared crops that name one origin of their metastases, measured in the true outlines.

    ``as they lie`` takes phases where the file has them; ``lined up`` puts them into one breathing state, as far as the
    simulator knows it; ``noise-free`` takes the noise away as well, which no scanner does: an upper end.

    Raises:
        InputError: when there is none.
    """
    files = open_cohort(folder).files
    each = (_patient(read_prepared(path), shown) for path in track(files, title="Measuring", quiet=quiet))
    found = [patient for patient in each if patient is not None]
    if not found:
        raise InputError(f"No patient in '{folder}' has metastases of one known origin (lesion_origins).")
    return found


def _patient(case: PreparedCase, shown: Shown) -> OriginPatient | None:
    labels, kept = numbered(case)
    hu = phases_of(case, shown)
    if len(set(case.lesion_origins.values())) != 1 or not kept.any() or set(hu) != set(Phase):
        return None
    stack = np.stack([np.asarray(hu[p], np.float32) for p in Phase])
    here, liver = np.ones(len(Phase), bool), case.masks["liver"] > 0
    measures = measure_lesions(stack, here, labels, liver | (labels > 0))[kept]
    origin = METASTASIS_ORIGINS.index(next(iter(case.lesion_origins.values())))
    return OriginPatient(case.case, measures, clinical_numbers(case.clinical), origin)


def numbered(case: PreparedCase) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.bool_]]:
    """True outlines (z, y, x) numbered 1 ... L, and which of them are metastases of known origin and large enough."""
    labels = np.asarray(case.masks["lesions"])
    ids, counts = np.unique(labels[labels > 0], return_counts=True)
    voxel_mm3 = float(np.prod(case.geometry["spacing_xyz_mm"]))
    kept = np.array([i in case.lesion_origins and n * voxel_mm3 >= SMALLEST_MM3
                     for i, n in zip(ids.tolist(), counts.tolist(), strict=True)], bool)  # fmt: skip
    table = np.zeros(int(ids.max(initial=0)) + 1, np.uint16)
    table[ids] = np.arange(1, len(ids) + 1)
    return table[labels], kept


def phases_of(case: PreparedCase, shown: Shown) -> dict[Phase, npt.NDArray[Any]]:
    """HU (z, y, x) of each phase as it is to be shown."""
    if shown == "as they lie":
        return dict(case.hu)
    hu, clean = LinedUp().best(case).volumes(dict(case.hu), dict(case.clean_hu), dict(case.reference_hu))
    return clean if shown == "noise-free" else hu


def inputs_of(patient: OriginPatient, seen: Seen) -> Floats:
    """What the network reads of each metastasis: (L, F), or (1, F) of facts alone."""
    facts = patient.facts[None]
    if seen == "facts":
        return facts
    if seen == "images":
        return patient.measures
    return np.concatenate([patient.measures, np.repeat(facts, len(patient.measures), axis=0)], axis=1)


def width_of(seen: Seen) -> int:
    """Of what the network reads."""
    return {"images": len(NAMES), "facts": NUM_FACTS, "images and facts": len(NAMES) + NUM_FACTS}[seen]


def shares_of(
    train: Sequence[OriginPatient], test: Sequence[OriginPatient], seen: Seen, *, seed: int = 0
) -> npt.NDArray[np.float64]:
    """Probabilities (N, R) of origins for ``test``, from networks trained on folds of ``train``.

    A patient's logits are the mean over the metastases and over the networks. The temperature is fitted on training
    patients, each seen by the network that was trained without.
    """
    outside = np.zeros((len(train), len(METASTASIS_ORIGINS)))
    inside = np.zeros((NUM_FOLDS, len(test), len(METASTASIS_ORIGINS)))
    order = np.random.default_rng(seed).permutation(len(train)) % NUM_FOLDS
    for fold in range(NUM_FOLDS):
        network = _fit([p for p, f in zip(train, order, strict=True) if f != fold], seen, seed=seed + fold)
        left = np.flatnonzero(order == fold)
        outside[left] = _logits(network, [train[int(k)] for k in left], seen)
        inside[fold] = _logits(network, test, seen)
    temperature = fit_temperature(outside, np.array([p.origin for p in train], np.int64))
    scaled = inside.mean(axis=0) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    return np.asarray(np.exp(scaled) / np.exp(scaled).sum(axis=1, keepdims=True))


def _fit(patients: Sequence[OriginPatient], seen: Seen, *, seed: int) -> nn.Module:
    """A network of one hidden layer; every patient weighs the same however many metastases there are."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = nn.Sequential(
            nn.Linear(width_of(seen), _HIDDEN),
            nn.SiLU(),
            nn.Dropout(_DROPOUT),
            nn.Linear(_HIDDEN, len(METASTASIS_ORIGINS)),
        )
        each = [inputs_of(p, seen) for p in patients]
        x = torch.from_numpy(np.concatenate(each))
        truth = torch.tensor([p.origin for p, own in zip(patients, each, strict=True) for _ in own])
        weight = torch.tensor([1 / len(own) for own in each for _ in own])
        optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
        for _ in range(_STEPS):
            entropy: Tensor = nn.functional.cross_entropy(network(x), truth, reduction="none")
            loss = (entropy * weight).sum() / weight.sum()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return network.eval()


def _logits(network: nn.Module, patients: Sequence[OriginPatient], seen: Seen) -> npt.NDArray[np.float64]:
    with torch.inference_mode():
        means = [network(torch.from_numpy(inputs_of(p, seen))).mean(0).numpy() for p in patients]
    return np.asarray(means, np.float64)


def frequency(train: Sequence[OriginPatient], num_test: int) -> npt.NDArray[np.float64]:
    """How common each origin is among the training patients, one added to each, for every test patient (N, R)."""
    counts = np.bincount([p.origin for p in train], minlength=len(METASTASIS_ORIGINS)) + 1.0
    return np.tile(counts / counts.sum(), (num_test, 1))


def compare(
    train: Sequence[OriginPatient],
    test: Sequence[OriginPatient],
    config: Bootstrap | None = None,
    *,
    others: Mapping[str, npt.NDArray[np.float64]] | None = None,
) -> dict[str, list[Statistic]]:
    """Column of the table to its figures: origins by frequency alone, by what the network sees, then ``others``.

    ``others`` are probabilities (N, R) of the test patients from elsewhere.
    """
    truth = np.array([p.origin for p in test], np.int64)
    columns = {"frequency": frequency(train, len(test))} | {seen: shares_of(train, test, seen) for seen in SEEN}
    columns |= dict(others or {})
    return {name: distribution_statistics(truth, shares, config) for name, shares in columns.items()}
