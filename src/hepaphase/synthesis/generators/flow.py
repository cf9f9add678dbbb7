"""Rectified flow in the wavelet domain: whole volumes in a few steps, samples for the doubt."""

from ...bundle.bundle import Bundle
from ...study.phase import Phase
from ...study.study import AlignedStudy
from ..image import Family, ImageGenerator
from ..networks.flow import FlowConfig, FlowNetwork
from ..protocol import Generated
from ..trained_for import TrainedFor

FAMILY = Family("flow", FlowConfig, FlowNetwork)


class Generator:
    """The median of samples that each could be the phase; any subset in, any phase and time out."""

    recipe = "flow"
    """What trains it."""

    def __init__(
        self, network: FlowNetwork | None = None, trained_for: TrainedFor | None = None, *, device: str = "cpu"
    ) -> None:
        self._inner = ImageGenerator("flow", network or FAMILY.untrained(), trained_for, device=device)

    @classmethod
    def from_bundle(cls, bundle: Bundle, *, device: str = "cpu") -> "Generator":
        """From a trained bundle.

        Raises:
            BundleError: when it is of another generator, or its weights do not fit.
        """
        network, trained_for = FAMILY.unpack(bundle)
        assert isinstance(network, FlowNetwork)
        return cls(network, trained_for, device=device)

    def generate(self, study: AlignedStudy, target: Phase, *, time_s: float | None = None) -> Generated:
        """See :class:`..protocol.Generator` and :class:`..image.ImageGenerator`."""
        return self._inner.generate(study, target, time_s=time_s)
