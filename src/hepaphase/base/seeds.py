"""Random streams that depend on what is drawn, not on when or by which worker."""

import hashlib

import numpy as np


def stream(seed: int, *keys: str | int) -> np.random.Generator:
    """A generator that is a pure function of ``seed`` and ``keys``.

    Two streams with different keys are independent, so adding a draw to one part of a simulation leaves every other
    part as it was, and the order of work across processes does not matter.
    """
    text = "/".join(str(key) for key in keys)
    words = np.frombuffer(hashlib.sha256(text.encode()).digest()[:16], dtype="<u4")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words.tolist()])))
