"""Folds by patient, never by image."""

from collections.abc import Mapping

from ..base.errors import ConfigError
from ..base.seeds import stream


def assign_folds(
    patients: Mapping[str, str], *, num_folds: int, seed: int, strata: Mapping[str, str] | None = None
) -> dict[str, int]:
    """Fold, 0 to ``num_folds`` - 1, of each case; all cases of one patient share it.

    Within each stratum patients are shuffled and dealt out in turn, so folds differ by at most one patient per
    stratum. The result depends on the names, the seed and nothing else, not on the order of ``patients``.

    Args:
        patients: Case to patient.
        num_folds: At least two, at most the number of patients.
        seed: Of the shuffle.
        strata: Case to group, such as its main lesion class; a patient belongs to the group of the first of its cases
            by name. One group when not given.

    Raises:
        ConfigError: for fewer than two folds, or more folds than patients.
    """
    owner_stratum: dict[str, str] = {}
    for case in sorted(patients):
        owner_stratum.setdefault(patients[case], "" if strata is None else strata[case])
    if not 2 <= num_folds <= len(owner_stratum):
        raise ConfigError(f"Cannot split {len(owner_stratum)} patients into {num_folds} folds.")
    fold_of: dict[str, int] = {}
    for stratum in sorted(set(owner_stratum.values())):
        names = sorted(name for name, own in owner_stratum.items() if own == stratum)
        shuffled = stream(seed, "folds", stratum).permutation(len(names))
        first = len(fold_of)  # go on where the last stratum stopped, so that small strata do not all land in fold 0
        fold_of.update({names[i]: (first + turn) % num_folds for turn, i in enumerate(shuffled)})
    return {case: fold_of[patient] for case, patient in patients.items()}
