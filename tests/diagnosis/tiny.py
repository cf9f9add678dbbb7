"""A network small enough to build in a test, and a study to read with it."""

import numpy as np
import torch

from hepaphase.bundle.bundle import Bundle
from hepaphase.diagnosis.build import NetworkConfig, build
from hepaphase.diagnosis.postprocess import ReadConfig
from hepaphase.diagnosis.window import Scan
from hepaphase.study.geometry import Geometry
from hepaphase.study.lesions import LESION_CLASSES
from hepaphase.study.phase import TYPICAL_TIME_S, Phase, Provenance
from hepaphase.study.study import AlignedStudy

TINY = NetworkConfig(
    fine_channels=4,
    stem_channels=8,
    stage_channels=(16,),
    num_blocks=1,
    width=16,
    finest_channels=8,
    num_queries=6,
    num_layers=2,
    num_heads=2,
    hidden=16,
    embedding=8,
)


def tiny_bundle() -> Bundle:
    """An untrained network that finds something."""
    torch.manual_seed(0)
    network = build(TINY)
    torch.nn.init.zeros_(network.voxel_heads.classes.bias)
    config = {"network": TINY.to_dict(), "read": ReadConfig(voxel_share=1.0).to_dict()}
    return Bundle(kind="diagnosis", config=config, classes=tuple(LESION_CLASSES), weights=network.state_dict())


def aligned(
    phases: tuple[Phase, ...] = tuple(Phase), *, shape: tuple[int, int, int] = (12, 16, 20), spacing_mm: float = 4.0
) -> AlignedStudy:
    """Noise, with a box of liver in the middle, off zero."""
    rng = np.random.default_rng(0)
    liver = np.zeros(shape, dtype=np.uint8)
    liver[2:-2, 3:-3, 4:-4] = 1
    return AlignedStudy(
        case="case",
        geometry=Geometry(shape, (spacing_mm,) * 3, (-20.0, 10.0, 300.0)),
        reference=phases[0],
        hu={p: rng.normal(50, 30, shape).astype(np.float32) for p in phases},
        provenance=dict.fromkeys(phases, Provenance.SIMULATED),
        time_s={p: TYPICAL_TIME_S[p] for p in phases},
        transforms={p: np.eye(4) for p in phases},
        masks={"liver": liver},
    )


def scan(hu: torch.Tensor, present: torch.Tensor | None = None) -> Scan:
    """``hu`` (B, 4, z, y, x) with liver everywhere, every phase there unless said otherwise."""
    there = torch.ones(hu.shape[:2], dtype=torch.bool) if present is None else present
    return Scan(hu, there, torch.ones_like(hu[:, 0], dtype=torch.bool), torch.full(hu.shape[:2], 50.0))
