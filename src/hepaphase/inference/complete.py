"""Stage I in a reading: the phases that were not scanned, on the working grid and on the reference grid."""

from dataclasses import replace

from ..bundle.bundle import Bundle
from ..study.phase import Phase, Provenance
from ..study.study import AlignedStudy, HuArray, known_time_s
from ..synthesis.apply import apply_generated, upsample_sd
from ..synthesis.load import generator_of


def complete(
    small: AlignedStudy,
    box: AlignedStudy,
    targets: tuple[Phase, ...],
    bundle: Bundle,
    *,
    device: str = "cpu",
    draw: bool = False,
) -> tuple[AlignedStudy, AlignedStudy]:
    """Add the phases ``targets`` to both studies, marked synthetic, with their uncertainty.

    Args:
        small: the scanned phases on the working grid.
        box: the same at the resolution of the reference phase.
        targets: phases that are in neither.
        bundle: a synthesis bundle.
        device: where the network runs.
        draw: give ``small`` the phases with the noise of a scan, where the generator knows it, for measuring.
    """
    if not targets:
        return small, box
    generator = generator_of(bundle, device=device)
    reference = small.reference
    low, high, low_sd, high_sd = dict(small.hu), dict(box.hu), dict(small.sd_hu), dict(box.sd_hu)
    for target in targets:
        made = generator.generate(small, target)
        low[target] = made.draw_hu if draw and made.draw_hu is not None else made.hu
        low_sd[target] = made.sd_hu
        high[target] = apply_generated(box.hu[reference], box.geometry, small.hu[reference], made.hu, small.geometry)
        high_sd[target] = upsample_sd(made.sd_hu, small.geometry, box.geometry)
    return _marked(small, low, low_sd, targets), _marked(box, high, high_sd, targets)


def _marked(
    study: AlignedStudy, hu: dict[Phase, HuArray], sd_hu: dict[Phase, HuArray], targets: tuple[Phase, ...]
) -> AlignedStudy:
    return replace(
        study,
        hu={p: hu[p] for p in Phase if p in hu},
        sd_hu=sd_hu,
        provenance={**study.provenance, **dict.fromkeys(targets, Provenance.SYNTHETIC)},
        time_s={**study.time_s, **{t: known_time_s(t, None) for t in targets}},
        transforms={**study.transforms, **dict.fromkeys(targets, study.transforms[study.reference])},
    )
