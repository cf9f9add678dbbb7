"""Small classes of a training cohort filled by the lesion lab: marked, from its own patients, never to validate."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.atomic import atomic_path, write_json
from ..base.errors import ConfigError, InputError, OutputError, StudyError
from ..base.log import logger, track
from ..base.seeds import stream
from ..lab.bench import Bench, set_up
from ..lab.changed import Changed
from ..lab.insert import insert
from ..lab.place import Wanted, draw_lesion
from ..lab.transplant import transplant
from ..phantom.cohorts import COHORTS
from ..phantom.labels import Organ
from ..study.lesions import lesion_class
from ..study.study import LesionRow, PhaseVolume, Study
from .as_study import aligned
from .cohort import PreparedCase, Split, open_split, read_prepared
from .tasks.synthesis_samples import held_still

ADDED = "added.json"
HU_RANGE = (-1024, 3071)
_TRIES = 12
_TRAINING = ("train", "ci")
_log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrichment:
    """What is wanted.

    Raises:
        ConfigError: for less than one lesion.
        UnknownNameError: for a class that does not exist.
    """

    at_least: int
    """Lesions of each class among the training cases."""
    classes: tuple[str, ...] = ()
    """Empty for those that the cohort has."""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.at_least < 1:
            raise ConfigError(f"At least one lesion of a class must be wanted, got {self.at_least}.")
        for name in self.classes:
            lesion_class(name)


@dataclass(frozen=True, slots=True)
class _Donor:
    path: Path
    lesion_id: int


def enrich(folder: Path, out: Path, wanted: Enrichment, *, quiet: bool = False) -> list[Path]:
    """Write ``folder`` to ``out/train`` and ``out/validation`` with a new training case per missing lesion.

    A new case is a training patient (lesion-free where there is one) with one lesion more: copied from another training
    patient, or drawn from the class table where none has the class. It has the field ``added``, and no noise-free
    truth. What was done stands in ``out/added.json``.

    Returns:
        The new files.

    Raises:
        InputError: when ``folder`` holds no prepared case, or is a cohort for validation or test.
        OutputError: when ``out`` holds something.
    """
    _refuse_evaluation(folder)
    if out.exists() and any(out.iterdir()):
        raise OutputError(f"'{out}' exists and is not empty. Give another folder; nothing is overwritten.")
    split = open_split(folder)
    _copy(split, out)
    donors, hosts = _lesions_of(split.training.files)
    before = {name: len(found) for name, found in sorted(donors.items())}
    asked = [
        (name, number)
        for name in wanted.classes or sorted(donors)
        for number in range(len(donors.get(name, ())), wanted.at_least)
    ]
    make = _Maker(donors, hosts, wanted.seed)
    written, records = [], []
    for name, number in track(asked, title="Adding lesions", total=len(asked), quiet=quiet):
        found = make.one(name, number)
        if found is None:
            _log.warning("no place was found for %s number %d in %d tries", name, number + 1, _TRIES)
            continue
        fields, record = found
        path = out / "train" / f"{fields['case']}.npz"
        with atomic_path(path) as partial, partial.open("wb") as file:
            np.savez_compressed(file, **fields)
        written.append(path)
        records.append(record)
    added = Counter(record["class"] for record in records)
    facts = {"source": folder.resolve().name, "before": before, "added": dict(sorted(added.items()))}
    write_json(out / ADDED, {"schema": "hepaphase-added/1", **facts, "seed": wanted.seed, "cases": records})
    return written


def _refuse_evaluation(folder: Path) -> None:
    """A cohort that measures must hold patients as they are."""
    manifest = folder / "manifest.json"
    name = str(json.loads(manifest.read_text(encoding="utf-8")).get("cohort", "")) if manifest.is_file() else ""
    use = COHORTS[name].use if name in COHORTS else folder.resolve().name
    if use not in _TRAINING and (name in COHORTS or use in ("validation", "test", "ext")):
        raise InputError(
            f"{folder} is for {use}{f' ({name})' if name else ''}; lesions are added to training cases only. "
            "Give the training cohort."
        )


def _copy(split: Split, out: Path) -> None:
    for side, cohort in (("train", split.training), ("validation", split.validation)):
        (out / side).mkdir(parents=True, exist_ok=True)
        for path in cohort.files:
            shutil.copyfile(path, out / side / path.name)


def _lesions_of(files: Sequence[Path]) -> tuple[dict[str, list[_Donor]], list[Path]]:
    """Lesions by class, and the patients that may receive one: those without any, all where there are none such."""
    donors: dict[str, list[_Donor]] = {}
    healthy, scanned = [], []
    for path in files:
        case = read_prepared(path)
        if case.generated or case.added or "liver" not in case.masks or "lesions" not in case.masks:
            continue
        scanned.append(path)
        present = {int(i) for i in np.unique(case.masks["lesions"]) if i}
        healthy += [] if present else [path]
        for number, name in case.lesion_classes.items():
            if number in present:
                donors.setdefault(name, []).append(_Donor(path, number))
    return donors, healthy or scanned


class _Maker:
    """Makes one case after the other; the benches of the last few patients are kept."""

    def __init__(self, donors: Mapping[str, Sequence[_Donor]], hosts: Sequence[Path], seed: int) -> None:
        self._donors, self._hosts, self._seed = donors, hosts, seed
        self._bench: Callable[[Path], Bench] = lru_cache(maxsize=8)(_bench)

    def one(self, name: str, number: int) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Fields and record of a case with lesion ``number`` of class ``name``; None when it fits nowhere."""
        for attempt in range(_TRIES):
            rng = stream(self._seed, "enrich", name, number, attempt)
            host = self._hosts[int(rng.integers(len(self._hosts)))]
            others = [d for d in self._donors.get(name, ()) if d.path != host]
            donor = others[int(rng.integers(len(others)))] if others else None
            seed = int(rng.integers(2**31))
            try:
                changed = self._change(self._bench(host), donor, name, seed)
            except StudyError as error:  # too large, no room, no liver: another pair
                _log.debug("%s into %s: %s", name, host.stem, error)
                continue
            fields = _fields(host, changed, f"{host.stem}+{name}-{number + 1}")
            record: dict[str, Any] = {"case": str(fields["case"]), "host": host.stem, "class": name}
            record |= {"change": changed.record["change"], "seed": seed, "lesion_id": _new_id(changed)}
            record |= {} if donor is None else {"donor": donor.path.stem, "donor_lesion_id": donor.lesion_id}
            fields["added"] = np.array(json.dumps(record))
            return fields, record
        return None

    def _change(self, host: Bench, donor: _Donor | None, name: str, seed: int) -> Changed:
        if donor is not None:
            return transplant(self._bench(donor.path), donor.lesion_id, host, seed=seed)
        return insert(host, draw_lesion(Wanted(lesion_class=name, seed=seed), host), seed=seed)


