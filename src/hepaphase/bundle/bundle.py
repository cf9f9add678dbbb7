"""A model in one file: weights, configuration, class list, versions and card."""

import hashlib
import importlib.metadata
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from .. import __version__
from ..base.atomic import atomic_path
from ..base.errors import BundleError

SUFFIX = ".hepa"
FORMAT = 1
"""Version of the file format; a newer one is refused."""
KINDS = ("organs", "synthesis", "diagnosis")
"""Kinds that ship inside the package."""

_SHIPPED = Path(__file__).parent / "shipped"
_LARGEST_FP16 = torch.finfo(torch.float16).max


def current_versions() -> dict[str, str]:
    """Versions of what a network's numbers depend on; imports none of them but torch."""
    return {"hepaphase": __version__, "torch": torch.__version__, "monai": _installed("monai")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A trained model. The file is safetensors, so that loading one never runs code.

    Floating-point weights are stored in half precision and given back in single; integers and booleans are kept.
    """

    kind: str
    """What it is for, such as ``diagnosis``; a bundle of another kind is refused by name."""
    config: Mapping[str, Any]
    """JSON-able settings from which its owner builds the network."""
    classes: tuple[str, ...] = ()
    """Names of the outputs in order."""
    weights: Mapping[str, Tensor] = field(default_factory=dict)
    card: Mapping[str, Any] = field(default_factory=dict)
    """``Card.to_dict()``."""
    versions: Mapping[str, str] = field(default_factory=current_versions)

    def save(self, path: Path) -> Path:
        """Write the file, whole or not at all; returns its path.

        Raises:
            BundleError: for another suffix, or weights that half precision cannot hold.
        """
        if path.suffix != SUFFIX:
            raise BundleError(f"A bundle ends in {SUFFIX}, '{path.name}' does not. Rename it.")
        tensors = {name: _to_half(name, tensor) for name, tensor in self.weights.items()}
        with atomic_path(path) as partial:
            save_file(tensors, partial, metadata={"hepaphase": self._header()})
        return path

    @classmethod
    def load(cls, path: Path, *, kind: str | None = None) -> "Bundle":
        """Read a file, on the CPU.

        Raises:
            BundleError: if it is not a bundle, is of a newer format, or not of ``kind``.
        """
        if not path.is_file():
            raise BundleError(f"There is no bundle at {path}. Give the path of a {SUFFIX} file.")
        try:
            with safe_open(path, framework="pt", device="cpu") as file:
                header = json.loads((file.metadata() or {}).get("hepaphase", "null"))
                _check_format(header, path)
                weights = {name: _to_single(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, TypeError, ValueError, OSError) as error:
            raise BundleError(f"{path} is not a {SUFFIX} bundle ({error}). Train one with: hepaphase train.") from error
        bundle = cls(weights=weights, **{key: _field(header, key, path) for key in _HEADER})
        if kind is not None and bundle.kind != kind:
            raise BundleError(f"{path} is a bundle for {bundle.kind}, asked for one for {kind}. Give another --bundle.")
        return bundle

    def check_classes(self, expected: Sequence[str]) -> None:
        """Refuse unless the classes are ``expected``, order included.

        Raises:
            BundleError: naming the classes that differ.
        """
        if self.classes == tuple(expected):
            return
        missing = [name for name in expected if name not in self.classes]
        unknown = [name for name in self.classes if name not in expected]
        parts = [f"lacks {', '.join(missing)}"] if missing else []
        parts += [f"has {', '.join(unknown)} besides"] if unknown else []
        found = " and ".join(parts) or f"has them in another order ({', '.join(self.classes)})"
        raise BundleError(
            f"The {self.kind} bundle was trained on another class table: it {found}; "
            f"the table is {', '.join(expected)}. Train it again: hepaphase train."
        )

    def fingerprint(self) -> str:
        """Changes with any weight or setting; the card and versions do not count."""
        digest = hashlib.sha256(json.dumps([self.kind, dict(self.config), self.classes], sort_keys=True).encode())
        for name, tensor in sorted(self.weights.items()):
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def load_into(self, module: nn.Module) -> None:
        """Copy the weights into ``module``, which must have exactly these, in these shapes.

        Raises:
            BundleError: naming what is missing, unexpected or of another shape.
        """
        own = module.state_dict()
        missing = sorted(own.keys() - self.weights.keys())
        unexpected = sorted(self.weights.keys() - own.keys())
        reshaped = sorted(n for n in own.keys() & self.weights.keys() if own[n].shape != self.weights[n].shape)
        for what, names in (("misses", missing), ("does not know", unexpected), ("has other shapes for", reshaped)):
            if names:
                raise BundleError(
                    f"The {self.kind} bundle does not fit the network: it {what} {_some(names)}. "
                    f"Use the version it was trained with ({self.versions.get('hepaphase', 'unknown')}) or train again."
                )
        module.load_state_dict(dict(self.weights))

    def _header(self) -> str:
        values = {key: getattr(self, key) for key in _HEADER}
        try:
            return json.dumps({"format": FORMAT, **values}, allow_nan=False, separators=(",", ":"))
        except (TypeError, ValueError) as error:
            raise BundleError(f"The config and card of a bundle must be plain JSON data: {error}.") from error


_HEADER = ("kind", "config", "classes", "card", "versions")


def shipped(kind: str) -> Path:
    """Path of the bundle of that kind that comes with the package.

    Raises:
        BundleError: when none does.
    """
    path = _SHIPPED / f"{kind}{SUFFIX}"
    if not path.is_file():
        found = ", ".join(sorted(p.stem for p in _SHIPPED.glob(f"*{SUFFIX}"))) or "none"
        raise BundleError(f"No {kind} bundle ships with this version (shipped: {found}). Give one with --bundle.")
    return path


def _check_format(header: Any, path: Path) -> None:
    if not isinstance(header, dict) or "format" not in header:
        raise ValueError("it has no header of ours")
    if int(header["format"]) > FORMAT:
        raise BundleError(
            f"{path} has format {header['format']}, this hepaphase reads up to {FORMAT}. Install a newer hepaphase."
        )


def _field(header: Mapping[str, Any], key: str, path: Path) -> Any:
    if key not in header:
        raise BundleError(f"{path} lacks '{key}' in its header; it was not written by hepaphase.")
    return tuple(header[key]) if key == "classes" else header[key]


def _to_half(name: str, tensor: Tensor) -> Tensor:
    tensor = tensor.detach().to("cpu")
    if not tensor.is_floating_point():
        return tensor.clone(memory_format=torch.contiguous_format)
    if tensor.numel() and not bool((tensor.abs() <= _LARGEST_FP16).all()):  # false for NaN too
        raise BundleError(f"Weight '{name}' holds values that are not finite in half precision. Training went astray.")
    return tensor.to(torch.float16, memory_format=torch.contiguous_format, copy=True)


def _to_single(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _installed(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
