"""Generators on prepared exams with known truth: every subset of phases to every missing phase."""

import csv
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import combinations
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.atomic import atomic_path, write_json, write_text
from ..base.errors import InputError, NotTrainedError
from ..base.log import track
from ..evaluation.bootstrap import Bootstrap, interval
from ..evaluation.patient import Statistic
from ..evaluation.physics.card import check
from ..evaluation.table import as_csv, markdown
from ..prepare.in_hu import check_in_hu
from ..study.phase import REFERENCE_ORDER, Phase, Provenance
from ..study.study import AlignedStudy
from ..synthesis.protocol import Generated, Generator
from ..synthesis.reach import UNSCANNED_HU
from ..training.as_study import aligned
from ..training.cohort import PreparedCase, open_cohort, read_prepared
from ..training.tasks.synthesis_samples import facts_of
from .diagnosis import one_thread
from .generated import NORMAL_68, NORMAL_95, Stretch, deviations, measure
from .memory import peak_memory
from .physics import prepared_exam
from .synthesis_kept import Keep
from .synthesis_pictures import slice_of
from .synthesis_row import SynthesisRow

SUBSETS = tuple(subset for size in range(1, 4) for subset in combinations(Phase, size))
"""Every set of phases that lacks at least one."""
MAIN = (
    *("liver_mae", "liver_mean_mae", "lesion_mae", "lesion_mean_mae"),
    *(f"{region}_cover{share}" for share in (68, 95) for region in ("liver", "lesion", "lesion_mean")),
    *("made_up_unfounded_healthy", "still_made_up_unfounded_healthy", "scan_made_up_unfounded_healthy"),
    *("made_up_local_healthy", "still_made_up_local_healthy", "scan_made_up_local_healthy"),
    *("made_up_healthy", "still_made_up_healthy", "scan_made_up_healthy", "erased"),
)
"""Figures of the table; statistics.csv has all."""
COUNTS = {"erased": "visible"}
"""Figures that are shares of a count over all patients, not means over patients."""
REGIONS = ("liver", "lesion", "lesion_mean")


