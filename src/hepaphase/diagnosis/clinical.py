"""What is known of the patient, weighed into the classes of lesions that were found on the images."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from ..phantom.population import INCIDENTAL
from ..study.exam_facts import YES_NO
from ..study.lesions import LESION_CLASSES, METASTASIS_ORIGINS, LesionClass

WEIGHT = 1.0
"""Exponent of the likelihoods. Below 1 it would allow for facts that go together; on main-validation 1 did best
(docs/concepts/diagnosis.md)."""

FACTS = YES_NO
"""That are weighed, beside sex."""


def known_facts(clinical: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of ``clinical`` that are weighed: those of ``FACTS`` that are true or false, ``sex`` M or F.

    Who is known by the organ of a cancer (``primary``) is known to have one.
    """
    found: dict[str, Any] = {name: clinical[name] for name in FACTS if isinstance(clinical.get(name), bool)}
    if clinical.get("primary") in METASTASIS_ORIGINS:
        found.setdefault("cancer", True)
    if clinical.get("sex") in ("M", "F"):
        found["sex"] = clinical["sex"]
    return found


def weigh(
    probabilities: Mapping[str, float], clinical: Mapping[str, Any], *, weight: float = WEIGHT
) -> dict[str, float]:
    """Probabilities of a lesion's classes, given what is known of the patient.

    Bayes' rule with the shares of the class table (physics notes, B: clinical conditionals), taken as independent and
    tempered by ``weight``. A lesion that is common by chance (``phantom.population.INCIDENTAL``) may also lie in a
    patient who came with something else; its likelihood is mixed accordingly. Facts that are not known weigh nothing.

    Args:
        probabilities: class to probability, from the images.
        clinical: what is known; see ``known_facts``.
        weight: 0 leaves the probabilities as they are, 1 is Bayes' rule.
    """
    facts = known_facts(clinical)
    if not facts:
        return dict(probabilities)
    likely = likelihoods(facts)
    weighed = {key: p * likely[key] ** weight for key, p in probabilities.items()}
    total = sum(weighed.values())
    return {key: p / total for key, p in weighed.items()} if total > 0 else dict(probabilities)


def weigh_map(semantic: npt.NDArray[np.float32], clinical: Mapping[str, Any]) -> npt.NDArray[np.float32]:
    """Class probabilities of every voxel (K + 1, z, y, x), background last, given what is known of the patient.

    As ``weigh`` for each voxel: the classes are weighed against each other, how likely a voxel is background stays.
    """
    facts = known_facts(clinical)
    if not facts:
        return semantic
    likely = likelihoods(facts)
    column = np.array([likely[key] for key in LESION_CLASSES], np.float32)[:, None, None, None]
    weighed = semantic[:-1] * column
    total = np.maximum(weighed.sum(axis=0), np.finfo(np.float32).tiny)
    return np.concatenate([weighed * ((1 - semantic[-1]) / total), semantic[-1:]]).astype(np.float32)


def likelihoods(facts: Mapping[str, Any]) -> dict[str, float]:
    """Class of lesion to the probability of ``facts`` (see ``known_facts``) in a patient who has one."""
    own = {key: _likelihood(row, facts) for key, row in LESION_CLASSES.items()}
    shares = {key: row.prevalence for key, row in LESION_CLASSES.items()}
    anybody = sum(own[key] * share for key, share in shares.items()) / sum(shares.values())
    found = {}
    for key, value in own.items():
        chance = INCIDENTAL.get(key, 0.0)
        by_chance = chance / (chance + shares[key]) if chance else 0.0
        found[key] = (1 - by_chance) * value + by_chance * anybody
    return found


def _likelihood(row: LesionClass, facts: Mapping[str, Any]) -> float:
    shares = {**asdict(row.markers), "cirrhosis": row.cirrhosis}
    terms = [shares[name] if value else 1 - shares[name] for name, value in facts.items() if name in shares]
    if "sex" in facts:
        terms.append(row.male if facts["sex"] == "M" else 1 - row.male)
    return float(np.prod(terms)) if terms else 1.0
