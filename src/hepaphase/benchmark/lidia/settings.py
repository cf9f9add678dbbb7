"""The rows of LIDIA's tables as changes of one run, and what was published for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...base.names import check_name
from ...diagnosis.build import FusionKind
from ...diagnosis.contrastive import ContrastConfig
from ...diagnosis.patient_score import ScoreKind
from ...recipes.table import recipe
from ...training.phase_choice import PhaseChoice
from ...training.run import Run
from ...training.tasks.diagnosis import DiagnosisConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One network that is trained; several rows may read it."""

    network: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the network that differ from the recipe `table`."""
    focal: bool = True
    contrast: bool = False
    sharpness: bool = False
    enhanced: bool = True
    """Draw points from lesions themselves."""
    delayed: bool = True
    """Whether the delayed phase is read where there is one, in training and in testing."""

    def run(self, *, seed: int, quick: bool = False) -> Run:
        """The run that trains it; in ``quick`` of the same kind and tiny."""
        base = recipe().made_quick() if quick else recipe()
        return replace(base, seed=seed, task=self._task(base.task))

    def _task(self, task: DiagnosisConfig) -> DiagnosisConfig:
        loss = replace(
            task.loss,
            gamma=task.loss.gamma if self.focal else 0.0,
            contrast=task.loss.contrast if self.contrast else ContrastConfig(),
            points=task.loss.points if self.enhanced else replace(task.loss.points, foreground=0.0),
        )
        phases = task.patch.phases if self.delayed else PhaseChoice(delayed_share=0.0)
        return replace(
            task,
            network=replace(task.network, **self.network),
            loss=loss,
            patch=replace(task.patch, phases=phases),
            sharpness=task.sharpness if self.sharpness else 0.0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table."""

    title: str
    training: str
    score: ScoreKind
    published: Mapping[str, float] = field(default_factory=dict)
    """Statistic to the paper's figure."""
    num_seeds: int = 3
    """Three where the published gap to the row it is held against is 0.01 or more, else one."""
    foreign: bool = False
    """Trained through a command of its own; the training is none of ``TRAININGS``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of the paper, or one that answers a question of it."""

    title: str
    rows: Mapping[str, Row]
    """Name to row."""
    against: str = ""
    """Row that every other is held against; the row before, where empty."""
    statistics: tuple[str, ...] = ("AUC-8", "AUC-2")


def _voxels(fusion: FusionKind, *, delayed: bool) -> Training:
    """nnU-Net-style: voxels alone, cross-entropy."""
    return Training(network={"num_queries": 0, "fusion": fusion}, delayed=delayed)


TRAININGS: Mapping[str, Training] = {
    "nnunet": _voxels("stack", delayed=False),
    "nnunet-delayed": _voxels("stack", delayed=True),
    "hemis": _voxels("moments", delayed=True),
    "hemis-early": _voxels("moments", delayed=False),
    "convlstm": _voxels("convlstm", delayed=True),
    "convlstm-early": _voxels("convlstm", delayed=False),
    "ifm-voxels": _voxels("iterative", delayed=True),
    "ifm-voxels-early": _voxels("iterative", delayed=False),
    "ifm-separate": Training(network={"num_queries": 0, "shared_operator": False}),
    "ifm-mean": Training(network={"num_queries": 0, "operator_start": "mean"}),
    "mask2former": Training(
        network={"fusion": "stack", "semantic_branch": False}, focal=False, enhanced=False, delayed=False
    ),
    "plan": Training(network={"fusion": "stack", "num_anchors": 20, "num_memory": 32}, focal=False, delayed=False),
    "base": Training(network={"fusion": "stack"}, focal=False, delayed=False),
    "focal": Training(network={"fusion": "stack"}, delayed=False),
    "ifm": Training(),
    "acl": Training(contrast=True),
    "lidia": Training(contrast=True, sharpness=True),
    "branch": Training(network={"num_memory": 32}, contrast=True),
}
"""Name to training. Those called early leave the delayed phase out, as the paper's baseline does."""

