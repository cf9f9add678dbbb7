"""Cases of a cohort, kept in memory as long as they fit."""

from .cohort import Cohort, PreparedCase

MOST_KEPT_BYTES = 4 << 30
"""Of arrays (our choice: 700 liver crops at 4 mm)."""


class KeptCases:
    """Cases by number. The first that are read stay until ``most_bytes`` are full; the others are read each time.

    None is put out for another: examples come in random order, so no choice of which to keep would be better. A liver
    crop at 4 mm takes 6 MB, or 40 ms to read.
    """

    def __init__(self, cohort: Cohort, *, most_bytes: int = MOST_KEPT_BYTES) -> None:
        self._cohort = cohort
        self._room = most_bytes
        self._kept: dict[int, PreparedCase] = {}

    def __getitem__(self, number: int) -> PreparedCase:
        """Case ``number``.

        Raises:
            InputError: as ``Cohort.load``.
        """
        if number in self._kept:
            return self._kept[number]
        case = self._cohort.load(number)
        if case.num_bytes <= self._room:
            self._room -= case.num_bytes
            self._kept[number] = case
        return case
