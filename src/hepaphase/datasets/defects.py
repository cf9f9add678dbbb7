"""Registry of known defects of public sets: what is wrong, in which cases, and what to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Marks = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One known defect."""

    source: str
    """Name of the adapter."""
    what: str
    advice: str
    applies: Callable[[str], bool] = lambda _case: True
    """Whether a case has it."""
    marks: Marks = field(default_factory=dict)
    """What goes into the clinical facts of such a case, for programs to see."""
    exclude: bool = False
    """Whether ``doctor --fix`` leaves such a case out."""


def _numbered(*numbers: int) -> Callable[[str], bool]:
    wanted = set(numbers)
    return lambda case: case.rpartition("_")[2].isdigit() and int(case.rpartition("_")[2]) in wanted


_UNTRUSTED = {"geometry_trust": "untrusted"}
_IRCADB = "the header says 1x1x1 mm and no orientation; the patient is one of 3D-IRCADb-01"
_IRCADB_ADVICE = "Leave it out, or take the patient from the DICOM of 3D-IRCADb; count both as one patient."

DEFECTS = (
    *(
        Defect(
            source=source,
            what=_IRCADB,
            advice=_IRCADB_ADVICE,
            applies=_numbered(*range(28, 48)),
            marks={**_UNTRUSTED, "duplicate_of": "ircadb"},
            exclude=True,
        )
        for source in ("lits", "msd03")
    ),
    Defect(
        source="plc_cect",
        what="every header says 1x1x1 mm at the origin; true spacing differs per phase and is not in the files",
        advice="Report no mm, mm2 or ml; do not join this set to others by size.",
        marks=_UNTRUSTED,
    ),
    Defect(
        source="plc_cect",
        what="voxels are an 8-bit window from -200 to 200 HU, possibly off by a level of 40",
        advice="Do not measure HU; values outside the window are gone.",
        marks={"hu_trust": "windowed"},
    ),
    Defect(
        source="waw_tace",
        what="the tumor is drawn in one phase only, on the grid of that phase",
        advice="Register before taking the mask to another phase.",
    ),
    Defect(
        source="waw_tace",
        what="whole-body or inconsistent scans",
        advice="Leave the patient out.",
        applies=_numbered(33, 34),
        marks={"scan_trust": "inconsistent"},
        exclude=True,
    ),
    Defect(
        source="mct_ltdiag",
        what="masks are drawn in the portal venous phase only; yes/no columns hold free text",
        advice="Register before taking the mask to another phase.",
    ),
    Defect(
        source="chaos",
        what="the order of the PNG slices does not follow the DICOM slices in every copy",
        advice="Look at the overlay of one case before training.",
    ),
    Defect(
        source="amos",
        what="numbers above 500 are MR, not CT",
        advice="They are left out.",
        applies=lambda _case: False,
    ),
)

CONTAINS: Mapping[str, tuple[str, ...]] = {
    "lits": ("msd03", "ircadb", "ct_org", "abdomenatlas", "flare"),
    "msd03": ("lits", "ircadb", "ct_org", "abdomenatlas", "flare", "msd08"),
    "ct_org": ("lits", "msd03"),
    "abdomenatlas": ("lits", "msd03", "msd08", "amos", "flare", "btcv", "chaos"),
    "flare": ("lits", "msd03", "msd08"),
    "amplifai": ("waw_tace", "hcc_tace_seg", "plc_cect"),
    "waw_tace": ("amplifai",),
    "hcc_tace_seg": ("amplifai",),
    "plc_cect": ("amplifai",),
    "ircadb": ("lits", "msd03"),
}
"""Sets known to share patients with another, as their papers or users say; the doctor compares voxels beside that."""


def defects_of(source: str, case: str) -> tuple[Defect, ...]:
    """The known defects of one case."""
    return tuple(d for d in DEFECTS if d.source == source and d.applies(case))