Pair = tuple[str, str, str]
"""Generator, inputs and target, as rows name them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesisOptions:
    """What is compared, and on how much."""

    subsets: Sequence[tuple[Phase, ...]] = SUBSETS
    at_most: int = 0
    """Only the first so many exams; 0 for all."""
    physics: int = 0
    """Exams of which the completed set is also checked for its physics: the first so many."""
    stretches: Mapping[Pair, Stretch] = field(default_factory=dict)
    """Factors on the standard deviations, found on other patients."""
    pictures: bool = False
    """Keep a slice of every phase made from the first of ``subsets``, for pictures."""
    told: bool = True
    """Whether generators learn what is known of patient, injection and tube."""
    quiet: bool = False


def run(
    prepared: Path,
    generators: Mapping[str, Generator],
    options: SynthesisOptions | None = None,
    *,
    workers: int = 1,
    keep: Keep | None = None,
) -> list[SynthesisRow]:
    """Complete every prepared exam from every subset that it has; what a generator was not trained for is left out.

    So is a subset with a phase that cannot be in HU, which ``read`` and ``synthesize`` refuse.

    Rows do not depend on ``workers``, the number of processes (one thread each when there are several), but for seconds
    and memory. With ``keep`` rows are kept as they are made, and those that are there are not made again; not beside
    pictures, which are not kept.

    Raises:
        InputError: when ``prepared`` holds no case, or a case without noise-free truth and masks.
    """
    options = options or SynthesisOptions()
    files = open_cohort(prepared).files[: options.at_most or None]
    job = _Job(generators, options, None if options.pictures else keep)
    done = _in_order(files, job, workers)
    return [row for rows in track(done, title="Completing", total=len(files), quiet=options.quiet) for row in rows]


@dataclass(frozen=True, slots=True)
class _Job:
    """What a process does with each case."""

    generators: Mapping[str, Generator]
    options: SynthesisOptions
    keep: Keep | None


def _in_order(files: Sequence[Path], job: _Job, workers: int) -> Iterator[list[SynthesisRow]]:
    if workers == 1:
        yield from (_case_rows(path, number, job) for number, path in enumerate(files))
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=one_thread) as pool:
        yield from pool.map(_case_rows, files, range(len(files)), [job] * len(files))


def _case_rows(path: Path, number: int, job: _Job) -> list[SynthesisRow]:
    """Rows of one case; the unit of work of a process."""
    options, case = job.options, read_prepared(path)
    if not case.reference_hu or not {"liver", "lesions"} <= case.masks.keys():
        raise InputError(f"{path.name} lacks masks or noise-free phases; the benchmark needs a simulated cohort.")
    rows: list[SynthesisRow] = []
    for subset in options.subsets:
        for name, generator in job.generators.items() if _in_hu(case, subset) else ():
            physics = number < options.physics
            stretches = {" | ".join(k): s for k, s in options.stretches.items() if k[:2] == (name, ", ".join(subset))}
            kept_as, how = f"{case.case}.{'-'.join(subset)}.{name}", (options.told, physics, stretches)
            made = None if job.keep is None else job.keep.read(kept_as, name, how)
            if made is None:
                made = _rows(case, subset, (name, generator), options, physics=physics)
                if job.keep is not None:
                    job.keep.write(kept_as, name, how, made)
            rows += made
    return rows


def _in_hu(case: PreparedCase, subset: tuple[Phase, ...]) -> bool:
    """Whether all phases of the subset were scanned and can be in HU."""
    if not all(p in case.hu for p in subset):
        return False
    try:
        check_in_hu(given(case, subset))
    except InputError:
        return False
    return True


def write(rows: Sequence[SynthesisRow], out: Path, facts: Mapping[str, str], config: Bootstrap | None = None) -> str:
    """Write ``rows.csv``, ``statistics.csv`` and ``scales.json`` below ``out``; return the table in Markdown.

    The table has a column per generator. ``scales.json`` holds the factors that would give each standard deviation its
    coverage on these patients; for other patients they are given back by :func:`read_scales`.
    """
    names = sorted({name for row in rows for name in row.figures})
    with atomic_path(out / "rows.csv") as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["case", "generator", "inputs", "target", *names, "seconds", *facts])
        for row in rows:
            values = [f"{row.figures[name]:.4f}" if name in row.figures else "" for name in names]
            writer.writerow(
                [row.case, row.generator, row.inputs, row.target, *values, f"{row.seconds:.3f}", *facts.values()]
            )
    write_json(out / "scales.json", scales(rows))
    titles = list(dict.fromkeys(row.generator for row in rows))
    each = {title: [r for r in rows if r.generator == title] for title in titles}
    texts = [as_csv(statistics(some, config, names=names), {"generator": t, **facts}) for t, some in each.items()]
    write_text(out / "statistics.csv", texts[0] + "".join(t.split("\n", 1)[1] for t in texts[1:]))
    return markdown({title: statistics(some, config) for title, some in each.items()})


def costs(rows: Sequence[SynthesisRow], generators: Mapping[str, Generator]) -> str:
    """Trained numbers, mean seconds a phase and most memory beside the weights of each generator, in Markdown.

    The first phase of a study may cost most.
    """
    lines = ["| generator | parameters | seconds a phase | peak MiB |", "|---|---|---|---|"]
    for name, generator in generators.items():
        own = [row for row in rows if row.generator == name]
        shown = f"{float(np.mean([row.seconds for row in own])):.2f}" if own else "not asked"
        peaks = [row.figures["peak_mib"] for row in own if "peak_mib" in row.figures]
        most = f"{max(peaks):.0f}" if peaks else "not measured"
        lines.append(f"| {name} | {num_parameters(generator)} | {shown} | {most} |")
    return "\n".join(lines) + "\n"


def num_parameters(generator: Any) -> int:
    """Trained numbers in what a generator holds: networks, or arrays of them."""
    total = 0
    for value in vars(generator).values() if hasattr(generator, "__dict__") else ():
        if hasattr(value, "parameters"):
            total += sum(int(p.numel()) for p in value.parameters())
        elif isinstance(value, tuple):
            total += sum(int(part.size) for part in value if isinstance(part, np.ndarray))
        elif hasattr(value, "generate"):
            total += num_parameters(value)
    return total


def scales(rows: Sequence[SynthesisRow]) -> dict[str, dict[str, list[float]]]:
    """Factors on the doubt that would give it its coverage on these patients, by pair and region.

    The two central quantiles of the errors over all patients, each counting alike (lesion means: each lesion).
    """
    found: dict[str, dict[str, list[float]]] = {}
    for pair in dict.fromkeys((r.generator, r.inputs, str(r.target)) for r in rows):
        chosen = [r.spread for r in rows if (r.generator, r.inputs, str(r.target)) == pair]
        for region in REGIONS:
            points = [spread[region] for spread in chosen if region in spread]
            if points:
                narrow, wide = np.quantile(np.concatenate(points), [0.68, 0.95])
                factors = [float(narrow) / NORMAL_68, float(wide) / NORMAL_95]
                found.setdefault(" | ".join(pair), {})[region] = factors
    return found


def read_scales(path: Path) -> dict[Pair, Stretch]:
    """The factors that :func:`write` wrote.

    Raises:
        InputError: for a file of another kind.
    """
    try:
        content: dict[str, dict[str, list[float]]] = json.loads(path.read_text(encoding="utf-8"))
        found = {}
        for key, regions in content.items():
            generator, inputs, target = key.split(" | ")
            found[(generator, inputs, target)] = Stretch({r: (v[0], v[1]) for r, v in regions.items()})
    except (OSError, ValueError, IndexError, AttributeError) as error:
        raise InputError(f"{path} is no scales.json of this benchmark ({error}).") from error
    return found


def statistics(
    rows: Sequence[SynthesisRow], config: Bootstrap | None = None, *, names: Sequence[str] = MAIN
) -> list[Statistic]:
    """Means over exams with intervals, by inputs and target; an exam without lesions counts only for its liver.

    ``erased`` is a share of the lesions that could be erased, over all exams.
    """
    found = []
    for inputs, target in dict.fromkeys((row.inputs, row.target) for row in rows):
        chosen = [row.figures for row in rows if (row.inputs, row.target) == (inputs, target)]
        for name in names:
            values = np.array([figures[name] for figures in chosen if name in figures])
            if len(values):
                of = (
                    np.array([f[COUNTS[name]] for f in chosen if name in f]) if name in COUNTS else np.ones(len(values))
                )
                spread = interval(_share_of(values, of), np.zeros(len(values)), config)
                found.append(Statistic(f"{inputs} to {target}: {name}", spread, len(values)))
    return found


def _share_of(values: npt.NDArray[np.float64], of: npt.NDArray[np.float64]) -> Callable[[npt.NDArray[np.int64]], float]:
    """Sum over sum; a mean where ``of`` is one."""
    return lambda picked: float(values[picked].sum() / of[picked].sum()) if of[picked].sum() else float("nan")


def _rows(
    case: PreparedCase,
    subset: tuple[Phase, ...],
    named: tuple[str, Generator],
    options: SynthesisOptions,
    *,
    physics: bool,
) -> list[SynthesisRow]:
    (name, generator), study = named, given(case, subset, told=options.told)
    case = reached(case, study)
    rows, made = [], {}
    for target in (p for p in case.reference_hu if p not in subset):
        when_s = 0.0 if target is Phase.NC else case.times_s.get(target)
        try:
            with peak_memory() as peak:
                started = time.perf_counter()
                one = generator.generate(study, target, time_s=when_s)
                seconds = time.perf_counter() - started
        except NotTrainedError:
            continue
        made[target] = one
        stretch = options.stretches.get((name, ", ".join(subset), str(target)), Stretch())
        figures = measure(case, study.hu, target, one, stretch)
        figures |= {} if peak.mib is None else {"peak_mib": peak.mib}
        keep = options.pictures and subset == options.subsets[0]
        shown = slice_of(case, study.hu[study.reference], one.hu, target) if keep else {}
        apart = {n: v if n == "lesion_mean" else _points(v) for n, v in deviations(case, target, one).items()}
        rows.append(SynthesisRow(case.case, name, ", ".join(subset), target, figures, seconds, apart, shown))
    if physics and made:
        facts = _physics(case, study, made)
        rows = [replace(row, figures={**row.figures, **facts}) for row in rows]
    return rows


def _points(values: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """As many quantiles of each patient, so that patients count alike."""
    return np.asarray(np.quantile(values, (np.arange(200) + 0.5) / 200))


def _physics(case: PreparedCase, study: AlignedStudy, made: Mapping[Phase, Generated]) -> dict[str, float]:
    """The card of the scanned and generated phases together; of draws where the generator gives them."""
    whole = replace(
        study,
        hu={**study.hu, **{p: one.hu if one.draw_hu is None else one.draw_hu for p, one in made.items()}},
        provenance={**study.provenance, **dict.fromkeys(made, Provenance.SYNTHETIC)},
        time_s={**study.time_s, **{p: one.time_s for p, one in made.items()}},
        transforms={**study.transforms, **dict.fromkeys(made, np.eye(4))},
    )
    card = check(prepared_exam(case, whole))
    failed = sum(card.state(item) == "fail" for item in card.items)
    return {"physics_score": card.score(), "physics_failed": float(failed)}


def reached(case: PreparedCase, study: AlignedStudy) -> PreparedCase:
    """The case with its masks cut to what the inputs scanned: some simulated failures end within the liver."""
    scanned = np.any([hu > UNSCANNED_HU for hu in study.hu.values()], axis=0)
    return replace(case, masks={name: np.where(scanned, mask, 0) for name, mask in case.masks.items()})


def given(case: PreparedCase, subset: tuple[Phase, ...], *, told: bool = True) -> AlignedStudy:
    """The exam with only ``subset``, the reference among it moved to the state in which the truth is known.

    With ``told`` also what is known of patient, injection and tube, else voxels and times alone.
    """
    study = replace(aligned(case), clinical=facts_of(case) if told else {})
    reference = next(p for p in REFERENCE_ORDER if p in subset)
    hu = {p: study.hu[p] for p in subset}
    if reference in case.clean_hu:
        still = case.hu[reference] - case.clean_hu[reference] + case.reference_hu[reference]
        hu[reference] = still.astype(np.float32)
    return replace(
        study,
        reference=reference,
        hu=hu,
        provenance={p: study.provenance[p] for p in subset},
        time_s={p: study.time_s[p] for p in subset},
        transforms={p: study.transforms[p] for p in subset},
    )
