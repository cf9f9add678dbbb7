"""No scan on both sides of a split, none in a test that trained the model, whatever its case is called."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hepaphase.base.errors import ConfigError, InputError
from hepaphase.bundle.bundle import Bundle
from hepaphase.bundle.card import Card
from hepaphase.recipes import RECIPES
from hepaphase.training.cohort import Split, open_cohort, open_split
from hepaphase.training.loop import Options, fit
from hepaphase.training.scans import all_scans, from_text, require_unseen, scans_of, seen, to_text

from .lesion_cohort import write_lesion_cohort


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lesion_cohort(tmp_path_factory.mktemp("crops"))


def _again(path: Path, to: Path, **changed: object) -> Path:
    """The same case under another name, written anew, with some fields changed."""
    with np.load(path) as file:
        fields = {**dict(file), "case": np.array(to.stem), **changed}
    np.savez_compressed(to, **{name: value for name, value in fields.items() if value is not None})
    return to


def test_a_scan_is_known_under_another_name_and_with_fewer_phases(crops: Path, tmp_path: Path) -> None:
    first, second = open_cohort(crops).files[:2]
    assert not scans_of(first) & scans_of(second)
    renamed = _again(first, tmp_path / "renamed.npz")
    assert scans_of(renamed) == scans_of(first)
    dropped = next(name for name in np.load(first).files if name.startswith("hu_"))
    fewer = _again(first, tmp_path / "fewer.npz", **{dropped: None})
    assert scans_of(fewer) < scans_of(first)
    with np.load(first) as file:
        moved = {name: file[name] + 1 for name in file.files if name.startswith("hu_")}
    other = _again(first, tmp_path / "other.npz", **moved)
    assert seen([renamed, fewer, other, second], scans_of(first)) == [renamed, fewer]
    assert from_text(to_text(all_scans([first, second]))) == scans_of(first) | scans_of(second)
    (tmp_path / "damaged.npz").write_bytes(b"no zip")
    with pytest.raises(InputError, match="Prepare the cohort again"):
        scans_of(tmp_path / "damaged.npz")


@pytest.mark.parametrize("layout", ["folders", "one"])
def test_a_double_on_the_other_side_of_a_split_is_refused(layout: str, crops: Path, tmp_path: Path) -> None:
    cohort = tmp_path / "cohort"
    shutil.copytree(crops, cohort / "train" if layout == "folders" else cohort)
    source = crops / f"{open_cohort(crops).files[0].stem}.npz"
    if layout == "folders":
        (cohort / "validation").mkdir()
        _again(source, cohort / "validation" / "another-name.npz")
        with pytest.raises(ConfigError, match=r"1 of 1 cases that validate .*another-name"):
            open_split(cohort)
    else:
        doubles = [_again(source, cohort / f"double-{n}.npz") for n in range(8)]
        with pytest.raises(ConfigError, match="be it under other names"):
            open_split(cohort)
        for path in doubles:
            path.unlink()
        assert len(open_split(cohort).validation)


def test_a_model_refuses_to_be_tested_on_what_trained_it_or_its_start(crops: Path, tmp_path: Path) -> None:
    files = open_cohort(crops).files
    whole = open_cohort(crops)
    first, rest = replace(whole, files=files[:2]), replace(whole, files=files[2:4])
    run = replace(RECIPES.load("smoke")().made_quick(), num_steps=2)
    start = fit(run, Split(first, replace(whole, files=())), tmp_path / "first", options=Options(quiet=True))
    options = Options(quiet=True, start=Bundle.load(start.bundle))
    made = fit(run, Split(rest, replace(whole, files=())), tmp_path / "second", options=options)
    card = Bundle.load(made.bundle).card
    assert from_text(card["scans"]) == all_scans(files[:4])
    assert card["scans"] not in Card.from_dict(card).to_markdown()
    renamed = _again(files[0], tmp_path / "renamed.npz")
    with pytest.raises(InputError, match=r"1 of 2 cases trained the reader model \(renamed\)"):
        require_unseen([renamed, files[4]], {"reader": card})
    require_unseen(files[4:], {"reader": card, "older": {}})
    going_on = fit(
        run, Split(rest, replace(whole, files=())), tmp_path / "second", options=Options(resume=True, quiet=True)
    )
    assert from_text(Bundle.load(going_on.bundle).card["scans"]) == all_scans(files[:4])
