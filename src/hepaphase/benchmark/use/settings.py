"""What readers are trained on, what they are shown, and which pairs of the two are compared."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ...base.names import check_name
from ...recipes.table import recipe
from ...study.phase import Phase
from ...training.phase_choice import PhaseChoice
from ...training.run import Run

GIVEN = (Phase.NC,)
"""What the generator sees."""
ALL = PhaseChoice(delayed_share=1.0)
"""Every phase there is, in every example."""
ALONE = PhaseChoice(all_share=0.0, nc_share=1.0)
"""The non-contrast phase, in every example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One reader; all have the same network, steps and patients."""

    title: str
    phases: PhaseChoice
    scanned: bool
    """Whether scanned cases are among its examples."""
    filled: bool
    """Whether cases filled from NC are."""
    readings: tuple[str, ...]
    """What it is shown in the test."""

    def run(self, *, seed: int, quick: bool = False) -> Run:
        """The recipe `table`, which looks at these phases."""
        base = recipe().made_quick() if quick else recipe()
        loss = replace(base.task.loss, contrast=replace(base.task.loss.contrast, weight=0.0))
        task = replace(base.task, loss=loss, sharpness=0.0, patch=replace(base.task.patch, phases=self.phases))
        return replace(base, seed=seed, task=task)


TRAININGS: Mapping[str, Training] = {
    "nc": Training(title="NC alone", phases=ALONE, scanned=True, filled=False, readings=("nc", "nc_deleted")),
    "measured": Training(
        title="measured phases",
        phases=ALL,
        scanned=True,
        filled=False,
        readings=("measured", "generated", "shuffled", "deleted"),
    ),
    "generated": Training(
        title="NC and phases generated from it",
        phases=ALL,
        scanned=False,
        filled=True,
        readings=("generated", "measured", "generated_deleted"),
    ),
    "mixed": Training(
        title="each patient measured and generated",
        phases=ALL,
        scanned=True,
        filled=True,
        readings=("generated", "measured"),
    ),
}
"""The last two are of equal capacity with the first: a deterministic generator adds nothing that NC does not hold."""

READINGS: Mapping[str, str] = {
    "nc": "NC",
    "measured": "all four measured",
    "generated": "NC + generated AP, PVP, DP",
    "shuffled": "all four measured, each under the name of another",
    "nc_deleted": "NC without its lesions",
    "deleted": "all four measured, without their lesions",
    "generated_deleted": "NC without its lesions + AP, PVP, DP generated from it",
}

COMPARED = (
    ("generated-on-generated", "nc-on-nc"),
    ("mixed-on-generated", "nc-on-nc"),
    ("measured-on-generated", "nc-on-nc"),
    ("generated-on-generated", "measured-on-generated"),
    ("generated-on-generated", "measured-on-measured"),
    ("mixed-on-measured", "measured-on-measured"),
    ("measured-on-shuffled", "measured-on-measured"),
)
"""Rows and what each is held against, by paired bootstrap and two one-sided tests."""


def training(name: str) -> Training:
    """The training called ``name``.

    Raises:
        UnknownNameError: with the closest known name.
    """
    check_name(name, TRAININGS, kind="training")
    return TRAININGS[name]


def row_name(trained: str, shown: str) -> str:
    """Such as ``nc-on-nc``."""
    return f"{trained}-on-{shown}"
