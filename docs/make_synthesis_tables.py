"""Writes docs/concepts/synthesis-tables.md from results/synthesis: python docs/make_synthesis_tables.py."""

import csv
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
CEILING = ROOT / "results" / "ceiling"
PAGE = ROOT / "docs" / "concepts" / "synthesis-tables.md"
COHORTS = ("sim-1k-test", "sim-ext")
CLASSES = ("hcc", "icc", "metastasis", "hemangioma", "fnh", "cyst", "calcification", "other")
EVERY = ("kinetic", "carry", "tissues", "unet", "pix2pix", "nnunet", "flow", "galsce")
FIGURES = {
    "Liver voxels": "liver_mae",
    "Means of the liver": "liver_mean_mae",
    "Lesion voxels": "lesion_mae",
    "Lesion means": "lesion_mean_mae",
    "Items of the physics card that fail": "physics_failed",
}
"""Of ``rows.csv``, by what they are called here."""
PAIRS = [("NC", target) for target in ("AP", "PVP", "DP")] + [("PVP", target) for target in ("NC", "AP", "DP")]
HEAD = """# Every subset of phases to each missing one

Made by `docs/make_synthesis_tables.py` from `results/synthesis/sim-1k-test` and `sim-ext`, which one command wrote
for each (`rows.csv` there is cut to the columns of these tables, `carry` and `tissues` in files of their own), and for
every generator on fewer patients from `sim-1k-test-every` and `sim-ext-every`.
**Simulated** patients, on the working grid, in the breathing state of the inputs' reference, against the
noise-free truth; facts of patient, injection and tube told; `kinetic` is what ships, `carry` the nearest scan as it is,
`tissues` straight lines per tissue.
[What the figures mean](synthesis.md). Values with 95 % intervals over patients (1000 resamples, seed 0).

- Errors: mean absolute errors in HU. "Possible" is the [ceiling](ceiling.md) of the same patients, both its ends.
- Made up: regions per healthy liver by the [third, second and first
  count](synthesis.md#regions-made-up-and-erased). Erased: of the lesions that the inputs show and that have contrast
  in truth.
- Coverage: percent of points held by the intervals of 68 and of 95 %, `!` where beyond 5 or 3 points of it. Every
  patient counts alike.

```sh
hepaphase benchmark synthesis TEST out --cohort sim-1k-test --generators kinetic,carry --physics 6
hepaphase benchmark synthesis EXT out-ext --cohort sim-ext --generators kinetic,carry,tissues --physics 6 \\
    --bundle tissues/model.hepa
hepaphase benchmark synthesis TEST rivals --cohort sim-1k-test --cases 24 --generators all --physics 6 \\
    --bundle tissues/model.hepa --bundle unet/model.hepa --bundle pix2pix/model.hepa --bundle nnunet/model.hepa \\
    --bundle galsce/model.hepa --bundle flow/model.hepa
python docs/make_synthesis_tables.py
```

"""


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for cohort in COHORTS:
        folder = ROOT / "results" / "synthesis" / cohort
        parts += [(folder / "pairs.md").read_text(encoding="utf-8"), by_class(folder / "statistics.csv", cohort)]
        parts += [erased(folder / "rows.csv", CEILING / cohort / "erased.csv", cohort)]
        parts += [every(ROOT / "results" / "synthesis" / f"{cohort}-every" / "rows.csv", cohort)]
    return "\n".join(parts)


def by_class(path: Path, cohort: str) -> str:
    """Coverage of voxels of each class of lesion, from NC and from PVP."""
    lines = {line["statistic"]: line for line in read(path) if line["generator"] == "kinetic"}
    text = [
        f"### Lesion voxels by class, {cohort}\n",
        "Held by the intervals of 68 and 95 %, in percent; factors know no class, as nobody does.\n",
        f"| class | patients | {' | '.join(f'{a} to {b}' for a, b in PAIRS)} |",
        f"{'|---' * (len(PAIRS) + 2)}|",
    ]
    for name in CLASSES:
        found = [[lines.get(f"{a} to {b}: lesion_{name}_cover{s}") for s in (68, 95)] for a, b in PAIRS]
        size = max((int(float(one["num_patients"])) for pair in found for one in pair if one), default=0)
        cells = [", ".join(f"{100 * float(one['value']):.0f}" for one in pair if one) for pair in found]
        text.append(f"| {name} | {size} | {' | '.join(cells)} |")
    return "\n".join(text) + "\n"


