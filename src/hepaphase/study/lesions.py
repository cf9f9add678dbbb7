"""The table of lesion classes: one row per class, read by the phantom, the classifier and the report.

Kinetic parameters, unenhanced HU, sizes and counts are the table of the physics notes (fitted to a reference exam of
65 kg and 35 gI, scanned at 37, 70 and 180 s); they are effective values, not perfusion measurements. Adding a row adds
a class everywhere: the simulator grows it, the classifier takes its output size from the table, and bundles trained on
another table are refused by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ..base.errors import ConfigError
from ..base.names import check_name


@dataclass(frozen=True, slots=True)
class Tissue:
    """A compartment of a lesion or organ: what it is without contrast, and how contrast passes through it.

    Flows and permeability in mL/min per 100 mL of tissue, volumes as fractions of tissue volume.

    Raises:
        ConfigError: for a negative flow or volumes that do not fit into the tissue.
    """

    hu0: float
    """HU without contrast."""
    arterial_flow: float
    portal_flow: float
    blood_fraction: float
    interstitium_fraction: float
    permeability: float
    """Permeability-surface product PS."""

    def __post_init__(self) -> None:
        if (
            min(
                self.arterial_flow, self.portal_flow, self.blood_fraction, self.interstitium_fraction, self.permeability
            )
            < 0
        ):
            raise ConfigError(f"Flows, volumes and permeability cannot be negative: {self}.")
        if self.blood_fraction + self.interstitium_fraction > 1.1:  # effective values; the table's largest sum is 1.06
            raise ConfigError(f"Blood and interstitium do not fit into the tissue: {self}.")


@dataclass(frozen=True, slots=True)
class Appearance:
    """How lesions of a class are shaped and how many there are; the simulator's instructions.

    Each probability is per lesion. Parts named here must be compartments of the class.
    """

    median_mm: float
    """Median long axis."""
    ln_sd: float
    """Standard deviation of the logarithm of the long axis."""
    extra_mean: float = 0.0
    """Mean number of lesions beyond the first."""
    extra_size: float | None = None
    """Size of the negative binomial for that number; None for Poisson."""
    lobulation: float = 0.08
    """Relative amplitude of the surface's irregularity."""
    edge_mm: float = 0.5
    """Width over which the margin fades into liver."""
    rim_mm: tuple[float, float] | None = None
    """Thickness range of the rim; inside it lies the core."""
    rim_probability: float = 1.0
    capsule_probability: float = 0.0
    mosaic_probability: float = 0.0
    scar_probability: float = 0.0
    fill_in: bool = False
    """Peripheral nodules from which the lesion fills towards its centre."""
    fill_mm: tuple[float, float] = (2.0, 5.0)
    """Range of the distance from a nodule over which blood supply falls to 1/e."""
    necrosis_probability: float = 0.0
    fat_probability: float = 0.0
    calcification_probability: float = 0.0
    variants: tuple[tuple[str, float], ...] = ()
    """Compartments that make up the whole lesion instead, each with its probability."""
    solid_hu_sd: float = 6.0
    """Spread of the unenhanced HU between lesions."""


@dataclass(frozen=True, slots=True)
class Markers:
    """Shares of patients with a finding beside the scan; estimates of the physics notes, B.

    The defaults are those of patients without a liver lesion (our choice: the notes' row for cysts).
    """

    hbv: float = 0.10
    """Chronic hepatitis B."""
    afp: float = 0.02
    """Alpha-fetoprotein above 20 ng/ml."""
    ca19_9: float = 0.06
    """CA 19-9 above 37 U/ml."""
    cea: float = 0.03
    """Carcinoembryonic antigen above 5 ng/ml."""
    cancer: float = 0.12
    """Known cancer outside the liver."""


