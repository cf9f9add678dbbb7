"""The regression that wins SynthRAD: nnU-Net's network and schedule, absolute error instead of classes."""

from ...bundle.bundle import Bundle
from ...study.phase import Phase
from ...study.study import AlignedStudy
from ..image import Family, ImageGenerator
from ..networks.plain import PlainConfig, PlainNetwork
from ..protocol import Generated
from ..trained_for import TrainedFor

FAMILY = Family("nnunet", PlainConfig, PlainNetwork)


class Generator:
    """nnU-Net asked for HU (Huijben et al. 2024 describe the challenge); its network, optimizer and schedule."""

    recipe = "nnunet"
    """What trains it."""

    def __init__(
        self, network: PlainNetwork | None = None, trained_for: TrainedFor | None = None, *, device: str = "cpu"
    ) -> None:
        self._inner = ImageGenerator("nnunet", network or FAMILY.untrained(), trained_for, device=device)

    @classmethod
    def from_bundle(cls, bundle: Bundle, *, device: str = "cpu") -> "Generator":
        """From a trained bundle.

        Raises:
            BundleError: when it is of another generator, or its weights do not fit.
        """
        network, trained_for = FAMILY.unpack(bundle)
        assert isinstance(network, PlainNetwork)
        return cls(network, trained_for, device=device)

    def generate(self, study: AlignedStudy, target: Phase, *, time_s: float | None = None) -> Generated:
        """See :class:`..protocol.Generator` and :class:`..image.ImageGenerator`."""
        return self._inner.generate(study, target, time_s=time_s)