_NNUNET = {
    "AUC-8": 0.822,
    "AUC-2": 0.915,
    "lesion precision": 0.909,
    "lesion recall": 0.854,
    "lesion class accuracy": 0.8575,
    "lesion_dice": 0.873,
}
"""The paper's row of nnU-Net."""

METHODS = Table(
    title="Methods (LIDIA, table 1)",
    against="lidia",
    statistics=("AUC-8", "AUC-2", "lesion precision", "lesion recall", "lesion class accuracy", "lesion_dice"),
    rows={
        "nnunet": Row(title="nnU-Net style, score by size", training="nnunet", score="size", published=_NNUNET),
        "nnunetv2": Row(
            title="nnU-Net v2 itself, score by size", training="nnunetv2", score="size", published=_NNUNET, foreign=True
        ),
        "mask2former": Row(
            title="Mask2Former, score by size",
            training="mask2former",
            score="size",
            published={
                "AUC-8": 0.841,
                "AUC-2": 0.895,
                "lesion precision": 0.832,
                "lesion recall": 0.861,
                "lesion class accuracy": 0.8658,
                "lesion_dice": 0.875,
            },
        ),
        "plan": Row(
            title="PLAN, patient branch",
            training="plan",
            score="branch",
            published={
                "AUC-8": 0.905,
                "AUC-2": 0.878,
                "lesion precision": 0.907,
                "lesion recall": 0.886,
                "lesion class accuracy": 0.8699,
                "lesion_dice": 0.869,
            },
        ),
        "galsce_8": Row(
            title="GALS-CE's classifier (8 classes) on lesions that a reader marks",
            training="galsce_8",
            score="branch",
            num_seeds=1,
            foreign=True,
        ),
        "lidia": Row(
            title="LIDIA",
            training="lidia",
            score="liver_max",
            published={
                "AUC-8": 0.936,
                "AUC-2": 0.946,
                "lesion precision": 0.886,
                "lesion recall": 0.866,
                "lesion class accuracy": 0.8812,
                "lesion_dice": 0.869,
            },
        ),
    },
)


def _classes(*values: float) -> dict[str, float]:
    """A line of the paper's tables 2 and 3, in its order of classes."""
    order = ("hcc", "icc", "metastasis", "hemangioma", "fnh", "cyst", "calcification", "other")
    return {**{f"AUC {key}": value for key, value in zip(order, values[:-1], strict=True)}, "AUC-8": values[-1]}


def _fusion(title: str, training: str, published: Mapping[str, float] | None = None, *, num_seeds: int = 3) -> Row:
    return Row(title=title, training=training, score="size", published=published or {}, num_seeds=num_seeds)


FUSION = Table(
    title="Fusion of phases, nnU-Net style, score by size (LIDIA, table 2)",
    against="nnunet",
    rows={
        "nnunet": _fusion(
            "stacked, without DP", "nnunet", _classes(0.907, 0.728, 0.884, 0.973, 0.866, 0.955, 0.5, 0.762, 0.822)
        ),
        "nnunet-delayed": _fusion("stacked, with DP", "nnunet-delayed", num_seeds=1),
        "hemis": _fusion(
            "HeMIS, with DP",
            "hemis",
            _classes(0.900, 0.749, 0.899, 0.945, 0.832, 0.948, 0.5, 0.808, 0.823),
            num_seeds=1,
        ),
        "hemis-early": _fusion("HeMIS, without DP", "hemis-early", num_seeds=1),
        "convlstm": _fusion(
            "ConvLSTM, with DP",
            "convlstm",
            _classes(0.890, 0.715, 0.890, 0.972, 0.900, 0.935, 0.5, 0.781, 0.823),
            num_seeds=1,
        ),
        "convlstm-early": _fusion("ConvLSTM, without DP", "convlstm-early", num_seeds=1),
        "ifm-voxels": _fusion(
            "iterative, with DP", "ifm-voxels", _classes(0.913, 0.757, 0.899, 0.961, 0.902, 0.956, 0.5, 0.815, 0.838)
        ),
        "ifm-voxels-early": _fusion("iterative, without DP", "ifm-voxels-early", num_seeds=1),
    },
)