@dataclass(frozen=True, slots=True)
class LesionClass:
    """One row of the table.

    Raises:
        ConfigError: when there is no compartment called ``body``, or no SNOMED CT code.
    """

    key: str
    name: str
    malignant: bool
    snomed: tuple[str, str]
    """SNOMED CT code value and meaning.

    Looked up in public FHIR and DICOM resources (109842005 in the molecular genetics guide of the German Medical
    Informatics Initiative, 18115005 among segment types of DICOM, 93469006 in Open Imaging Finding Models, the others
    in FHIR value sets and mappings), not in SNOMED's own browser.
    """
    tissues: Mapping[str, Tissue]
    """Compartments; ``body`` is the main one, others are ``core``, ``rim``, ``capsule``, ``scar``, ``nodule``."""
    appearance: Appearance
    prevalence: float
    """Share of patients of the training mix whose main lesion this is, before lesion-free patients."""
    common: bool = True
    """False for a mixed bag of rare kinds, which contrastive learning pushes away but never together."""
    male: float = 0.5
    """Share of men."""
    age_years: tuple[float, float] = (55.0, 12.0)
    """Mean and standard deviation."""
    cirrhosis: float = 0.1
    """Share of patients with cirrhosis."""
    markers: Markers = Markers()
    """What else is found in patients whose main lesion this is."""

    def __post_init__(self) -> None:
        if "body" not in self.tissues:
            raise ConfigError(
                f"Lesion class '{self.key}' needs a compartment called 'body' (has: {', '.join(self.tissues)})."
            )
        if not all(self.snomed):
            raise ConfigError(f"Lesion class '{self.key}' needs a SNOMED CT code and its meaning.")


LIVER_NORMAL = Tissue(56, 25, 74, 0.15, 0.16, 395)
LIVER_CIRRHOSIS = Tissue(53, 22, 30, 0.12, 0.20, 224)
NO_FLOW = Tissue(5, 0, 0, 0, 0, 0)

