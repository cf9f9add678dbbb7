from pathlib import Path

from hepaphase.training.log import MetricLog


def test_one_figure_a_row(tmp_path: Path) -> None:
    log = MetricLog(tmp_path, step=0, tensorboard=False)
    log.write(10, "training", {"loss": 0.5, "dice": 1 / 3})
    log.close()
    assert (tmp_path / "metrics.csv").read_text().splitlines() == [
        "step,split,figure,value",
        "10,training,loss,0.5",
        f"10,training,dice,{1 / 3!r}",
    ]


def test_on_resume_later_rows_and_torn_ones_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("step,split,figure,value\n10,training,loss,0.5\n20,training,loss,0.4\n30,trai")
    log = MetricLog(tmp_path, step=10, tensorboard=False)
    log.write(20, "training", {"loss": 0.25})
    log.close()
    assert path.read_text().splitlines()[1:] == ["10,training,loss,0.5", "20,training,loss,0.25"]
