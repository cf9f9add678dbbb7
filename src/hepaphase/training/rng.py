"""The state of every random generator that a step may draw from."""

from typing import Any

import torch


def rng_state() -> dict[str, Any]:
    """Of torch on the CPU and on each CUDA device; numpy draws come from ``base.seeds.stream``, which has no state."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"cpu": torch.get_rng_state(), "cuda": cuda}


def restore_rng(state: dict[str, Any]) -> None:
    """Undo of :func:`rng_state`; states of CUDA devices that are not here are left out."""
    torch.set_rng_state(state["cpu"].cpu())
    if state["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all([entry.cpu() for entry in state["cuda"]][: torch.cuda.device_count()])
