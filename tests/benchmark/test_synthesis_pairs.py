from hepaphase.benchmark.ceiling.figures import known_brackets
from hepaphase.benchmark.synthesis_pairs import pairs_text
from hepaphase.benchmark.synthesis_row import SynthesisRow
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.study.phase import Phase

FEW = Bootstrap(num_resamples=50)


def row(number: int, inputs: str, target: Phase, **figures: float) -> SynthesisRow:
    return SynthesisRow(f"case-{number:02d}", "kinetic", inputs, target, figures, seconds=1.0)


def test_each_pair_has_a_line_with_what_is_possible_beside_it() -> None:
    rows = [row(k, "NC, AP", Phase.DP, liver_mae=6.0, liver_mean_mae=3.0 + k % 2) for k in range(12)]
    rows += [row(k, "NC", Phase.AP, liver_mae=7.0, lesion_mean_mae=17.0) for k in range(12)]
    lower, upper = known_brackets("sim-1k-test")["MAE", "lesion mean", "NC", False, "AP"]
    text = pairs_text(rows, "sim-1k-test", FEW)
    lines = [line for line in text.splitlines() if line.startswith(("| NC | AP |", "| NC, AP | DP |"))]
    assert lines[0].startswith("| NC | AP | 12 | 7.0 [7.0, 7.0] |") and lines[0].endswith(
        f"| 17.0 [17.0, 17.0] | {lower:.1f} to {upper:.1f} |"
    )
    assert "| 12 | 6.0 [6.0, 6.0] | 3.5 [3." in lines[1]
    assert f"{lower:.1f} to" not in pairs_text(rows, "own", FEW) and "Within" not in text


def test_coverage_beyond_the_margin_is_marked_and_counted() -> None:
    rows = [row(k, "NC", Phase.AP, liver_cover68=0.72, liver_cover95=0.99) for k in range(10)]
    rows += [row(k, "PVP", Phase.AP, liver_cover68=0.62, liver_cover95=0.96) for k in range(9)]
    text = pairs_text(rows, "own", FEW)
    assert "| NC | AP | 10 | 72 [72, 72] | 99 [99, 99] ! |" in text
    assert "| PVP | AP | 9 | 62 (too few) ! | 96 (too few) |" in text
    assert "Within 5 and 3 points are 2 of 4." in text


def test_regions_are_of_healthy_livers_and_erased_of_what_was_visible() -> None:
    healthy = [row(k, "NC", Phase.AP, liver_mae=1, made_up_healthy=2, made_up_unfounded_healthy=0) for k in range(10)]
    sick = [row(k, "NC", Phase.AP, liver_mae=1, erased=k == 10, visible=k - 8) for k in range(10, 20)]
    text = pairs_text([*healthy, *sick], "own", FEW)
    visible = sum(k - 8 for k in range(10, 20))
    assert f"| NC | AP | 10 | 0.00 [0.00, 0.00] |  | 2.00 [2.00, 2.00] | 10 | {1 / visible:.3f} [" in text


def test_generators_stand_apart() -> None:
    rows = [row(k, "NC", Phase.AP, liver_mae=k) for k in range(2)]
    other = [SynthesisRow("case-00", "carry", "NC", Phase.AP, {"liver_mae": 3.0}, seconds=0.1)]
    text = pairs_text([*rows, *other], "own", FEW)
    assert text.index("## kinetic, own") < text.index("## carry, own") and "| 1 | 3.0 (too few) |" in text
