"""nnU-Net raw: one file per channel, phases and labels named in ``dataset.json``."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...base.atomic import write_json
from ...base.errors import InputError
from ...study.phase import Phase
from ...study.study import Study
from ..files import FileCohort
from ..layout import Layout, MaskRule
from ..spelling import PHASE_WORDS

_LESIONS = ("lesion", "lesions", "tumor", "tumour", "cancer")
_OURS: dict[str, Any] = {
    "channel_names": {str(i): str(phase) for i, phase in enumerate(Phase)},
    "labels": {"background": 0, "liver": 1, "lesions": 2},
    "file_ending": ".nii.gz",
}


class Adapter(FileCohort):
    """``imagesTr/CASE_0000.nii.gz``, ``labelsTr/CASE.nii.gz``; ``dataset.json`` says what the channels and labels are.

    Channels are phases by name (``NC``, ``arterial``, ...); labels are ours by name, never by number. A single channel
    called ``CT`` counts as portal venous, with a warning.
    """

    source = "nnunet"
    layout = Layout(scans="images{set}/{case}_{phase}.nii.gz", sets=("Tr", "Ts"))

    @classmethod
    def recognizes(cls, root: Path) -> bool:
        """Whether ``dataset.json`` names channels, as nnU-Net's second version does."""
        path = root / "dataset.json"
        return path.is_file() and '"channel_names"' in path.read_text(encoding="utf-8", errors="replace")

    @classmethod
    def layout_at(cls, root: Path) -> Layout:
        """The layout that ``dataset.json`` describes; ours where there is none yet.

        Raises:
            InputError: when it is damaged, or no channel is a phase.
        """
        path = root / "dataset.json"
        try:
            said = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else _OURS
            channels, labels = dict(said["channel_names"]), dict(said["labels"])
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"'{path}' is no dataset.json of nnU-Net: {error}. It needs channel_names, labels."
            ) from error
        words = {f"{int(i):04d}": PHASE_WORDS[n.lower()] for i, n in channels.items() if n.lower() in PHASE_WORDS}
        alone = not words and len(channels) == 1
        if not words and not alone:
            raise InputError(f"No channel in '{path}' is a phase ({', '.join(channels.values())}). Name one NC or AP.")
        rule = MaskRule(template="labels{set}/{case}.nii.gz", parts=_parts(labels))
        words = {"0000": Phase.PVP} if alone else words
        return Layout(scans=cls.layout.scans, sets=cls.layout.sets, words=words, phase_told=not alone, masks=(rule,))

    @classmethod
    def write_example(cls, root: Path, study: Study) -> None:
        """Lay ``study`` out with a channel per phase."""
        super().write_example(root, study)
        write_json(root / "dataset.json", {**_OURS, "numTraining": 1})


def _parts(labels: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Our masks from named labels; a lesion lies in the liver, so its values count for both."""
    values = {name.lower(): tuple(v) if isinstance(v, list) else (int(v),) for name, v in labels.items()}
    lesions = tuple(v for name in _LESIONS for v in values.get(name, ()))
    liver = values.get("liver", ())
    parts = {"liver": (*liver, *(v for v in lesions if v not in liver))} if liver else {}
    return parts | ({"lesions": lesions} if lesions else {})
