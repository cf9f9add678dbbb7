"""The models of a reading: those that ship, or the user's own."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..base.errors import BundleError, ConfigError
from ..bundle.bundle import Bundle, shipped

KINDS = ("organs", "synthesis", "diagnosis")


@dataclass(frozen=True, slots=True)
class Models:
    """One bundle per kind."""

    organs: Bundle
    synthesis: Bundle
    diagnosis: Bundle

    @classmethod
    def load(cls, own: Iterable[Path] = ()) -> "Models":
        """The shipped bundles, with the user's ``own`` in place of those of the same kind.

        Raises:
            ConfigError: when two of ``own`` are of one kind.
            BundleError: for a file that is not a bundle, is of another kind or does not fit.
        """
        chosen: dict[str, Bundle] = {}
        for path in own:
            bundle = Bundle.load(path)
            if bundle.kind not in KINDS:
                raise BundleError(
                    f"{path} is a bundle for {bundle.kind}; this command uses one for {', '.join(KINDS)}. "
                    "Give another --bundle."
                )
            if bundle.kind in chosen:
                raise ConfigError(f"Two bundles of kind '{bundle.kind}' were given. Give one of each kind at most.")
            chosen[bundle.kind] = bundle
        return cls(**{kind: chosen.get(kind) or Bundle.load(shipped(kind), kind=kind) for kind in KINDS})


def check_device(name: str) -> str:
    """Return ``name`` if networks can run there.

    Raises:
        ConfigError: for a device this machine does not have.
    """
    import torch

    kind = name.split(":")[0]
    if kind not in ("cpu", "cuda") or (kind == "cuda" and not torch.cuda.is_available()):
        found = "cpu, cuda" if torch.cuda.is_available() else "cpu"
        raise ConfigError(f"Networks cannot run on '{name}' here. This machine has: {found}.")
    return name
