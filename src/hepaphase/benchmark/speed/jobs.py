"""The jobs that have a budget, and how each is measured."""

import importlib.util
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...base.errors import StudyError
from .measure import Cost, run_fresh
from .study import Size, write_study

_COMMAND = ("-m", "hepaphase")
_ROOT = Path(__file__).resolve().parents[4]
"""Of the source tree, where the package runs from one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How large the jobs are."""

    read: Size = field(default_factory=Size)
    tall: Size = field(default_factory=lambda: Size(air_slices=60))
    cases: int = 8
    """Simulated beyond the first, which pays for the start."""


FULL = Scale()
QUICK = Scale(read=Size(shape_zyx=(48, 96, 96)), tall=Size(shape_zyx=(48, 96, 96), air_slices=24), cases=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One line of the budget."""

    what: str
    measure: Callable[[Path, Scale], Cost]
    """Is given a folder that stays between runs, for what is made once."""
    seconds: float | None = None
    gib: float | None = None
    megabytes: float | None = None
    runs: int = 3

    @property
    def budget(self) -> str:
        """In words."""
        parts = [
            "" if self.seconds is None else f"{self.seconds:g} s",
            "" if self.gib is None else f"{self.gib:g} GiB",
            "" if self.megabytes is None else f"{self.megabytes:g} MB",
        ]
        return ", ".join(filter(None, parts))


def _help(work: Path, scale: Scale) -> Cost:
    cost, _ = run_fresh((*_COMMAND, "--help"))
    _, imported = run_fresh(("-X", "importtime", *_COMMAND, "--help"))
    heavy = [name for name in ("torch", "numpy") if f" {name}\n" in imported]
    return replace(cost, note=f"imports {' and '.join(heavy)}" if heavy else "imports neither torch nor numpy")


def _demo(work: Path, scale: Scale) -> Cost:
    with tempfile.TemporaryDirectory(dir=work) as out:
        return run_fresh((*_COMMAND, "demo", "--out", f"{out}/demo"))[0]


def _read(work: Path, scale: Scale) -> Cost:
    return _read_of(work, scale.read)


def _read_tall(work: Path, scale: Scale) -> Cost:
    return _read_of(work, scale.tall)


def _read_of(work: Path, size: Size) -> Cost:
    """A reading with everything left as it is, and seconds and memory of its steps."""
    depth, height, width = size.shape_zyx
    study = work / f"{width}x{height}x{depth}-{size.air_slices}"
    if not study.is_dir():
        making = study.with_name(f"{study.name}-making")
        shutil.rmtree(making, ignore_errors=True)
        write_study(making, size)
        making.rename(study)
    with tempfile.TemporaryDirectory(dir=work) as out:
        cost, _ = run_fresh((*_COMMAND, "read", str(study), f"{out}/case"))
        run = json.loads(Path(out, "case", "run.json").read_text(encoding="utf-8"))
    steps = "; ".join(f"{s['name']} {s['seconds']:.1f} s, {s['peak_mib'] or 0:.0f} MiB" for s in run["steps"])
    return replace(cost, note=f"steps, with the highest memory up to the end of each: {steps}")


def _simulate(work: Path, scale: Scale) -> Cost:
    """A case beyond the first: the difference of two runs of one process each, over the cases between them."""

    def cost_of(cases: int) -> Cost:
        with tempfile.TemporaryDirectory(dir=work) as out:
            return run_fresh((*_COMMAND, "simulate", f"{out}/cohort", "--cases", str(cases), "--seed", "7"))[0]

    one, many = cost_of(1), cost_of(1 + scale.cases)
    assert one.wall_s and many.wall_s and one.cpu_s and many.cpu_s
    return replace(
        many,
        wall_s=(many.wall_s - one.wall_s) / scale.cases,
        cpu_s=(many.cpu_s - one.cpu_s) / scale.cases,
        note=f"of {scale.cases}; the first with the start {one.cpu_s:.1f} CPU s",
    )


def _wheel(work: Path, scale: Scale) -> Cost:
    if not (_ROOT / "pyproject.toml").is_file() or importlib.util.find_spec("build") is None:
        raise StudyError("The wheel is built from the source tree, with the extra dev installed.")
    with tempfile.TemporaryDirectory(dir=work) as out:
        build = ("-m", "build", "--wheel", "--no-isolation", "--outdir", out, str(_ROOT))
        run_fresh(build)
        (wheel,) = Path(out).glob("*.whl")
        return Cost(size_mb=wheel.stat().st_size / 1e6)


def _tests(work: Path, scale: Scale) -> Cost:
    if not (_ROOT / "tests").is_dir() or importlib.util.find_spec("xdist") is None:
        raise StudyError("The tests are in the source tree, with the extra dev installed.")
    chosen = str(_ROOT / "tests") if scale == FULL else str(_ROOT / "tests" / "base")
    pytest = ("-m", "pytest", "-q", "-n", "2", "-m", "not slow", "-p", "no:cacheprovider", "--rootdir", str(_ROOT))
    return run_fresh((*pytest, "-c", str(_ROOT / "pyproject.toml"), chosen))[0]


JOBS = {
    "help": Job(what="`hepaphase --help`", measure=_help, seconds=0.3, runs=5),
    "demo": Job(what="`hepaphase demo`", measure=_demo, seconds=60, gib=3),
    "read": Job(what="`hepaphase read`, four phases from DICOM", measure=_read, seconds=120, gib=4),
    "read-tall": Job(what="the same between as much air", measure=_read_tall, gib=4),
    "simulate": Job(what="`hepaphase simulate`, one four-phase case at 128x128x64", measure=_simulate, seconds=2),
    "wheel": Job(what="wheel, bundled weights included", measure=_wheel, megabytes=20, runs=1),
    "tests": Job(what="fast tests on two cores", measure=_tests, seconds=600, runs=1),
}
"""In the order they are measured."""
USUAL = tuple(name for name in JOBS if name != "tests")
"""Without the tests, which are long and need the source tree."""
