"""A few small networks whose answers are averaged; what the second looks at a lesion are made of."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

from torch import Tensor, nn

from ..base.errors import ConfigError
from ..bundle.bundle import Bundle

Look = TypeVar("Look", bound=nn.Module)


@dataclass(frozen=True, slots=True, kw_only=True)
class MembersConfig:
    """Their sizes (our choice).

    Raises:
        ConfigError: for a size below one.
    """

    hidden: int = 64
    num_members: int = 5
    """Networks whose probabilities are averaged."""
    dropout: float = 0.3

    def __post_init__(self) -> None:
        if min(self.hidden, self.num_members) < 1 or not 0 <= self.dropout < 1:
            raise ConfigError(f"Sizes must be at least 1 and dropout in [0, 1), got {self}.")

    def to_dict(self) -> dict[str, Any]:
        """As plain values for a bundle."""
        return asdict(self)


def members(config: MembersConfig, *, num_inputs: int, num_outputs: int) -> nn.ModuleList:
    """The networks, freshly initialised: one hidden layer each."""
    return nn.ModuleList(
        nn.Sequential(
            nn.Linear(num_inputs, config.hidden),
            nn.SiLU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.hidden, num_outputs),
        )
        for _ in range(config.num_members)
    )


def held(bundle: Bundle, name: str, make: Callable[[MembersConfig], Look]) -> Look | None:
    """The second look called ``name`` in ``bundle``, ready to be asked; None when there is none.

    Raises:
        BundleError: when its weights do not fit.
    """
    if name not in bundle.config:
        return None
    look, prefix = make(MembersConfig(**bundle.config[name])), f"{name}."
    own = {key.removeprefix(prefix): value for key, value in bundle.weights.items() if key.startswith(prefix)}
    replace(bundle, weights=own).load_into(look)
    return look.eval()


def prefixed(network: nn.Module, prefix: str) -> dict[str, Tensor]:
    """Copies of the weights of ``network`` as a bundle holds them, beside those of other networks."""
    return {f"{prefix}{name}": value.detach().cpu().clone() for name, value in network.state_dict().items()}
