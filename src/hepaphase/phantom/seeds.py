"""Which seeds belong to which use; no patient of one range is in another."""

from ..base.names import check_name

SEED_RANGES = {
    "ci": range(0, 1_000),
    "demo": range(1_000, 2_000),
    "validation": range(10_000, 20_000),
    "test": range(20_000, 40_000),
    "ext": range(40_000, 60_000),
    "screen": range(60_000, 80_000),
    "real": range(80_000, 90_000),
    "calibration": range(90_000, 100_000),
    "train": range(1_000_000, 2_000_000),
}
"""Half-open ranges, disjoint."""

DEMO_SEED = 1_034
"""The first seed of the demo range with two or more lesions of at least 20 mm, of different class, one malignant."""


def seed_range(use: str) -> range:
    """The seeds of one use.

    Raises:
        UnknownNameError: with the closest known use.
    """
    return SEED_RANGES[check_name(use, SEED_RANGES, kind="seed range")]
