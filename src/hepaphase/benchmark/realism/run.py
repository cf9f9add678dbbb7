"""The report as files."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...base.atomic import atomic_path, write_text
from ...base.extras import need
from .counts import count
from .counts import table as counts_table
from .curves import TIMES_S, checks, enhancement_curves
from .noise import spectra
from .pictures import plot_curves, plot_noise, plot_sizes, side_by_side
from .texture import FEATURES, Liver, measure, real_livers, simulated_livers
from .texture import table as texture_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How much is simulated."""

    patients: int = 300
    """Per class, for sizes and counts."""
    livers: int = 12
    """Simulated, for texture."""
    seed: int = 0
    data: Path | None = None
    """Folder of real scans; None leaves texture and pictures out."""
    device: str = "cpu"


def write_report(out: Path, report: Report, *, quiet: bool = False) -> str:
    """Write curves, noise, counts and, where real scans are given, texture and pictures; returns the text.

    Raises:
        InputError: when the folder of real scans holds none.
        MissingExtraError: without scikit-image, where texture is asked for.
    """
    out.mkdir(parents=True, exist_ok=True)
    parts = [_curves(out), _noise(out, report), _counts(out, report)]
    if report.data is None:
        parts.append("## Texture\n\nLeft out: no folder of real scans was given (--data).\n")
    else:
        need("skimage", extra="benchmark")
        parts.append(_texture(out, report, report.data, quiet))
    text = "\n".join(parts)
    write_text(out / "realism.md", text)
    return text


def _curves(out: Path) -> str:
    curves = enhancement_curves()
    names = ["time_s", *(one.name for one in curves)]
    columns = zip(TIMES_S, *(one.enhancement_hu for one in curves), strict=True)
    _write(out / "curves.csv", names, ([f"{v:.1f}" for v in row] for row in columns))
    plot_curves(curves, out / "curves.webp")
    lines = ["## Enhancement curves\n", "| expected | found | |", "|---|---|---|"]
    lines += [f"| {what} | {found} | {_word(right)} |" for what, found, right in checks(curves)]
    return "\n".join(lines) + "\n"


def _noise(out: Path, report: Report) -> str:
    rows = spectra(seed=report.seed)
    cells = (
        [s.reconstruction, s.pixel_mm, f"{f:.4f}", f"{p:.5f}", f"{a:.5f}"]
        for s in rows
        for f, p, a in zip(s.frequency_per_mm, s.power, s.asked, strict=True)
    )
    _write(out / "noise.csv", ["reconstruction", "pixel_mm", "frequency_per_mm", "power", "asked"], cells)
    plot_noise(rows, out / "noise.webp")
    lines = [
        "## Noise\n",
        "| reconstruction | pixels mm | fitted peak 1/mm | asked | power in the wrong ring | sd HU of 12 |",
        "|---" * 6 + "|",
    ]
    for s in rows:
        lines.append(
            f"| {s.reconstruction} | {s.pixel_mm:g} | {s.peak_per_mm:.3f} | {s.asked_peak_per_mm:.2f} | "
            f"{100 * s.miss:.1f} % | {s.sd_hu:.1f} |"
        )
    return "\n".join(lines) + "\n"


def _counts(out: Path, report: Report) -> str:
    rows = count(report.patients, seed=report.seed)
    names = ["class", "patients", "lesions", "median_mm", "expected_median_mm", "ln_sd", "expected_ln_sd", "number",
             "expected_number"]  # fmt: skip
    cells = (
        [r.name, r.num_patients, len(r.sizes_mm), f"{r.median_mm:.2f}", r.expected.median_mm, f"{r.ln_sd:.3f}",
         f"{r.expected_ln_sd:.3f}", f"{r.numbers.mean():.3f}", r.expected.mean_number]
        for r in rows
    )  # fmt: skip
    _write(out / "sizes.csv", names, cells)
    plot_sizes(rows, out / "sizes.webp")
    return "## Sizes and counts\n\n" + counts_table(rows)


def _texture(out: Path, report: Report, data: Path, quiet: bool) -> str:
    real, absent = real_livers(data, device=report.device)
    livers: list[Liver] = [*real, *simulated_livers(report.livers, quiet=quiet)]
    rows = [measure(one, seed=report.seed) for one in livers]
    _write(
        out / "texture.csv",
        ["liver", "phase", "real", "patches", *FEATURES],
        ([r.name, r.phase, r.real, r.num_patches, *(f"{r.values[n]:.4f}" for n in FEATURES)] for r in rows),
    )
    side_by_side(livers, out / "side_by_side.webp")
    left_out = f"\nNot there, left out: {', '.join(absent)}.\n" if absent else ""
    return "## Texture\n\n" + texture_table(rows) + left_out


def _word(right: bool) -> str:
    return "yes" if right else "**no**"


def _write(path: Path, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with atomic_path(path) as partial, partial.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