ABLATION = Table(
    title="Ablation in the paper's order (LIDIA, table 3)",
    rows={
        "base": Row(
            title="baseline",
            training="base",
            score="size",
            published=_classes(0.861, 0.711, 0.857, 0.935, 0.797, 0.880, 0.790, 0.753, 0.823),
        ),
        "focal": Row(
            title="+ focal loss",
            training="focal",
            score="size",
            published=_classes(0.880, 0.696, 0.882, 0.909, 0.799, 0.926, 0.897, 0.736, 0.841),
        ),
        "livermax": Row(
            title="+ LiverMax",
            training="focal",
            score="liver_max",
            published=_classes(0.934, 0.853, 0.947, 0.974, 0.968, 0.942, 0.912, 0.826, 0.919),
        ),
        "ifm": Row(
            title="+ IFM",
            training="ifm",
            score="liver_max",
            num_seeds=1,
            published=_classes(0.941, 0.846, 0.940, 0.975, 0.953, 0.943, 0.958, 0.846, 0.925),
        ),
        "acl": Row(
            title="+ ACL",
            training="acl",
            score="liver_max",
            num_seeds=1,
            published=_classes(0.954, 0.845, 0.948, 0.973, 0.966, 0.946, 0.937, 0.856, 0.928),
        ),
        "lidia": Row(
            title="+ SAM (LIDIA)",
            training="lidia",
            score="liver_max",
            published=_classes(0.951, 0.850, 0.951, 0.979, 0.970, 0.948, 0.963, 0.874, 0.936),
        ),
    },
)

SCORES = Table(
    title="Score of the patient, one network with all three (no table of the paper)",
    against="branch-livermax",
    rows={
        "branch-size": Row(title="by size", training="branch", score="size", num_seeds=1),
        "branch-branch": Row(title="patient branch", training="branch", score="branch", num_seeds=1),
        "branch-livermax": Row(title="LiverMax", training="branch", score="liver_max", num_seeds=1),
    },
)


def _by_livermax(title: str, training: str) -> Row:
    return Row(title=title, training=training, score="liver_max", num_seeds=1)


SAME_SCORE = Table(
    title="All networks by LiverMax, so that networks differ and scores do not (no table of the paper)",
    against="livermax",
    rows={
        "livermax": ABLATION.rows["livermax"],
        "base-livermax": _by_livermax("baseline", "base"),
        "nnunet-livermax": _by_livermax("nnU-Net style, stacked without DP", "nnunet"),
        "ifm-voxels-livermax": _by_livermax("nnU-Net style, iterative with DP", "ifm-voxels"),
        "mask2former-livermax": _by_livermax("Mask2Former", "mask2former"),
        "plan-livermax": _by_livermax("PLAN", "plan"),
    },
)

OPERATORS = Table(
    title="Operators of the iterative fusion, nnU-Net style, score by size (no table of the paper)",
    against="ifm-voxels",
    rows={
        "ifm-voxels": _fusion("one for all steps, random at the start", "ifm-voxels"),
        "ifm-separate": _fusion("one per phase", "ifm-separate", num_seeds=1),
        "ifm-mean": _fusion("one for all steps, at the start the mean", "ifm-mean", num_seeds=1),
        "nnunet-delayed": _fusion("none: stacked, with DP", "nnunet-delayed", num_seeds=1),
    },
)

TABLES = {
    "methods": METHODS,
    "fusion": FUSION,
    "ablation": ABLATION,
    "scores": SCORES,
    "same_score": SAME_SCORE,
    "operators": OPERATORS,
}


def training(name: str) -> Training:
    """The training called ``name``.

    Raises:
        UnknownNameError: with the closest known name.
    """
    check_name(name, TRAININGS, kind="training")
    return TRAININGS[name]
