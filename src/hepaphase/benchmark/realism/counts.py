"""How large drawn lesions are and how many, against the physics notes (B)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from ...phantom.detail import FULL_DETAIL, Detail
from ...phantom.dress import draw_dressed
from ...phantom.kinds import PLAIN_KIND, draw_kind, kind_of
from ...phantom.lesions import LARGEST_MM, SMALLEST_MM
from ...phantom.signs import SATELLITE

Floats = npt.NDArray[np.float64]

MOST = 10
"""Lesions of one class that a patient can have."""
_RESAMPLES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One row of the notes."""

    median_mm: float
    ln_sd: float
    mean_number: float | None
    """Per patient of the class; None where the notes give none."""
    multiple: float | None = None
    """Share of patients with two or more, where the notes give it."""


EXPECTED = {
    "hcc": Expected(median_mm=34, ln_sd=0.6, mean_number=1.6),
    "icc": Expected(median_mm=50, ln_sd=0.5, mean_number=None),
    "metastasis": Expected(median_mm=18, ln_sd=0.7, mean_number=4.0),
    "metastasis/colorectal": Expected(median_mm=18, ln_sd=0.7, mean_number=None),
    "hemangioma": Expected(median_mm=24, ln_sd=0.7, mean_number=1.5),
    "fnh": Expected(median_mm=32, ln_sd=0.5, mean_number=None, multiple=0.12),
    "cyst": Expected(median_mm=18, ln_sd=0.8, mean_number=2.2),
    "calcification": Expected(median_mm=6, ln_sd=0.6, mean_number=None),
    "other/abscess": Expected(median_mm=50, ln_sd=0.5, mean_number=None),
}
"""Class, or class/kind, to sizes and numbers of the physics notes, B."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Drawn lesions of one class."""

    name: str
    num_patients: int
    sizes_mm: Floats
    """(L,), satellites left out."""
    numbers: npt.NDArray[np.int64]
    """(N,) of each patient."""
    expected: Expected

    @property
    def median_mm(self) -> float:
        """Of the long axis."""
        return float(np.median(self.sizes_mm))

    @property
    def ln_sd(self) -> float:
        """Half the central 68 % of the logarithm: limits of size cut its tails."""
        low, high = np.quantile(np.log(self.sizes_mm), [0.1587, 0.8413])
        return float((high - low) / 2)

    @property
    def expected_ln_sd(self) -> float:
        """The same of the notes' distribution, cut where sizes end."""
        z = ndtri([0.1587, 0.8413])
        sizes = np.clip(self.expected.median_mm * np.exp(self.expected.ln_sd * z), SMALLEST_MM, LARGEST_MM)
        return float(np.diff(np.log(sizes))[0] / 2)

    def interval(self, what: str, *, seed: int = 0) -> tuple[float, float]:
        """95 % of a bootstrap over patients of ``median_mm``, ``number`` or ``multiple``."""
        rng = np.random.default_rng(seed)
        ends = np.cumsum(self.numbers)
        groups = np.split(self.sizes_mm, ends[:-1])
        values = []
        for _ in range(_RESAMPLES):
            chosen = rng.integers(0, self.num_patients, self.num_patients)
            if what == "median_mm":
                values.append(float(np.median(np.concatenate([groups[k] for k in chosen]))))
            else:
                numbers = self.numbers[chosen]
                values.append(float(numbers.mean() if what == "number" else (numbers > 1).mean()))
        low, high = np.quantile(values, [0.025, 0.975])
        return float(low), float(high)


def count(num_patients: int, *, seed: int = 0, detail: Detail = FULL_DETAIL) -> list[Counted]:
    """Lesions of ``num_patients`` of each class as they are drawn, before those that overlap are left out."""
    return [_count(name, num_patients, seed, detail) for name in EXPECTED]


def _count(name: str, num: int, seed: int, detail: Detail) -> Counted:
    key, _, only = name.partition("/")
    middle = np.zeros((1, 3))
    sizes: list[float] = []
    numbers: list[int] = []
    for patient in range(seed, seed + num):
        kind = kind_of(key, only) if only else draw_kind(patient, key, cirrhosis=False) if detail.signs else PLAIN_KIND
        lesions = draw_dressed(patient, key, middle, table=detail.lesion_classes, kind=kind)
        own = [one.long_axis_mm for one in lesions if one.signs is None or one.signs.kind != SATELLITE]
        sizes += own
        numbers.append(len(own))
    return Counted(
        name=name,
        num_patients=num,
        sizes_mm=np.array(sizes),
        numbers=np.array(numbers, np.int64),
        expected=EXPECTED[name],
    )


def table(rows: Sequence[Counted]) -> str:
    """Markdown."""
    lines = [
        "| class | patients | lesions | median mm [95 %] | notes | ln sd | notes | per patient [95 %] | notes |",
        "|---" * 9 + "|",
    ]
    for row in rows:
        low, high = row.interval("median_mm")
        few, many = row.interval("number")
        number, wanted = f"{row.numbers.mean():.2f} [{few:.2f}, {many:.2f}]", row.expected.mean_number
        notes = "" if wanted is None else f"{wanted:.1f}"
        if row.expected.multiple is not None:
            few, many = row.interval("multiple")
            number = f"several in {100 * (row.numbers > 1).mean():.0f} % [{100 * few:.0f}, {100 * many:.0f}]"
            notes = f"{100 * row.expected.multiple:.0f} %"
        lines.append(
            f"| {row.name} | {row.num_patients} | {len(row.sizes_mm)} | {row.median_mm:.1f} [{low:.1f}, {high:.1f}] | "
            f"{row.expected.median_mm:.0f} | {row.ln_sd:.2f} | {row.expected_ln_sd:.2f} | {number} | {notes} |"
        )
    return "\n".join(lines) + "\n"
