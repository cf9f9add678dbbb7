"""Protocols of public cohorts on tiny copies of their layouts."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from hepaphase.base.errors import ConfigError, InputError
from hepaphase.benchmark.public import PROTOCOLS, amplifai_score, evaluate_public, frozen_split
from hepaphase.cli.main import group
from hepaphase.datasets.protocol import ADAPTERS, open_cohort
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.io.nifti import write_nifti
from hepaphase.study.geometry import Geometry
from hepaphase.study.lesions import LESION_CLASSES
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import LesionRow, PhaseVolume, Study

FAST = Bootstrap(num_resamples=20)
GRID = Geometry((8, 10, 12), (3.0, 4.0, 5.0), (-10.0, 20.0, 30.0))
KINDS = {"HCC": ("hcc", ""), "ICC": ("icc", ""), "CRLM": ("metastasis", "colorectal"), "HH": ("hemangioma", "")}


def study(case: str, kind: str) -> Study:
    lesions = np.zeros(GRID.shape_zyx, np.uint16)
    lesions[2:5, 3:6, 4:8] = 1
    hu = np.random.default_rng(len(case)).normal(60, 10, GRID.shape_zyx).astype(np.float32)
    key, origin = KINDS[kind]
    return Study(
        case,
        {p: PhaseVolume(hu, GRID, Provenance.MEASURED) for p in Phase},
        masks={"liver": (np.ones(GRID.shape_zyx, np.uint8), GRID), "lesions": (lesions, GRID)},
        lesion_table=(LesionRow(1, key, {"origin": origin} if origin else {}),),
        clinical={"sex": "F", "age": 50},
    )


def lay_out(root: Path, protocol: str, *, num: int = 12) -> dict[str, str]:
    """A cohort whose table has a row per case; case to kind."""
    cases = {f"{n}" if protocol == "trials" else f"CASE{n:05d}": list(KINDS)[n % len(KINDS)] for n in range(num)}
    lines: list[str] = []
    for case, kind in cases.items():
        ADAPTERS.load(protocol).write_example(root, study(case, kind))
        tables = [*root.glob("*.csv"), *root.glob("*.tab")]
        if tables:
            head, row = tables[0].read_text(encoding="utf-8").splitlines()
            lines = [*(lines or [head]), row]
    if lines:
        if protocol == "amplifai":
            lines = ["case_id,lirads_score", *(f"{case},LR-{1 + n % 5}" for n, case in enumerate(cases))]
        tables[0].write_text("\n".join(lines) + "\n", encoding="utf-8")
    return cases


def read(root: Path, cases: dict[str, str], *, right: bool = True, shift: int = 0) -> None:
    for case, kind in cases.items():
        key = KINDS[kind][0] if right else "cyst"
        scores = {k: 0.9 if k == key else 0.1 for k in LESION_CLASSES}
        found = np.zeros(GRID.shape_zyx, np.uint8)
        found[2:5, 3:6, 4 + shift : 8 + shift] = 1
        (root / case).mkdir(parents=True)
        (root / case / "findings.json").write_text(json.dumps({"patient": {"probabilities": scores}}))
        write_nifti(root / case / "lesions.nii.gz", found, GRID)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_split_is_a_function_of_names_and_covers_every_case(protocol: str, tmp_path: Path) -> None:
    cases = lay_out(tmp_path, protocol)
    split = frozen_split(open_cohort(tmp_path, layout=protocol))
    assert set(split) == set(cases) and set(split.values()) == {"train", "validation", "test"}
    with pytest.raises(ConfigError, match="Cannot split"):
        lay_out(tmp_path / "few", protocol, num=2)
        frozen_split(open_cohort(tmp_path / "few", layout=protocol))


def test_mct_ltdiag_names_five_kinds(tmp_path: Path) -> None:
    cases = lay_out(tmp_path / "data", "mct_ltdiag")
    read(tmp_path / "read", cases)
    found = evaluate_public(tmp_path / "data", tmp_path / "read", protocol="mct_ltdiag", part="all", config=FAST)
    by_name = {s.name: s.interval.value for s in found}
    assert by_name["accuracy"] == 1 and by_name["Cohen's kappa"] == 1
    assert np.isnan(by_name["macro AUC"])  # no breast metastasis in this copy
    breast = {"breast": 0.8, "colorectal": 0.2}
    for case in (c for c, kind in cases.items() if kind == "CRLM"):
        place = tmp_path / "read" / case
        said = json.loads((place / "findings.json").read_text())
        (place / "findings.json").write_text(json.dumps({**said, "lesions": [{"origin": {"probabilities": breast}}]}))
    accuracies = []
    for _ in range(2):  # by what read says of the lesions, then by the file, which wins
        told = evaluate_public(tmp_path / "data", tmp_path / "read", protocol="mct_ltdiag", part="all", config=FAST)
        accuracies.append(next(s for s in told if s.name == "accuracy").interval.value)
        for case in cases:
            (tmp_path / "read" / case / "origins.json").write_text(json.dumps({"colorectal": 1.0}))
    assert accuracies == [pytest.approx(0.75), 1]


def test_amplifai_scores_a_file_of_categories_and_wants_them_nearly_all(tmp_path: Path) -> None:
    cases = list(lay_out(tmp_path / "data", "amplifai"))
    read(tmp_path / "read", dict.fromkeys(cases, "HCC"))
    arguments = {"protocol": "amplifai", "part": "all", "config": FAST}
    with pytest.raises(InputError, match=r"lirads\.csv"):
        evaluate_public(tmp_path / "data", tmp_path / "read", **arguments)
    rows = [f"{case},LR-{1 + n % 5}" for n, case in enumerate(cases)]
    table = tmp_path / "read" / "lirads.csv"
    table.write_text("\n".join(["case_id,lirads_score", *rows]), encoding="utf-8")
    by_name = {s.name: s.interval.value for s in evaluate_public(tmp_path / "data", tmp_path / "read", **arguments)}
    assert by_name["score"] == pytest.approx(1.0) and by_name["lesion Dice"] == 1
    table.write_text("\n".join(["case_id,lirads_score", *rows[:9]]), encoding="utf-8")
    with pytest.raises(InputError, match="9 of 12 cases"):
        evaluate_public(tmp_path / "data", tmp_path / "read", **arguments)


def test_the_score_of_amplifai_weighs_kappa_and_three_groups() -> None:
    true, said = np.array([0, 1, 2, 3, 4, 4]), np.array([1, 0, 2, 4, 3, 0])
    weighted = 1 - ((true - said) ** 2).mean() / ((true[:, None] - said[None]) ** 2).mean()
    assert amplifai_score(true, said) == pytest.approx(0.85 * weighted + 0.15 * np.mean([1, 1, 2 / 3]))
    assert amplifai_score(np.array([0, 4]), np.array([4, 0])) == 0


def test_trials_is_lesion_dice_and_the_command_writes_it(tmp_path: Path) -> None:
    cases = lay_out(tmp_path / "data", "trials")
    read(tmp_path / "read", cases, shift=2)
    words = ["benchmark", "public", "trials", str(tmp_path / "data"), str(tmp_path / "read"), "--resamples", "20"]
    result = CliRunner().invoke(group, [*words, "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "| lesion Dice | 0.500 " in (tmp_path / "out" / "table.md").read_text()
    result = CliRunner().invoke(group, [*words, "--part", "tests"])
    assert "Did you mean 'test'" in str(result.exception)
