"""pix2pix in three dimensions: a U-Net taught by a patch critic beside absolute error."""

from ...bundle.bundle import Bundle
from ...study.phase import Phase
from ...study.study import AlignedStudy
from ..image import Family, ImageGenerator
from ..networks.film import FilmConfig, FilmImageNetwork
from ..protocol import Generated
from ..trained_for import TrainedFor

FAMILY = Family("pix2pix", FilmConfig, FilmImageNetwork)


class Generator:
    """Isola et al. 2017 in 3-D, conditional on any subset of phases."""

    recipe = "pix2pix"
    """What trains it."""

    def __init__(
        self, network: FilmImageNetwork | None = None, trained_for: TrainedFor | None = None, *, device: str = "cpu"
    ) -> None:
        self._inner = ImageGenerator("pix2pix", network or FAMILY.untrained(), trained_for, device=device)

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
