"""Untrained models of a tiny size: what a reading needs when its answers do not matter."""

import torch
from tests.diagnosis.tiny import TINY

from hepaphase.bundle.bundle import Bundle
from hepaphase.diagnosis.build import build
from hepaphase.diagnosis.postprocess import ReadConfig
from hepaphase.inference.models import Models
from hepaphase.study.lesions import LESION_CLASSES
from hepaphase.synthesis.generators.kinetic import pack_bundle
from hepaphase.synthesis.network import KineticNetwork
from hepaphase.synthesis.network import NetworkConfig as GeneratorConfig


def tiny_models(seed: int = 0) -> Models:
    """One bundle per kind; the organs bundle is empty, so a study needs its own liver mask."""
    torch.manual_seed(seed)
    reader = TINY
    synthesis = GeneratorConfig()
    return Models(
        organs=Bundle(kind="organs", config={}),
        synthesis=pack_bundle(synthesis, KineticNetwork(synthesis).state_dict(), {"title": "tiny"}),
        diagnosis=Bundle(
            kind="diagnosis",
            config={"network": reader.to_dict(), "read": ReadConfig(threshold=0.01).to_dict()},
            classes=tuple(LESION_CLASSES),
            weights=build(reader).state_dict(),
            card={"title": "tiny"},
        ),
    )