def _bench(path: Path) -> Bench:
    case = read_prepared(path)
    masks = {"liver": case.masks["liver"] > 0}
    if "organs" in case.masks:
        labels = case.masks["organs"]
        masks |= {"aorta": labels == Organ.AORTA, "portal_vein": labels == Organ.PORTAL_VEIN}
    return set_up(_study(case), None, masks={name: mask for name, mask in masks.items() if mask.any()})


def _study(case: PreparedCase) -> Study:
    """A prepared case as the lab takes it, simulated phases in the breathing state of the masks."""
    whole = aligned(replace(case, hu={p: np.asarray(held_still(case, p)) for p in case.hu}))
    phases = {
        p: PhaseVolume(hu=hu, geometry=whole.geometry, provenance=whole.provenance[p], time_s=case.times_s.get(p))
        for p, hu in whole.hu.items()
    }
    return Study(
        case=case.case,
        phases=phases,
        masks={name: (case.masks[name], whole.geometry) for name in ("liver", "lesions")},
        lesion_table=tuple(LesionRow(number, name) for number, name in sorted(case.lesion_classes.items())),
        clinical=case.clinical,
    )


def _fields(host: Path, changed: Changed, name: str) -> dict[str, Any]:
    """The file of the host with what changed; without its noise-free volumes, which the new lesion is not in."""
    with np.load(host, allow_pickle=False) as file:
        fields: dict[str, npt.NDArray[Any]] = {k: v for k, v in file.items() if not k.startswith("clean_")}
    origins = read_prepared(host).lesion_origins
    rows = changed.study.lesion_table or ()
    for phase, volume in changed.study.phases.items():
        fields[f"hu_{phase}"] = np.clip(np.rint(volume.hu), *HU_RANGE).astype(np.int16)
    fields["liver"] = changed.study.masks["liver"][0].astype(np.uint8)
    fields["lesions"] = changed.study.masks["lesions"][0].astype(np.uint16)
    fields["lesion_ids"] = np.array([row.lesion_id for row in rows], np.int32)
    fields["lesion_classes"] = np.array([row.lesion_class for row in rows], dtype=str)
    fields["lesion_origins"] = np.array([origins.get(row.lesion_id, "") for row in rows], dtype=str)
    return fields | {"case": np.array(name)}


def _new_id(changed: Changed) -> int:
    return max(row.lesion_id for row in changed.study.lesion_table or ())
