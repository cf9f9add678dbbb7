"""HU per mg of iodine in a milliliter, by tube voltage and size of the patient."""

from scipy.interpolate import RegularGridInterpolator

from ..base.errors import ConfigError

_KVP = (70.0, 80.0, 100.0, 120.0, 140.0)
_DIAMETER_CM = (20.0, 25.0, 30.0, 35.0)
_KAPPA = (
    (53.0, 51.0, 50.0, 48.0),
    (45.0, 43.0, 41.5, 40.0),
    (35.0, 33.0, 31.3, 30.0),
    (29.0, 27.0, 25.3, 24.0),
    (25.0, 23.0, 21.4, 20.0),
)
"""Computed from tube spectra behind water (physics notes, A): rows by voltage, columns by diameter."""


def kappa_hu_per_mg_ml(kvp: float, *, diameter_cm: float = 30.0) -> float:
    """Enhancement in HU of one mg iodine per ml behind ``diameter_cm`` of water; linear between the table's points.

    Diameters outside the table take its edge.

    Raises:
        ConfigError: for a voltage outside 70 to 140 kVp.
    """
    if not _KVP[0] <= kvp <= _KVP[-1]:
        raise ConfigError(f"The tube voltage must be between 70 and 140 kVp, got {kvp:g}.")
    table = RegularGridInterpolator((_KVP, _DIAMETER_CM), _KAPPA)
    inside = min(max(diameter_cm, _DIAMETER_CM[0]), _DIAMETER_CM[-1])
    return float(table([(kvp, inside)])[0])
