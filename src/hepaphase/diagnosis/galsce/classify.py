"""The classifier on a prepared study."""

import numpy as np
import numpy.typing as npt
import torch

from ...bundle.bundle import Bundle
from ...study.study import AlignedStudy
from ..diagnose import liver_of
from ..known_facts import clinical_numbers
from .box import channels
from .network import Galsce, GalsceConfig
from .scheme import NONE, scheme

KIND = "galsce"
"""Of the bundle."""


class Classifier:
    """A trained network with its names."""

    def __init__(self, network: Galsce, config: GalsceConfig, box_zyx: tuple[int, int, int]) -> None:
        self.network = network.eval()
        self.asked = scheme(config.scheme)
        self.names = self.asked.outputs
        self.box_zyx = box_zyx

    @property
    def knows_none(self) -> bool:
        """Whether one of the answers is a liver without a lesion."""
        return NONE in self.names

    @classmethod
    def from_bundle(cls, bundle: Bundle) -> "Classifier":
        """The classifier that ``bundle`` holds.

        Raises:
            BundleError: if it was trained for other outputs.
        """
        config = GalsceConfig.from_dict(bundle.config["network"])
        bundle.check_classes(scheme(config.scheme).outputs)
        network = Galsce(config)
        bundle.load_into(network)
        z, y, x = bundle.config["box_zyx"]
        return cls(network, config, (z, y, x))

    def classify(self, study: AlignedStudy, lesions: npt.NDArray[np.integer]) -> dict[str, float]:
        """Output to probability, summing to one, from whatever phases there are.

        Args:
            study: on a 4 mm grid, with a ``liver`` mask; scanned and generated phases are read alike.
            lesions: (z, y, x), zero outside lesions; true ones, or those that ``diagnose`` finds.

        Raises:
            StudyError: without a liver mask.
        """
        x, present = channels(study.hu, liver_of(study), np.asarray(lesions) > 0, self.box_zyx)
        known = clinical_numbers(study.clinical)
        with torch.inference_mode():
            logits = self.network(*(torch.from_numpy(part)[None] for part in (x, present, known)))
        shares = logits[0].float().softmax(0).tolist()
        return dict(zip(self.names, shares, strict=True))
