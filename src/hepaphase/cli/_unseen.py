"""No benchmark on patients that trained what it measures."""

from collections.abc import Sequence
from pathlib import Path


def refuse_trained(prepared: Path, bundles: Sequence[Path]) -> None:
    """Refuse when a case of ``prepared`` trained one of ``bundles``, or the shipped model of a kind that they lack.

    Raises:
        InputError: naming the model and some of the cases.
        BundleError: for a file that is no bundle.
    """
    from ..bundle.bundle import Bundle, shipped
    from ..training.cohort import open_cohort
    from ..training.scans import require_unseen

    given = {str(path): Bundle.load(path) for path in bundles}
    kinds = {bundle.kind for bundle in given.values()}
    ours = {f"shipped {kind}": Bundle.load(shipped(kind)) for kind in ("diagnosis", "synthesis") if kind not in kinds}
    require_unseen(open_cohort(prepared).files, {name: bundle.card for name, bundle in {**given, **ours}.items()})
