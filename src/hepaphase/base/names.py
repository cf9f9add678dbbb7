"""Look a name up among the known ones, and say which was probably meant."""

import difflib
from collections.abc import Iterable

from .errors import UnknownNameError


def check_name(name: str, known: Iterable[str], *, kind: str) -> str:
    """Return ``name`` if it is known.

    Raises:
        UnknownNameError: naming the closest known name, and all of them.
    """
    choices = sorted(known)
    if name in choices:
        return name
    close = difflib.get_close_matches(name, choices, n=1)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    raise UnknownNameError(f"No {kind} is called '{name}'.{hint} Known: {', '.join(choices) or 'none'}.")
