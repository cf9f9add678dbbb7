"""The scale `table` as nnU-Net's plan has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...base.errors import ConfigError, InputError
from ...recipes.table import CROP_ZYX, NUM_STEPS

CONFIGURATION = "3d_fullres"
SPACING_MM = 4.0
ITERATIONS_PER_EPOCH = 50
"""nnU-Net has 250; its learning rate falls once per epoch, so that shorter epochs keep its course over 1000 steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Sizes of one training.

    Raises:
        ConfigError: when the steps are no whole number of epochs, or strides and features are not as many.
    """

    patch_zyx: tuple[int, int, int] = CROP_ZYX
    """The whole liver crop, as in every other row."""
    batch_size: int = 2
    num_steps: int = NUM_STEPS
    features: tuple[int, ...] = (8, 16, 32, 64, 80)
    """A quarter of what nnU-Net plans (32, 64, 128, 256, 320), to fit the time of a row (our choice)."""
    strides: tuple[tuple[int, int, int], ...] = ((1, 1, 1), (2, 2, 2), (2, 2, 2), (2, 2, 2), (1, 2, 2))
    """As nnU-Net plans them for this patch: an axis is halved while four voxels are left."""
    steps_per_epoch: int = ITERATIONS_PER_EPOCH

    def __post_init__(self) -> None:
        if self.num_steps % self.steps_per_epoch:
            raise ConfigError(f"{self.num_steps} steps are no whole number of epochs of {self.steps_per_epoch}.")
        if len(self.features) != len(self.strides):
            raise ConfigError(f"{len(self.features)} numbers of features, {len(self.strides)} strides; give as many.")

    @property
    def num_epochs(self) -> int:
        """Epochs of ``steps_per_epoch``."""
        return self.num_steps // self.steps_per_epoch

    @property
    def changes(self) -> str:
        """What nnU-Net would do otherwise, for the facts of a row."""
        z, y, x = self.patch_zyx
        features = "-".join(map(str, self.features))
        return (
            f"features {features}; patch {z}x{y}x{x}; batch {self.batch_size}; {self.num_epochs} epochs of "
            f"{self.steps_per_epoch}; no mirroring when reading"
        )


TABLE = Scale()
TINY = Scale(
    patch_zyx=(16, 16, 16),
    num_steps=2,
    features=(4, 8, 8),
    strides=((1, 1, 1), (2, 2, 2), (2, 2, 2)),
    steps_per_epoch=1,
)
"""For trying the row out."""


def fixed_plan(plan: Mapping[str, Any], scale: Scale, *, name: str) -> dict[str, Any]:
    """nnU-Net's ``plan`` at ``scale``, under another ``name``; what is not said here stays as it was planned.

    Raises:
        InputError: when it is not a plan as nnU-Net 2.5 and later write it.
    """
    try:
        planned = plan["configurations"][CONFIGURATION]
        network = planned["architecture"]
        depth = len(scale.features)
        sizes = {
            "n_stages": depth,
            "features_per_stage": list(scale.features),
            "kernel_sizes": [[3, 3, 3]] * depth,
            "strides": [list(stride) for stride in scale.strides],
            "n_conv_per_stage": [2] * depth,
            "n_conv_per_stage_decoder": [2] * (depth - 1),
        }
        arguments = {**network["arch_kwargs"], **sizes}
    except (KeyError, TypeError) as error:
        raise InputError(
            f"nnU-Net's plan has no {error} where it was looked for. Install nnunetv2 2.8 (docs/how-to/compare.md)."
        ) from error
    fixed = {
        **planned,
        "data_identifier": f"{name}_{CONFIGURATION}",
        "patch_size": list(scale.patch_zyx),
        "batch_size": scale.batch_size,
        "spacing": [SPACING_MM] * 3,
        "architecture": {**network, "arch_kwargs": arguments},
    }
    return {**plan, "plans_name": name, "configurations": {CONFIGURATION: fixed}}
