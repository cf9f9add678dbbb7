"""The only door to optional dependencies."""

import importlib
from typing import Any

from .errors import MissingExtraError


def need(module: str, *, extra: str) -> Any:
    """Import ``module``, or say which extra brings it.

    Raises:
        MissingExtraError: if it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(f"This needs {module}. Install it with: pip install 'hepaphase[{extra}]'") from error
