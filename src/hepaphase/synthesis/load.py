"""A generator by name or by bundle; one that has no weights here says how to make them."""

from collections.abc import Iterable
from typing import Any

from ..base.errors import BundleError
from ..bundle.bundle import Bundle, shipped
from . import GENERATORS
from .protocol import Generator

KIND = "synthesis"
SHIPPED = "kinetic"
"""The generator whose weights come with the package."""


def generator_of(bundle: Bundle, *, device: str = "cpu") -> Generator:
    """The generator that a bundle is for.

    Raises:
        BundleError: when the bundle is not for a generator, or does not fit it.
        UnknownNameError: for a generator that does not exist.
    """
    if bundle.kind != KIND or "generator" not in bundle.config:
        raise BundleError(f"The bundle is for {bundle.kind}, not for a generator of phases. Give another --bundle.")
    loaded: Any = GENERATORS.load(str(bundle.config["generator"]))
    made: Generator = loaded.from_bundle(bundle, device=device)
    return made


def load_generator(name: str, bundles: Iterable[Bundle] = (), *, device: str = "cpu") -> Generator:
    """The generator called ``name``, with the first of ``bundles`` that is for it, else as it ships.

    Raises:
        UnknownNameError: for a generator that does not exist.
        BundleError: when it needs weights that neither ship nor are given, with the command that trains them.
    """
    loaded: Any = GENERATORS.load(name)
    if (given := _given(name, bundles)) is not None:
        return generator_of(given, device=device)
    if not hasattr(loaded, "from_bundle"):
        made: Generator = loaded()
        return made
    if name == SHIPPED:
        return generator_of(Bundle.load(shipped(KIND), kind=KIND), device=device)
    raise BundleError(
        f"No weights of generator '{name}' ship with hepaphase. Train them: hepaphase train "
        f"{getattr(loaded, 'recipe', name)} COHORT OUT, then give --bundle OUT/model.hepa."
    )


def own_bundle(name: str, bundles: Iterable[Bundle] = ()) -> Bundle:
    """What tells the rows of the generator called ``name`` apart: the first of ``bundles`` for it, else what ships."""
    given = _given(name, bundles)
    return Bundle.load(shipped(KIND), kind=KIND) if given is None else given


def _given(name: str, bundles: Iterable[Bundle]) -> Bundle | None:
    return next((b for b in bundles if b.kind == KIND and b.config.get("generator") == name), None)
