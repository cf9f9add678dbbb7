"""No contrast without a correlate: what a generated phase may show near the surface of the liver.

There the network reads a voxel in part as what lies beside the liver: muscle, stomach, kidney. What contrast agent adds
to it between the given phases and another time, beyond what it adds to the liver, becomes contrast at that time. What
was scanned bounds it: where that shows nothing but liver, a tissue that takes up 30 HU less would have to be 30 HU
brighter without contrast agent by chance. B batch, N voxels, T times.
"""

from torch import Tensor

LIMIT_HU = 10.0
"""What a place that no given phase shows may change against the liver: what the truth must not show of a lesion."""
GAIN = 2.0
"""Of what is seen beyond ``SLACK_HU``, what it may change besides."""
SLACK_HU = 3.0


def unfounded_share(change_hu: Tensor, seen_hu: Tensor) -> Tensor:
    """How much of each voxel's own enhancement has no correlate in what was given, 0 to 1, (B, N).

    Args:
        change_hu: by how much each voxel changes against the liver from the given phases to other times, (B, N, T).
        seen_hu: how far it is from the liver in any given phase, (B, N); infinite outside the liver.
    """
    limit = LIMIT_HU + GAIN * (seen_hu - SLACK_HU).clamp(min=0)
    return (1 - limit / change_hu.abs().amax(dim=2).clamp(min=1e-3)).clamp(min=0)
