"""A 3-D U-Net with L1: the plainest network that completes any subset."""

from ...bundle.bundle import Bundle
from ...study.phase import Phase
from ...study.study import AlignedStudy
from ..image import Family, ImageGenerator
from ..networks.film import FilmConfig, FilmImageNetwork
from ..protocol import Generated
from ..trained_for import TrainedFor

FAMILY = Family("unet", FilmConfig, FilmImageNetwork)


class Generator:
    """Regresses the phase wanted under absolute error."""

    recipe = "unet"
    """What trains it."""

    def __init__(
        self, network: FilmImageNetwork | None = None, trained_for: TrainedFor | None = None, *, device: str = "cpu"
    ) -> None:
        self._inner = ImageGenerator("unet", network or FAMILY.untrained(), trained_for, device=device)

    @classmethod
    def from_bundle(cls, bundle: Bundle, *, device: str = "cpu") -> "Generator":
        """From a trained bundle.

        Raises:
            BundleError: when it is of another generator, or its weights do not fit.
        """
        network, trained_for = FAMILY.unpack(bundle)
        assert isinstance(network, FilmImageNetwork)
        return cls(network, trained_for, device=device)

    def generate(self, study: AlignedStudy, target: Phase, *, time_s: float | None = None) -> Generated:
        """See :class:`..protocol.Generator` and :class:`..image.ImageGenerator`."""
        return self._inner.generate(study, target, time_s=time_s)
