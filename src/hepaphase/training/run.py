"""One training run, whole: a recipe returns it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from ..base.errors import ConfigError
from .cohort import Cohort
from .data import Collate, Samples, stack
from .task import Setup, Task


class MakeSamples(Protocol):
    """From the cases of one side of the split to samples; ``config`` is the task's."""

    def __call__(self, cohort: Cohort, config: Any, *, training: bool) -> Samples: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything that decides the weights that come out, and how often it is looked at.

    Raises:
        ConfigError: for numbers that cannot be, and mixed precision without CUDA.
    """

    name: str
    task: Any
    """The task's own configuration, a frozen dataclass."""
    build: Callable[[Any, Setup], Task]
    """Makes the task; usually its class."""
    samples: MakeSamples
    num_steps: int
    batch_size: int = 2
    seed: int = 0
    collate: Collate = stack
    monitor: str = ""
    """Validation figure by which the best weights are kept; the last ones where empty."""
    monitor_highest: bool = True
    validate_every: int = 500
    """Steps; 0 for only at the end."""
    num_validation_batches: int = 0
    """At most this many, from the start of the validation cases; 0 for all."""
    log_every: int = 20
    checkpoint_steps: int = 500
    checkpoint_seconds: float = 300.0
    """A checkpoint is due when either has passed."""
    device: str = "cpu"
    amp: bool = False
    """Mixed precision; needs CUDA."""
    threads: int = 0
    """Of torch on the CPU; 0 leaves it. Sums depend on it in the last bit."""
    workers: int = 1
    """That prepare batches ahead; 0 for none."""
    worker_kind: Literal["thread", "process"] = "thread"
    training_data: str = ""
    """For the model card, in words."""
    quick: Mapping[str, Any] = field(default_factory=dict)
    """Fields that ``--quick`` replaces, so that a run takes seconds."""
    scales: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Named sizes of the same training, such as ``cpu``: fields that ``--scale NAME`` replaces."""

    def __post_init__(self) -> None:
        for name in ("num_steps", "batch_size", "log_every", "checkpoint_steps"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, got {getattr(self, name)}.")
        for name in ("seed", "validate_every", "num_validation_batches", "threads", "workers", "checkpoint_seconds"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} cannot be negative, got {getattr(self, name)}.")
        if self.amp and not self.device.startswith("cuda"):
            raise ConfigError(f"Mixed precision needs CUDA, the device is '{self.device}'. Leave amp=false.")
        for name, fields in {"quick": self.quick, **self.scales}.items():
            if unknown := fields.keys() - self.__dataclass_fields__.keys():
                raise ConfigError(f"{name} replaces fields that a run does not have: {', '.join(sorted(unknown))}.")

    def made_quick(self) -> "Run":
        """The same run in tiny: at most 8 steps unless the recipe says otherwise."""
        few = min(self.num_steps, 8)
        settings = {"num_steps": few, "validate_every": 0, "log_every": 1, "num_validation_batches": 2, **self.quick}
        return replace(self, **settings)

    def at_scale(self, name: str) -> "Run":
        """The same run at one of its ``scales``.

        Raises:
            ConfigError: when it has no such scale.
        """
        if name not in self.scales:
            known = ", ".join(self.scales) or "none"
            raise ConfigError(f"Recipe '{self.name}' has no scale '{name}' (it has: {known}). Leave --scale out.")
        return replace(self, **self.scales[name])