def erased(rows: Path, guessed: Path, cohort: str) -> str:
    """Lesions erased of those visible, beside what a phase of conditional medians would erase."""
    counts: dict[tuple[str, str], list[int]] = {}
    for line in read(rows):
        if line["generator"] == "kinetic" and line["visible"]:
            found = counts.setdefault((line["inputs"], line["target"]), [0, 0])
            found[0] += int(float(line["erased"]))
            found[1] += int(float(line["visible"]))
    others = {(line["inputs"], line["name"]): line for line in read(guessed)}
    text = [
        f"### Lesions erased, {cohort}\n",
        "Of those visible in the inputs, beside what a phase of conditional medians (noisy values) would erase.\n",
        "| from | to | kinetic | share | conditional median | share |",
        "|---|---|---|---|---|---|",
    ]
    for (inputs, target), (lost, visible) in sorted(counts.items(), key=lambda one: one[0][0].count(",")):
        other = others[inputs, target]
        share = ", ".join(f"{float(other[end]):.3f}" for end in ("low", "high"))
        beside = f"{other['positive']} of {other['num']} | {float(other['value']):.3f} [{share}]"
        text.append(f"| {inputs} | {target} | {lost} of {visible} | {lost / visible:.3f} | {beside} |")
    return "\n".join(text) + "\n"


def every(path: Path, cohort: str) -> str:
    """Every generator beside the kinetic one, patients paired."""
    rows = read(path)
    number = len({row["case"] for row in rows})
    text = [
        f"## Every generator, {cohort}\n",
        f"The first {number} patients, every generator on the same phases. [How each was "
        "trained](synthesis-rivals.md#every-subset). Mean absolute errors in HU; + worse and - better than the kinetic "
        "generator where the paired difference is told from zero (95 %, 1000 resamples of patients, seed 0). "
        "GALS-CE's takes the non-contrast scan alone, by design.\n",
    ]
    tables: dict[str, list[str]] = {}
    for title, figure in FIGURES.items():
        shown = rows if figure != "physics_failed" else _whole_sets(rows)
        tables[title] = _beside(shown, figure)
    text += [f"### In short, {cohort}\n", *_in_short(tables), ""]
    for title, lines in tables.items():
        text += [f"### {title}, {cohort}\n", *lines, ""]
    return "\n".join(text)


def _in_short(tables: dict[str, list[str]]) -> list[str]:
    """Of every table, the lines in which a generator is worse and better than the kinetic one, and lines asked."""
    lines = [f"| worse, better, of | {' | '.join(EVERY[1:])} |", "|---" * len(EVERY) + "|"]
    for title, table in tables.items():
        rows = [[cell.strip() for cell in line.split("|")[5:-1]] for line in table[2:]]
        counts = []
        for cells in zip(*rows, strict=True):
            asked = [cell for cell in cells if cell]
            worse, better = (sum(cell.endswith(mark) for cell in asked) for mark in "+-")
            counts.append(f"{worse}, {better}, {len(asked)}")
        lines.append(f"| {title} | {' | '.join(counts)} |")
    return lines


def _whole_sets(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """A row per set of phases: its card is the same whichever target it stands beside."""
    first = {(r["inputs"], r["generator"], r["case"]): {**r, "target": "all missing"} for r in rows[::-1]}
    return list(first.values())[::-1]


def _beside(rows: list[dict[str, str]], figure: str) -> list[str]:
    """A line per pair of inputs and target that somebody has the figure of."""
    values = {(r["inputs"], r["target"], r["generator"], r["case"]): float(r[figure]) for r in rows if r[figure]}
    pairs = list(dict.fromkeys((r["inputs"], r["target"]) for r in rows if r[figure]))
    lines = [f"| from | to | patients | {' | '.join(EVERY)} |", f"{'|---' * (len(EVERY) + 3)}|"]
    for inputs, target in pairs:
        own = {case: v for (a, b, name, case), v in values.items() if (a, b, name) == (inputs, target, "kinetic")}
        cells = [
            _cell([(values[key], own[c]) for c in own if (key := (inputs, target, n, c)) in values]) for n in EVERY
        ]
        lines.append(f"| {inputs} | {target} | {len(own)} | {' | '.join(cells)} |")
    return lines


def _cell(pairs: list[tuple[float, float]]) -> str:
    """The mean of the first, marked by how it differs from the second."""
    if not pairs:
        return ""
    found = np.asarray(pairs)
    drawn = np.random.default_rng(0).integers(0, len(found), (1000, len(found)))
    low, high = np.quantile((found[:, 0] - found[:, 1])[drawn].mean(axis=1), (0.025, 0.975))
    mark = " +" if low > 0 else " -" if high < 0 else ""
    return f"{found[:, 0].mean():.1f}{mark}"


def read(path: Path) -> list[dict[str, str]]:
    """Lines of a CSV."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
