"""Operating points and prediction sets of a reader, from the rows of its validation and test patients."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..base.atomic import write_json, write_text
from ..base.errors import InputError
from ..bundle.bundle import Bundle
from ..evaluation.bootstrap import Bootstrap
from ..evaluation.conformal import known
from ..evaluation.operating import SCHEMA, Rows, operating_facts
from ..evaluation.rows import read_facts
from .diagnosis import stored
from .inputs import MAIN_JOB, SUBSETS, Inputs


def make(validation: Path, tests: Sequence[Path], reader: Bundle, config: Bootstrap | None = None) -> dict[str, Any]:
    """What ``operating.json`` holds: per set of scanned phases, none of them generated.

    Args:
        validation: OUT of ``benchmark diagnosis`` on patients that trained nothing.
        tests: likewise, on others; of several that hold a setting the one with most patients gives the rates, and the
            one with most lesions of known probabilities the coverage. Settings that all lack have no test figures.
        reader: what read all of them; the file is for this one alone.
        config: of the intervals.

    Raises:
        InputError: when ``validation`` holds no rows.
    """
    if not (settings := _held(validation)):
        raise InputError(f"'{validation}' holds no rows of benchmark diagnosis without generated phases.")
    return {
        "schema": SCHEMA,
        "research_use_only": True,
        "reader": reader.fingerprint(),
        "title": str(reader.card.get("title", "")),
        "validation": _cohorts([validation]),
        "test": _cohorts(tests),
        "phases": {
            ", ".join(s.scanned): operating_facts(_rows(validation, s), _best(tests, s), config) for s in settings
        },
    }


def write(facts: dict[str, Any], out: Path) -> str:
    """Write ``operating.json`` and ``table.md`` below ``out``; return the table."""
    write_json(out / "operating.json", facts)
    text = table(facts)
    write_text(out / "table.md", text)
    return text


def table(facts: dict[str, Any]) -> str:
    """Thresholds and what they do on test patients, in Markdown."""
    lines = [
        f"Chosen on {facts['validation']}, figures on {facts['test'] or 'no test patients'}.",
        "",
        "| phases | looked for | specificity wanted | threshold | negatives | test sensitivity | test specificity |",
        "|---|---|---|---|---|---|---|",
    ]
    for phases, own in facts["phases"].items():
        for point in own["screening"]:
            told = point.get("test", {})
            shown = [_count(told, "sensitivity", "num_positive"), _count(told, "specificity", "num_negative")]
            lines.append(
                f"| {phases} | {point['task']} | {point['specificity']:g} | {point['threshold']:.4f} | "
                f"{point['num_negative']} | {shown[0]} | {shown[1]} |"
            )
    lines += [
        "",
        "| phases | class belongs to the set from | lesions | test coverage | mean size |",
        "|---|---|---|---|---|",
    ]
    for phases, own in facts["phases"].items():
        chosen, told = own["prediction_set"], own["prediction_set"].get("test")
        shown = ["", ""]
        if told:
            low, high = told["interval"]
            shown = [
                f"{told['coverage']:.3f} [{low:.3f}, {high:.3f}] of {told['num_lesions']}",
                f"{told['mean_size']:.2f}",
            ]
        lines.append(f"| {phases} | {chosen['at_least']:.4f} | {chosen['num_lesions']} | {shown[0]} | {shown[1]} |")
    return "\n".join(lines) + "\n"


def _count(told: dict[str, Any], name: str, number: str) -> str:
    return f"{told[name]:.3f} of {told[number]}" if told else ""


def _held(folder: Path) -> list[Inputs]:
    """Settings without generated phases whose rows lie in ``folder``, each set of phases once."""
    found = {s.scanned: s for s in (*SUBSETS, *MAIN_JOB) if not s.generated and (folder / f"{s.name}.csv").is_file()}
    return [found[s.scanned] for s in SUBSETS if s.scanned in found]


def _rows(folder: Path, setting: Inputs) -> Rows:
    result = stored(folder, [setting])[0]
    return result.rows, result.lesions


def _best(folders: Sequence[Path], setting: Inputs) -> Rows | None:
    """Most patients, and most lesions of known probabilities, whichever folder holds them."""
    found = [_rows(f, s) for f in folders for s in _held(f) if s.scanned == setting.scanned]
    if not found:
        return None
    return max((rows for rows, _ in found), key=len), max(
        (lesions for _, lesions in found), key=lambda x: len(known(x))
    )


def _cohorts(folders: Sequence[Path]) -> str:
    names = [read_facts(f / f"{s.name}.csv", ["cohort"]).get("cohort") or f.name for f in folders for s in _held(f)]
    return ", ".join(dict.fromkeys(names))
