"""Stage I: the phase that was not scanned."""

from ..base.family import Family

GENERATORS = Family(package="hepaphase.synthesis.generators", attribute="Generator", kind="generator")
