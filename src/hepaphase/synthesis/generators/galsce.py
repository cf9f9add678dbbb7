"""GALS-CE's generator: Swin-augmented, started from disentanglement, taught with features of enhanced scans."""

from ...bundle.bundle import Bundle
from ...study.phase import Phase
from ...study.study import AlignedStudy
from ..image import Family, ImageGenerator
from ..networks.galsce import GalsceConfig
from ..networks.galsce_generator import ENHANCED, GalsceGenerator
from ..protocol import Generated
from ..trained_for import TrainedFor

FAMILY = Family("galsce", GalsceConfig, GalsceGenerator)
FROM_NC = TrainedFor(inputs=("NC",), targets=tuple(str(p) for p in ENHANCED))


class Generator:
    """From the non-contrast scan alone, as published; other phases are not looked at, nor is the time asked."""

    recipe = "galsce_1b"
    """What trains it."""

    def __init__(
        self, network: GalsceGenerator | None = None, trained_for: TrainedFor = FROM_NC, *, device: str = "cpu"
    ) -> None:
        self._inner = ImageGenerator("galsce", network or FAMILY.untrained(), trained_for, device=device)

    @classmethod
    def from_bundle(cls, bundle: Bundle, *, device: str = "cpu") -> "Generator":
        """From a trained bundle.

        Raises:
            BundleError: when it is of another generator, or its weights do not fit.
        """
        network, trained_for = FAMILY.unpack(bundle)
        assert isinstance(network, GalsceGenerator)
        return cls(network, trained_for, device=device)

    def generate(self, study: AlignedStudy, target: Phase, *, time_s: float | None = None) -> Generated:
        """See :class:`..protocol.Generator` and :class:`..image.ImageGenerator`."""
        return self._inner.generate(study, target, time_s=time_s)
