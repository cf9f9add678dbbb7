"""What to train at the scale `table`, and which test patients to read with it."""

from dataclasses import dataclass
from pathlib import Path

from ..recipes.table import SCALE

NUM_TUNING = 40
"""Validation cases that choose the background's logit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One training and its reading."""

    training: str
    """Name of the training."""
    seed: int = 0
    quick: bool = False
    cohort: str = ""
    """Name of the test cohort, written beside every figure."""
    generator: str = ""
    """Name of the generator of phases, likewise; empty where none is asked."""
    told: bool = True
    """Whether it learns what is known of patient, injection and tube."""
    num_steps: int = 0
    """Of the training, in place of the scale's; 0 for those."""
    threads: int = 2
    at_most: int = 0
    """Test cases; 0 for all."""

    def facts(self, test: Path, *, num_steps: int) -> dict[str, str]:
        """What stands beside every row of patients: seed, recipe, scale, steps and cohort."""
        return {
            "seed": str(self.seed),
            "recipe": "table",
            "scale": f"{SCALE}, quick" if self.quick else SCALE,
            "steps": str(num_steps),
            "cohort": self.cohort or test.resolve().name,
        }
