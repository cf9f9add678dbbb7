"""What is written while training: a table of every figure always, TensorBoard where it is installed."""

import csv
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..base.atomic import atomic_path
from ..base.log import logger

COLUMNS = ("step", "split", "figure", "value")

_log = logger(__name__)


class MetricLog:
    """Appends to ``metrics.csv`` (one figure a row) and to TensorBoard's event file.

    On resume at a step, rows of later steps are dropped, for they will be written again: the table of a run that was
    interrupted ends the same as that of one that was not.
    """

    def __init__(self, out: Path, *, step: int, tensorboard: bool = True) -> None:
        self._path = out / "metrics.csv"
        _keep_rows(self._path, step)
        self._file = self._path.open("a", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._board = _board(out / "tensorboard", step) if tensorboard else None

    def write(self, step: int, split: str, figures: Mapping[str, float]) -> None:
        """Write ``figures`` as they are after ``step`` steps."""
        for name, value in figures.items():
            self._writer.writerow((step, split, name, repr(float(value))))
            if self._board is not None:
                self._board.add_scalar(f"{split}/{name}", value, step)
        self._file.flush()
        _log.info("step %d %s: %s", step, split, ", ".join(f"{n} {v:.4g}" for n, v in figures.items()))

    def close(self) -> None:
        """Finish both files."""
        self._file.close()
        if self._board is not None:
            self._board.close()


def _keep_rows(path: Path, step: int) -> None:
    """Keep whole rows up to ``step``; a row cut short by a kill is always later than the checkpoint."""
    kept = [",".join(COLUMNS)]
    if path.is_file():
        lines = path.read_text(encoding="utf-8").splitlines()[1:]
        rows = [line for line in lines if line.count(",") == len(COLUMNS) - 1]
        kept += [row for row in rows if int(row.split(",", 1)[0]) <= step]
    with atomic_path(path) as partial:
        partial.write_text("\n".join(kept) + "\n", encoding="utf-8")


def _board(folder: Path, step: int) -> Any:
    if importlib.util.find_spec("tensorboard") is None:
        return None
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder), purge_step=step + 1)
