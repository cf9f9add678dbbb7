import json
from dataclasses import asdict

import numpy as np

from hepaphase.phantom.appearance import draw_appearance
from hepaphase.phantom.labels import Organ

LOOKS = [draw_appearance(np.random.default_rng(seed)) for seed in range(300)]


def test_every_label_has_a_mean_and_a_texture() -> None:
    for look in LOOKS[:20]:
        assert set(look.mean_hu) == set(look.texture_hu) == {organ.name for organ in Organ}


def test_what_was_drawn_is_plain_data() -> None:
    assert json.loads(json.dumps(asdict(LOOKS[0])))["seed"] == LOOKS[0].seed


def test_the_liver_is_brighter_and_darker_than_every_neighbor() -> None:
    for neighbor in ("SPLEEN", "KIDNEY", "MUSCLE", "STOMACH", "IVC", "PORTAL_VEIN"):
        brighter = np.mean([look.mean_hu["LIVER"] > look.mean_hu[neighbor] for look in LOOKS])
        assert 0.05 < brighter < 0.95, neighbor


def test_liver_covers_native_steatosis_to_portal_phase() -> None:
    liver = [look.mean_hu["LIVER"] for look in LOOKS]
    assert min(liver) < 25 and max(liver) > 140 and 50 < np.median(liver) < 110
