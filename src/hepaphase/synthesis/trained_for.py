"""What a generator was trained for; anything else is refused by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..base.errors import ConfigError, NotTrainedError
from ..study.phase import Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedFor:
    """Inputs and targets of a training.

    Raises:
        ConfigError: for a name that is not a phase, or nothing to generate.
    """

    inputs: tuple[str, ...] = ()
    """Phases that must be scanned, and the only ones looked at; empty for any subset."""
    targets: tuple[str, ...] = tuple(str(p) for p in Phase)

    def __post_init__(self) -> None:
        known = [str(p) for p in Phase]
        for name in (*self.inputs, *self.targets):
            if name not in known:
                raise ConfigError(f"'{name}' is no phase; phases are {', '.join(known)}.")
        if not set(self.targets) - set(self.inputs):
            raise ConfigError(f"From {', '.join(self.inputs)} there is nothing to generate: targets are the same.")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "TrainedFor":
        """As a bundle has it."""
        return cls(inputs=tuple(config["inputs"]), targets=tuple(config["targets"]))

    def check(self, generator: str, scanned: Sequence[Phase], target: Phase) -> None:
        """Refuse what was not trained.

        Raises:
            NotTrainedError: naming what was.
        """
        if target not in self.targets:
            raise NotTrainedError(
                f"{target} was asked of generator '{generator}', which was trained for {', '.join(self.targets)}. "
                "Ask for one of these, or train it with --set targets."
            )
        missing = [name for name in self.inputs if name not in scanned]
        if missing:
            raise NotTrainedError(
                f"Generator '{generator}' was trained from {', '.join(self.inputs)}; the study lacks "
                f"{', '.join(missing)} (scanned: {', '.join(scanned)}). Use a generator for any phases: kinetic."
            )

    def shown(self, scanned: Sequence[Phase]) -> tuple[Phase, ...]:
        """The scanned phases that the generator looks at."""
        return tuple(p for p in scanned if not self.inputs or p in self.inputs)
