"""Where a metastasis may come from as far as is known without its picture: how common primaries are, and facts."""

from collections.abc import Mapping
from typing import Any

from ..phantom.kinds import KINDS
from ..phantom.population import CEA_BY_ORIGIN
from ..study.lesions import METASTASIS_ORIGINS, Markers, lesion_class

COLORECTAL = "colorectal"


def mixture() -> dict[str, float]:
    """Origin to its share of the patients with liver metastases (physics notes, B); sums to one."""
    shares = {kind.name: kind.share for kind in KINDS["metastasis"]}
    total = sum(shares.values())
    return {name: shares[name] / total for name in METASTASIS_ORIGINS}


def facts_of_origin(clinical: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of ``clinical`` that tell of the origin: ``cea`` true or false, ``primary`` one of the origins.

    A cancer of which nobody says where it is raises no origin above another; nor does CA 19-9, of which the physics
    notes have no figure by origin.
    """
    found: dict[str, Any] = {}
    if isinstance(clinical.get("cea"), bool):
        found["cea"] = clinical["cea"]
    if clinical.get("primary") in METASTASIS_ORIGINS:
        found["primary"] = clinical["primary"]
    return found


def weigh_origins(probabilities: Mapping[str, float], clinical: Mapping[str, Any]) -> dict[str, float]:
    """Probabilities of origins, given what is known of the patient, by Bayes' rule.

    CEA is above 5 ng/ml in 70 % where the origin is colorectal and in 42.7 % elsewhere (physics notes, B). A metastasis
    comes from the known cancer in as many as have a known one (80 %); from another where that cancer is there by chance
    (12 %, as in anybody), and there it is the one named as often as it is common (our choice). Facts are taken as
    independent; those that are not known weigh nothing.

    Args:
        probabilities: origin to probability.
        clinical: what is known; see ``facts_of_origin``.
    """
    facts = facts_of_origin(clinical)
    weighed = {name: p * _likelihood(name, facts) for name, p in probabilities.items()}
    total = sum(weighed.values())
    return {name: p / total for name, p in weighed.items()} if total > 0 else dict(probabilities)


def _likelihood(origin: str, facts: Mapping[str, Any]) -> float:
    likely = 1.0
    if "cea" in facts:
        raised = CEA_BY_ORIGIN[origin == COLORECTAL]
        likely *= raised if facts["cea"] else 1 - raised
    if "primary" in facts:
        known, chance = lesion_class("metastasis").markers.cancer, Markers().cancer
        likely *= known if origin == facts["primary"] else chance * mixture()[facts["primary"]]
    return likely
