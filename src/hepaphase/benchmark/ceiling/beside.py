"""The bracket beside the figures of a reader or a generator, where the cohort's is known."""

from collections.abc import Sequence

from ...study.phase import Phase
from ..diagnosis import Result
from .figures import bracket_text, known_brackets, with_column

UNKNOWN = "No ceiling is known for cohort '{}'. Make it: hepaphase benchmark ceiling.\n"
_NOTE = "Ceiling: {} See docs/concepts/ceiling.md.\n"
_LEVELS = {
    "liver_mae": "liver",
    "liver_mean_mae": "liver mean",
    "lesion_mae": "lesion",
    "lesion_mean_mae": "lesion mean",
}


def beside_readings(table: str, results: Sequence[Result], cohort: str) -> str:
    """The table of a reader with a column for each set of phases that was scanned.

    Generated phases are made of scanned ones and cannot say more, so those settings have the ceiling of what was
    scanned. Without clinical data, since readers see none.
    """
    known = known_brackets(cohort)
    if not known:
        return f"{table}\n{UNKNOWN.format(cohort)}"
    head, split, rest = table.partition("\nDifferences from ")
    for inputs in dict.fromkeys(_name(r.inputs.scanned) for r in results if r.rows):
        cells = {key[4]: bracket_text(known[key]) for key in known if key[:4] == ("AUC", "patient", inputs, False)}
        if cells:
            head = with_column(head, f"ceiling, {inputs}", cells)
    return (
        f"{head}\n{_NOTE.format('the best AUC possible lies between the two values, as far as we know.')}{split}{rest}"
    )


def beside_errors(table: str, cohort: str) -> str:
    """The table of generators with a column of errors that none can avoid."""
    known = known_brackets(cohort)
    if not known:
        return f"{table}\n{UNKNOWN.format(cohort)}"
    cells = {
        f"{inputs} to {target}: {name}": bracket_text(known.get(("MAE", level, inputs, False, target)), digits=1)
        for name, level in _LEVELS.items()
        for inputs in {key[2] for key in known if key[0] == "MAE"}
        for target in Phase
    }
    note = _NOTE.format("the least error possible lies between the two values, or above the one.")
    return f"{with_column(table, 'ceiling', cells)}\n{note}"


def _name(phases: Sequence[Phase]) -> str:
    return ", ".join(phases)
