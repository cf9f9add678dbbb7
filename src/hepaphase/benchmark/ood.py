"""How unlike lesions and scans are to those of simulated patients: the reference, and what it tells from what."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.atomic import write_json, write_text
from ..base.errors import ConfigError, InputError
from ..base.extras import need
from ..base.log import track
from ..base.seeds import stream
from ..bundle.bundle import Bundle
from ..diagnosis.diagnose import Reader
from ..diagnosis.levels import LEVEL_NAMES, organ_levels
from ..diagnosis.measures import NAMES, measure_lesions, names_for
from ..evaluation.bootstrap import Bootstrap, interval
from ..evaluation.lesions import SMALLEST_MM3
from ..evaluation.unlike import Familiar
from ..phantom.labels import Organ
from ..study.phase import Phase
from ..training.cohort import open_cohort, read_prepared
from ..training.scans import require_unseen
from .cases import load_case
from .inputs import SUBSETS, Inputs

SCHEMA = "hepaphase-ood/1"
BOUND = 0.99
"""From this score on a lesion or a scan counts as unlike those that were learned from."""
NOISE_HU = 28.0
"""Added to voxels of 4 mm, which have 10 HU or so: three times the noise."""
Floats = npt.NDArray[np.float64]
Hu = Mapping[Phase, npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Measured:
    """One patient in whom all four phases were scanned."""

    case: str
    went_wrong: bool
    """Whether the simulator spoiled the scan."""
    lesions: Floats
    """(L, len(NAMES))."""
    levels: Floats
    """(len(LEVEL_NAMES),), NaN where not measured."""
    spoiled: Mapping[str, "Measured"] = field(default_factory=dict)
    """The same patient, the same lesions, in images spoiled by us."""


def _noisy(hu: Hu) -> Hu:
    rng = stream(0, "ood noise", *(str(p) for p in hu))
    return {p: v + rng.normal(0, NOISE_HU, v.shape).astype(np.float32) for p, v in hu.items()}


def _swapped(first: Phase, second: Phase) -> Callable[[Hu], Hu]:
    return lambda hu: {**hu, first: hu[second], second: hu[first]}


SPOILED: Mapping[str, Callable[[Hu], Hu]] = {
    "30 HU too high": lambda hu: {p: v + 30 for p, v in hu.items()},
    "30 HU too low": lambda hu: {p: v - 30 for p, v in hu.items()},
    "noise three times": _noisy,
    "AP and PVP swapped": _swapped(Phase.AP, Phase.PVP),
    "NC and PVP swapped": _swapped(Phase.NC, Phase.PVP),
}


def measure(
    files: Sequence[Path], lesions_of: Callable[[Path], npt.NDArray[np.integer]], *, spoil: bool = False
) -> list[Measured]:
    """What is measured in prepared patients with four phases, of lesions (z, y, x) as ``lesions_of`` gives them."""
    found = []
    for path in track(files, title="Measuring", total=len(files)):
        case = read_prepared(path)
        if not all(p in case.hu for p in Phase):
            continue
        labels = lesions_of(path)
        hu = {p: case.hu[p].astype(np.float32) for p in Phase}
        wrong = bool(case.exam.get("events"))
        one = _measured(case.case, wrong, hu, case.masks, labels)
        others = {n: _measured(case.case, wrong, spoiler(hu), case.masks, labels) for n, spoiler in SPOILED.items()}
        found.append(replace(one, spoiled=others) if spoil else one)
    return found


def true_lesions(path: Path) -> npt.NDArray[np.integer]:
    """The true lesions of a prepared patient."""
    return np.asarray(read_prepared(path).masks["lesions"])


def found_lesions(reader: Reader) -> Callable[[Path], npt.NDArray[np.integer]]:
    """What ``reader`` finds from all phases."""
    return lambda path: reader.diagnose(load_case(path).study).lesions


def _measured(case: str, wrong: bool, hu: Hu, masks: Mapping[str, Any], labels: npt.NDArray[np.integer]) -> Measured:
    liver = np.asarray(masks["liver"] > 0)
    stack = np.stack([hu[p] for p in Phase])
    rows = measure_lesions(stack, np.ones(len(Phase), bool), labels.astype(np.uint16), liver)
    sizes = np.bincount(labels.ravel(), minlength=len(rows) + 1)[1:]
    organs = masks["organs"]
    of = {"liver": liver, "aorta": organs == Organ.AORTA, "spleen": organs == Organ.SPLEEN}
    told = organ_levels(hu, of, labels)
    levels = np.array([told.get(name, np.nan) for name in LEVEL_NAMES])
    return Measured(case, wrong, rows[sizes * _VOXEL_MM3 >= SMALLEST_MM3].astype(float), levels)


_VOXEL_MM3 = 64.0
"""Of the grid that stage II reads."""


def make(
    learned: Sequence[Measured], held: Sequence[Measured], reader: Bundle, facts: Mapping[str, str]
) -> dict[str, Any]:
    """What ``ood.json`` holds: patients whose scan went wrong are left out of both.

    Args:
        learned: give mean and covariance.
        held: others, whose distances a score counts.
        reader: what the file is for.
        facts: names of both cohorts.

    Raises:
        InputError: when one of them holds no lesion.
        MissingExtraError: without scikit-learn.
    """
    right = [[one for one in part if not one.went_wrong] for part in (learned, held)]
    lesions = [np.concatenate([one.lesions for one in part] or [np.zeros((0, len(NAMES)))]) for part in right]
    if min(len(part) for part in lesions) < 2:
        raise InputError("A reference needs lesions of at least two patients, both learned from and held out.")
    levels = [np.stack([one.levels for one in part]) for part in right]
    return {
        "schema": SCHEMA,
        "research_use_only": True,
        "reader": reader.fingerprint(),
        "title": str(reader.card.get("title", "")),
        **facts,
        "bound": BOUND,
        "num_lesions": [len(part) for part in lesions],
        "num_patients": [len(part) for part in right],
        "lesions": fit(lesions[0], lesions[1], NAMES).to_dict(),
        "scan": fit(levels[0], levels[1], LEVEL_NAMES).to_dict(),
    }


_LEAST_SD = 1e-3
"""A measure that never varies counts as varying by this."""


def fit(values: Floats, held_out: Floats, names: Sequence[str]) -> Familiar:
    """Mean and covariance of ``values`` (N, D), rows with NaN left out.

    The covariance is drawn towards that without correlations (Ledoit and Wolf, J Multivar Anal 2004;88:365), of
    measures brought to unit variance, so that units do not matter. Fitted here alone, by scikit-learn: a reading needs
    but the distance.

    Raises:
        ConfigError: for fewer than two whole rows.
        MissingExtraError: without scikit-learn.
    """
    whole = values[np.isfinite(values).all(axis=1)]
    if len(whole) < 2:
        raise ConfigError(f"A covariance needs at least two rows in which all is measured, got {len(whole)}.")
    sd = np.maximum(whole.std(axis=0), _LEAST_SD)
    shrunken, _ = need("sklearn.covariance", extra="benchmark").ledoit_wolf((whole - whole.mean(axis=0)) / sd)
    covariance = np.asarray(shrunken * np.outer(sd, sd), np.float64)
    return Familiar(tuple(names), whole.mean(axis=0), covariance, np.asarray(held_out, float))


def run(learned: Path, held: Path, test: Path | None, diagnosis: Bundle, *, at_most: int) -> tuple[list[Measured], ...]:
    """Measures of all three: true lesions of ``learned``, and those that the reader finds in the others.

    Raises:
        InputError: when a patient held out or tested trained the reader.
    """
    lists = [open_cohort(p).files[: at_most or None] for p in (learned, held, *((test,) if test else ()))]
    for files in lists[1:]:
        require_unseen(files, {"diagnosis": diagnosis.card})
    own = found_lesions(Reader.from_bundle(diagnosis))
    done = [measure(lists[0], true_lesions), *(measure(f, own, spoil=k == 1) for k, f in enumerate(lists[1:]))]
    return (*done, []) if test is None else tuple(done)


def table(facts: Mapping[str, Any], test: Sequence[Measured], config: Bootstrap | None = None) -> str:
    """What the scores tell apart on test patients, by phases, with intervals by patient; in Markdown."""
    lines = [
        f"Learned from {facts['learned']} ({facts['num_patients'][0]} patients, {facts['num_lesions'][0]} lesions), "
        f"held out {facts['held_out']} ({facts['num_patients'][1]}, {facts['num_lesions'][1]}); patients in whom "
        "nothing went wrong. AUROC of telling spoiled images from those of the same test patients as they are; in "
        f"brackets the share from a score of {facts['bound']:g} on.",
        "",
        f"| score | phases | number | as they are | {' | '.join(SPOILED)} |",
        "|---" * (4 + len(SPOILED)) + "|",
    ]
    right = [one for one in test if not one.went_wrong]
    for what in ("scan", "lesions"):
        known = Familiar.from_dict(facts[what])
        for setting in (s for s in SUBSETS if s.scanned in _SHOWN):
            lines.append(_line(what, known, setting, right, config))
    return "\n".join(lines) + "\n"


_SHOWN = ((Phase.NC,), (Phase.PVP,), (Phase.NC, Phase.PVP), tuple(Phase))


def _line(what: str, known: Familiar, setting: Inputs, patients: Sequence[Measured], config: Bootstrap | None) -> str:
    names = names_for(known.names, setting.scanned)
    plain, of = _scored(what, known, names, patients)
    cells = [f"({np.mean(plain >= BOUND):.3f})"]
    for name in SPOILED:
        if "AP" in name and Phase.AP not in setting.scanned:
            cells.append("")
            continue
        spoiled, its = _scored(what, known, names, [one.spoiled[name] for one in patients])
        cells.append(f"{_auroc(plain, of, spoiled, its, config)} ({np.mean(spoiled >= BOUND):.2f})")
    return f"| {what} | {setting.label} | {len(plain)} | {' | '.join(cells)} |"


def _scored(
    what: str, known: Familiar, names: Sequence[str], patients: Sequence[Measured]
) -> tuple[Floats, npt.NDArray[np.intp]]:
    """Scores, and the number of the patient of each; where something was not measured there is none."""
    index = [known.names.index(name) for name in names]
    rows = [one.lesions[:, index] if what == "lesions" else one.levels[None, index] for one in patients]
    of = np.repeat(np.arange(len(patients)), [len(part) for part in rows])
    values = np.concatenate(rows)
    whole = np.isfinite(values).all(axis=1)
    return known.scores(values[whole], names), of[whole]


def _auroc(plain: Floats, of: Any, spoiled: Floats, its: Any, config: Bootstrap | None) -> str:
    def area(index: npt.NDArray[np.int64]) -> float:
        counts = np.bincount(index, minlength=int(max(of.max(), its.max())) + 1)
        weights = counts[of][:, None] * counts[its][None, :]
        wins = (spoiled[None, :] > plain[:, None]) + 0.5 * (spoiled[None, :] == plain[:, None])
        return float((wins * weights).sum() / weights.sum())

    got = interval(area, np.zeros(int(max(of.max(), its.max())) + 1), config)
    return f"{got.value:.3f} [{got.low:.3f}, {got.high:.3f}]"


def write(facts: dict[str, Any], test: Sequence[Measured], out: Path, config: Bootstrap | None = None) -> str:
    """Write ``ood.json`` and, with test patients, ``table.md`` below ``out``; return the table."""
    write_json(out / "ood.json", facts)
    if not test:
        return ""
    text = table(facts, test, config)
    write_text(out / "table.md", text)
    return text