_TABLE = (
    LesionClass(
        key="hcc",
        name="Hepatocellular carcinoma",
        malignant=True,
        snomed=("109841003", "Hepatocellular carcinoma"),
        tissues={
            "body": Tissue(47, 281, 11, 0.22, 0.11, 7),
            "hypovascular": Tissue(46, 56, 20, 0.14, 0.16, 18),
            "capsule": Tissue(48, 10, 35, 0.06, 0.49, 41),
        },
        appearance=Appearance(
            median_mm=34,
            ln_sd=0.6,
            extra_mean=0.6,
            capsule_probability=0.5,
            mosaic_probability=0.5,
            necrosis_probability=0.3,
            fat_probability=0.1,
            variants=(("hypovascular", 0.13),),
        ),
        prevalence=0.25,
        male=0.78,
        age_years=(53, 11),
        cirrhosis=0.75,
        markers=Markers(hbv=0.75, afp=0.60, ca19_9=0.12, cea=0.05, cancer=0.05),
    ),
    LesionClass(
        key="icc",
        name="Intrahepatic cholangiocarcinoma",
        malignant=True,
        snomed=("109842005", "Intrahepatic bile duct carcinoma"),
        tissues={"body": Tissue(36, 27, 5, 0.06, 0.53, 22), "rim": Tissue(42, 119, 10, 0.17, 0.26, 18)},
        appearance=Appearance(
            median_mm=50, ln_sd=0.5, extra_mean=0.3, lobulation=0.18, edge_mm=3.0, rim_mm=(3.0, 7.0), solid_hu_sd=6
        ),
        prevalence=0.10,
        male=0.55,
        age_years=(58, 11),
        cirrhosis=0.25,
        markers=Markers(hbv=0.30, afp=0.12, ca19_9=0.60, cea=0.25, cancer=0.06),
    ),
    LesionClass(
        key="metastasis",
        name="Metastasis",
        malignant=True,
        snomed=("94381002", "Secondary malignant neoplasm of liver"),
        tissues={
            "body": Tissue(38, 16, 2, 0.05, 0.21, 10),
            "rim": Tissue(42, 97, 8, 0.15, 0.22, 17),
            "hypervascular": Tissue(44, 248, 8, 0.26, 0.16, 6),
        },
        appearance=Appearance(
            median_mm=18,
            ln_sd=0.7,
            extra_mean=3.0,
            extra_size=0.7,
            edge_mm=1.5,
            rim_mm=(2.0, 6.0),
            necrosis_probability=0.3,
            calcification_probability=0.06,
            variants=(("hypervascular", 0.15),),
        ),
        prevalence=0.20,
        male=0.55,
        age_years=(60, 12),
        cirrhosis=0.05,
        markers=Markers(hbv=0.08, afp=0.05, ca19_9=0.35, cea=0.55, cancer=0.80),
    ),
    LesionClass(
        key="hemangioma",
        name="Hemangioma",
        malignant=False,
        snomed=("93469006", "Hemangioma of liver"),
        tissues={"body": Tissue(38, 24, 1, 0.95, 0.11, 11), "nodule": Tissue(40, 300, 1, 0.59, 0.18, 7)},
        appearance=Appearance(
            median_mm=24, ln_sd=0.7, extra_mean=0.5, lobulation=0.12, fill_in=True, calcification_probability=0.12
        ),
        prevalence=0.15,
        male=0.40,
        age_years=(48, 12),
        cirrhosis=0.05,
        markers=Markers(hbv=0.10, afp=0.02, ca19_9=0.04, cea=0.03, cancer=0.12),
    ),
    LesionClass(
        key="fnh",
        name="Focal nodular hyperplasia",
        malignant=False,
        snomed=("278527001", "Focal nodular hyperplasia of liver"),
        tissues={"body": Tissue(51, 281, 10, 0.27, 0.16, 8), "scar": Tissue(40, 33, 4, 0.06, 0.57, 20)},
        appearance=Appearance(median_mm=32, ln_sd=0.5, extra_mean=0.14, lobulation=0.12, scar_probability=0.35),
        prevalence=0.07,
        male=0.35,
        age_years=(36, 10),
        cirrhosis=0.03,
        markers=Markers(hbv=0.10, afp=0.02, ca19_9=0.04, cea=0.02, cancer=0.06),
    ),
    LesionClass(
        key="cyst",
        name="Cyst",
        malignant=False,
        snomed=("85057007", "Cyst of liver"),
        tissues={"body": NO_FLOW},
        appearance=Appearance(
            median_mm=18, ln_sd=0.8, extra_mean=1.2, extra_size=0.6, lobulation=0.03, edge_mm=0.3, solid_hu_sd=6
        ),
        prevalence=0.13,
        male=0.45,
        age_years=(58, 13),
        cirrhosis=0.10,
        markers=Markers(hbv=0.10, afp=0.02, ca19_9=0.06, cea=0.03, cancer=0.12),
    ),
    LesionClass(
        key="calcification",
        name="Calcification",
        malignant=False,
        snomed=("18115005", "Pathologic calcification, calcified structure"),
        tissues={"body": Tissue(290, 0, 0, 0, 0, 0)},
        appearance=Appearance(median_mm=6, ln_sd=0.6, extra_mean=0.4, lobulation=0.25, edge_mm=0.3, solid_hu_sd=130),
        prevalence=0.03,
    ),
    LesionClass(
        key="other",
        name="Other lesion",
        malignant=False,
        snomed=("300331000", "Lesion of liver"),
        tissues={
            "body": Tissue(20, 0, 0, 0, 0, 0),
            "rim": Tissue(38, 135, 14, 0.19, 0.24, 19),
            "oedema": Tissue(44, 23, 19, 0.08, 0.21, 39),
            "adenoma": Tissue(56, 85, 31, 0.16, 0.15, 28),
            "angiomyolipoma": Tissue(20, 262, 5, 0.25, 0.14, 5),
        },
        appearance=Appearance(
            median_mm=40,
            ln_sd=0.5,
            extra_mean=0.3,
            lobulation=0.12,
            rim_mm=(2.0, 4.0),
            variants=(("adenoma", 0.35), ("angiomyolipoma", 0.2)),
            solid_hu_sd=7,
        ),
        prevalence=0.07,
        common=False,
        age_years=(50, 14),
        cirrhosis=0.08,
        markers=Markers(hbv=0.12, afp=0.04, ca19_9=0.10, cea=0.05, cancer=0.06),
    ),
)

LESION_CLASSES: dict[str, LesionClass] = {row.key: row for row in _TABLE}
"""Key to row, in the order in which classifiers number their outputs."""

MALIGNANT = tuple(key for key, row in LESION_CLASSES.items() if row.malignant)
BENIGN = tuple(key for key, row in LESION_CLASSES.items() if not row.malignant)

METASTASIS_ORIGINS = ("colorectal", "gastric", "pancreas", "breast", "lung", "net", "other")


def lesion_class(key: str) -> LesionClass:
    """The row called ``key``.

    Raises:
        UnknownNameError: with the closest known key.
    """
    return LESION_CLASSES[check_name(key, LESION_CLASSES, kind="lesion class")]
