"""Multi-phase liver CT: complete the missing phases, find and name the lesions, report. Research use only."""

import importlib
from typing import Any

__version__ = "0.1.0.dev0"

_PUBLIC = {
    "AlignedStudy": "study.study",
    "Findings": "study.findings",
    "Geometry": "study.geometry",
    "LESION_CLASSES": "study.lesions",
    "Models": "inference.models",
    "Phase": "study.phase",
    "Provenance": "study.phase",
    "ReadOptions": "inference.options",
    "Study": "study.study",
    "check_physics": "inference.physics",
    "evaluate_folders": "benchmark.folders",
    "prepare_cohort": "prepare.cohort",
    "read": "inference.pipeline",
    "read_case": "io.case",
    "read_source": "io.source",
    "simulate": "phantom.simulate",
    "synthesize": "inference.single",
    "take_in": "inference.intake",
    "write_case": "io.case",
    "write_cohort": "phantom.cohort",
    "write_forms": "report.forms",
    "write_reading": "inference.write",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that ``import hepaphase`` costs nothing."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'hepaphase' has no attribute '{name}'")
    return getattr(importlib.import_module(f"hepaphase.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
