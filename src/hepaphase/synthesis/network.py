"""The kinetic network: scanned phases in, a curve per voxel out. B batch, P phases, N voxels, T times."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..base.errors import ConfigError
from ..kinetics.tube import kappa_hu_per_mg_ml
from ..nn.kinetic_layer import tissue_enhancement
from ..nn.unet import SLOPE, FilmUNet
from .arterial import CALCIUM_HU, arterial_part
from .circulations import ORGANS, Circulations, Mixture
from .facts import NUM_FACTS
from .founded import unfounded_share
from .levels import LEVEL_OF_LIVER, NUM_LEVELS, level_hu
from .liver_level import (
    BLOOD_HU,
    BLOOD_SD_HU,
    SEEN_BLOOD_SD_HU,
    LiverLevel,
    SeenBlood,
    agreeing,
    fitted_times,
)
from .maps import NUM_MAPS, NUM_PHASES, PHASE_TIMES_S, CurveMaps, bounded_maps, log_sd_at, window_at
from .organ_gains import EQUILIBRIUM_S, LATE, voxel_gains, with_late_curves
from .reach import UNSCANNED_HU

HAEMATOCRIT = 0.40
"""Of every patient; the network cannot see it, and its part is taken by the volumes (our choice)."""
UNLIKE_HU = (60.0, 100.0)
"""Enhancement beyond the liver's, in any phase, from which a voxel at the liver's level in the scan counts as made up
in part and wholly (our choice)."""
_TIME_SCALE_S = 100.0
_HU_CENTER, _HU_SCALE = 50.0, 75.0
_HU_WINDOW = (-250.0, 550.0)
"""What the network sees; the unenhanced level is anchored on the values as they are."""


class Scanned(NamedTuple):
    """What was scanned."""

    hu: Tensor
    """(B, P, z, y, x); finite, whatever it is, where absent."""
    present: Tensor
    """Bool (B, P)."""
    time_s: Tensor
    """(B, P); finite, whatever it is, where absent."""
    facts: Tensor | None = None
    """What is known of patient, injection and tube, (B, ``facts.NUM_FACTS``); None for nothing."""
    levels: Tensor | None = None
    """What the phases measure as a whole, (B, ``levels.NUM_LEVELS``); None for nothing."""
    liver: Tensor | None = None
    """Positions in the flattened volume of some voxels of the liver, (B, S); -1 where it is not known."""
    plain: Tensor | None = None
    """How surely each voxel is plain liver by what was scanned, 0 to 1, (B, z, y, x); None for not at all."""
    seen: Tensor | None = None
    """How far each voxel near the liver's surface is from the liver's middle in any phase, HU, (B, z, y, x), elsewhere
    infinite, ``plain.off_liver``; None for not known."""
    rim: Tensor | None = None
    """The same near the liver's surface, which counts however the network makes it, (B, z, y, x), ``plain.plain_rim``;
    None for not at all."""
    organs: Tensor | None = None
    """How much of each voxel is a known organ, (B, O + 1, z, y, x), ``known_organs.organ_shares``; None for nothing."""
    regions: Tensor | None = None
    """How much of each voxel is an organ whose level without contrast agent is known, (B, R, z, y, x),
    ``organ_gains.region_shares``; None for nothing."""
    arterial: Tensor | None = None
    """How surely each voxel of the liver shines in AP, 0 to 1, and by how much in HU, (B, 2, z, y, x),
    ``arterial.shining``; None for not at all."""
    blood_hu: Tensor | None = None
    """Middle of aorta and portal vein in each phase, (B, 2, P), NaN where not known; None for nothing."""


class Predicted(NamedTuple):
    """At N voxels and T times, each (B, N, T)."""

    hu: Tensor
    sd_hu: Tensor
    residual_hu: Tensor


@dataclass(frozen=True, slots=True)
class Curves:
    """A curve for every voxel, to be asked at any time."""

    maps: CurveMaps
    mixture: Mixture
    level_hu: Tensor
    """Without contrast, (B, N)."""
    plain: Tensor | None = None
    """How much of each voxel is plain liver, (B, N)."""
    liver: CurveMaps | None = None
    """Of the voxels (B, S) whose mean is plain liver."""
    unfounded: Tensor | None = None
    """How much of each voxel's own enhancement has no correlate in what was scanned, (B, N); with ``plain``."""
    given_hu: Tensor | None = None
    """By how much what was scanned is enhanced beyond the liver, as its level takes it, (B, N); with the former."""
    organs: Tensor | None = None
    """How much of each voxel is a known organ, (B, N, O + 1)."""
    regions: Tensor | None = None
    """How much of each voxel is an organ whose level without contrast agent is known, (B, N, R)."""
    last_s: Tensor | None = None
    """Time of the last scanned phase, (B, 1); with ``regions``."""
    gain: Tensor | None = None
    """What the enhancement of each voxel is multiplied by, (B, N); None for one."""
    shining: Tensor | None = None
    """How much of each voxel is read as liver and artery, and by how much it is above the liver in AP, (B, N, 2); with
    ``liver``."""
    arterial_s: Tensor | None = None
    """Time of AP, (B, 1); with ``shining``."""
    arterial_hu: Tensor | None = None
    """What arterial blood adds to each voxel then beside that, (B, N)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """Sizes of the network; the defaults are tiny, for tests.

    Raises:
        ConfigError: for a size below one.
    """

    channels: tuple[int, int, int] = (8, 8, 8)
    """Features at half, quarter and eighth resolution."""
    num_fine: int = 4
    """Features at full resolution."""
    num_condition: int = 8
    num_hidden: int = 8
    """Of the last layer per voxel."""
    num_facts: int = 0
    """Numbers read of what is known beside the scan: ``facts.NUM_FACTS``, or none, as in older bundles."""
    num_levels: int = 0
    """Numbers read of the whole study: ``levels.NUM_LEVELS``, or none, as in older bundles."""

    def __post_init__(self) -> None:
        if self.num_facts not in (0, NUM_FACTS):
            raise ConfigError(f"The network reads {NUM_FACTS} numbers of what is known or none, got {self.num_facts}.")
        if self.num_levels not in (0, NUM_LEVELS) or (self.num_levels and not self.num_facts):
            raise ConfigError(
                f"The network reads {NUM_LEVELS} numbers of the whole study, and facts beside them, or none, "
                f"got {self.num_levels} and {self.num_facts} of facts."
            )
        for size in (*self.channels, self.num_fine, self.num_condition, self.num_hidden):
            if size < 1:
                raise ConfigError(f"The network needs at least one feature everywhere, got {self}.")


class KineticNetwork(nn.Module):
    """Predicts, from any subset of phases, parameters of the tissue model per voxel and the circulation they share.

    The unenhanced level of a voxel is what the scanned phases leave when the enhancement predicted for their times is
    taken away, weighted by how much each is trusted, plus a correction that removes noise. So a scanned phase is
    agreed with by construction as far as its weight says, and what is learned is the difference between times.
    """

    trained_s: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.circulations = Circulations()
        width, num_told = config.num_condition, 2 * NUM_PHASES + config.num_facts + config.num_levels
        self.condition = nn.Sequential(nn.Linear(num_told, width), nn.LeakyReLU(SLOPE), nn.Linear(width, width))
        num_exam = self.circulations.num_outputs
        self.trunk = FilmUNet(2 * NUM_PHASES, channels=config.channels, num_fine=config.num_fine, num_condition=width)
        self.trunk.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self.exam = nn.Linear(width, num_exam)
        self.hidden = nn.Linear(config.num_fine, config.num_hidden)
        self.out = nn.Linear(config.num_hidden, NUM_MAPS)
        for layer in (self.exam, self.out):
            nn.init.zeros_(layer.bias)
            nn.init.normal_(layer.weight, std=0.02)
        if config.num_facts:
            last = nn.Linear(width, num_exam)
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
            self.expected = nn.Sequential(nn.Linear(num_told, width), nn.LeakyReLU(SLOPE), last)
        if config.num_levels:
            self.liver_level = LiverLevel(num_told, width=width)
        self.register_buffer("trained_s", torch.tensor([[9999, -1]], dtype=torch.int32).repeat(NUM_PHASES - 1, 1))

    def forward(self, scanned: Scanned) -> Curves:
        """Curves at all voxels in order; sizes must be multiples of ``nn.unet.GRID_MULTIPLE``."""
        return self.curves(self.features(scanned), scanned, None)

    def features(self, scanned: Scanned) -> tuple[Tensor, Tensor]:
        """What the convolutions make of the phases: features per voxel and a summary; may run in low precision."""
        here = scanned.present.to(scanned.hu.dtype)
        features: tuple[Tensor, Tensor] = self.trunk(_network_input(scanned, here), self.condition(self._told(scanned)))
        return features

    def curves(self, features: tuple[Tensor, Tensor], scanned: Scanned, voxels: Tensor | None) -> Curves:
        """Curves at ``voxels``, positions in the flattened volume, (B, N); at all in order when None."""
        per_voxel, summary = features
        mixture = self.circulations.read(self.exam(summary.float()) + self._expected(scanned))
        mixture = self._levelled(mixture, per_voxel, scanned)
        maps = self._maps(per_voxel, scanned, voxels)
        seen = _pick(scanned.hu, voxels)  # (B, N, P)
        curves = Curves(maps, mixture, seen[..., 0])
        if scanned.organs is not None:
            curves = replace(curves, organs=_pick(scanned.organs, voxels))
        if self.config.num_levels and scanned.plain is not None and scanned.liver is not None:
            known = (scanned.liver[:, :1] >= 0) * _pick(scanned.plain[:, None], voxels)[..., 0]
            liver = self._maps(per_voxel, scanned, scanned.liver.clamp(min=0))
            curves = replace(curves, plain=known, liver=liver)
            if bool(scanned.present[:, 1:].any()):
                known = known * self._unlike_liver(curves, scanned)
            if scanned.rim is not None:
                rim = (scanned.liver[:, :1] >= 0) * _pick(scanned.rim[:, None], voxels)[..., 0]
                known = torch.maximum(known, rim)
            curves = replace(curves, plain=known)
            if scanned.seen is not None:
                curves = self._founded(curves, scanned, voxels)
        if scanned.regions is not None:
            last_s = (scanned.time_s * scanned.present).amax(dim=1, keepdim=True)
            curves = replace(curves, regions=_pick(scanned.regions, voxels), last_s=last_s)
        enhancement = self._enhancement_of(curves, scanned.time_s)
        if curves.regions is not None:
            late = self._enhancement_of(curves, torch.full_like(scanned.time_s[:, :1], EQUILIBRIUM_S))[..., 0]
            gain = voxel_gains(seen, enhancement, late, curves.regions, scanned.present)
            curves, enhancement = replace(curves, gain=gain), enhancement * gain[..., None]
        level = _level(maps, seen, enhancement, scanned.present)
        if scanned.arterial is not None and scanned.liver is not None:
            return self._shining(replace(curves, level_hu=level), per_voxel, scanned, voxels)
        return replace(curves, level_hu=level)

    def _shining(self, curves: Curves, per_voxel: Tensor, scanned: Scanned, voxels: Tensor | None) -> Curves:
        """The curves, with what shines in AP read as arterial blood (``arterial``)."""
        assert scanned.arterial is not None and scanned.liver is not None
        shines = _pick(scanned.arterial, voxels) * (scanned.liver[:, :1, None] >= 0)
        places = scanned.liver.clamp(min=0)
        liver, of_liver = curves.liver or self._maps(per_voxel, scanned, places), _pick(scanned.hu, places)
        plain = self._enhancement(liver, curves.mixture, scanned.time_s)
        middle = _level(liver, of_liver, plain, scanned.present).median(dim=1, keepdim=True)[0]
        surely = shines[..., 0] * (curves.level_hu - middle < CALCIUM_HU)
        shines = torch.stack([surely, shines[..., 1]], dim=-1)
        curves = replace(curves, liver=liver, shining=shines, arterial_s=scanned.time_s[:, 1:2])
        level = _level(
            curves.maps,
            _pick(scanned.hu, voxels),
            self._enhancement_of(curves, scanned.time_s),
            scanned.present,
        )
        blood = arterial_part(level - middle, shines[..., 1])
        return replace(curves, arterial_hu=blood, level_hu=level - blood)

    def _founded(self, curves: Curves, scanned: Scanned, voxels: Tensor | None) -> Curves:
        """The curves, drawn to the liver's where they change against it more than what was scanned allows."""
        assert curves.plain is not None and scanned.seen is not None and scanned.liver is not None
        seen = _pick(scanned.seen[:, None], voxels)[..., 0]
        given = (curves.maps.anchor * self._beyond_liver(curves, scanned.time_s)).sum(dim=-1)
        times = scanned.time_s.new_tensor([PHASE_TIMES_S]).expand(len(seen), -1)
        change = self._beyond_liver(curves, times) - given[..., None]
        share = unfounded_share(change, seen) * (scanned.liver[:, :1] >= 0)
        return replace(curves, plain=torch.maximum(curves.plain, share), unfounded=share, given_hu=given)

    def _beyond_liver(self, curves: Curves, time_s: Tensor) -> Tensor:
        """Enhancement of each voxel as the network reads it, beyond that of the liver, (B, N, T)."""
        assert curves.liver is not None
        own, liver = (self._enhancement(maps, curves.mixture, time_s) for maps in (curves.maps, curves.liver))
        return own - _middle(liver)

    def _unlike_liver(self, curves: Curves, scanned: Scanned) -> Tensor:
        """How surely a voxel's curve is of no tissue of a liver, 0 to 1, (B, N); one where no contrast was scanned.

        From the portal venous phase alone the tip of a real liver, 27 ml of it, was drawn as spleen, 140 HU above the
        liver in the arterial phase. On 40 validation patients, PVP given, this changed liver voxels by at most 0.01 HU
        and lesion means by -0.02 to -0.08 HU; from 30 HU on lesion means in NC got 0.2 HU worse.
        """
        assert curves.liver is not None
        times = scanned.time_s.new_tensor([PHASE_TIMES_S[1:]]).expand(len(scanned.hu), -1)
        own, liver = (self._enhancement(maps, curves.mixture, times) for maps in (curves.maps, curves.liver))
        off = (own - liver.mean(dim=1, keepdim=True)).abs().amax(dim=2)
        unlike = ((off - UNLIKE_HU[0]) / (UNLIKE_HU[1] - UNLIKE_HU[0])).clamp(0, 1)
        return torch.where(scanned.present[:, 1:].any(dim=1, keepdim=True), unlike, torch.ones_like(unlike))

    def expected_levels(self, scanned: Scanned) -> Tensor:
        """The middle of the liver expected at ``liver_level.KNOTS_S``, (B, N); of use where its mask is known."""
        assert scanned.levels is not None
        levels = scanned.levels.view(len(scanned.levels), NUM_PHASES, -1)
        here = levels[..., 0] * scanned.present
        mean = (here * level_hu(levels[..., LEVEL_OF_LIVER])).sum(dim=1) / here.sum(dim=1).clamp(min=1)
        found: Tensor = self.liver_level(self._told(scanned), mean)
        return found

    def _levelled(self, mixture: Mixture, per_voxel: Tensor, scanned: Scanned) -> Mixture:
        """The circulation that gives the liver the level expected of it, where its mask is known."""
        if not self.config.num_levels or scanned.levels is None or scanned.liver is None:
            return mixture
        if not bool(self.liver_level.ready):
            return mixture
        with torch.no_grad():
            levels = self.expected_levels(scanned)
        voxels = scanned.liver.clamp(min=0)
        maps, seen = self._maps(per_voxel, scanned, voxels), _pick(scanned.hu, voxels)
        wanted = fitted_times(scanned.time_s).expand(len(seen), -1)
        each = self._each_enhancement(maps, torch.cat([wanted, scanned.time_s], dim=1))  # (B, S, N' + P, L)
        anchor = maps.anchor * scanned.present[:, None, :]
        anchored = torch.einsum("bsp,bspl->bsl", anchor, each[:, :, -NUM_PHASES:])
        base = (anchor * seen).sum(dim=-1) + maps.offset_hu
        blood = None if scanned.blood_hu is None else self._blood(scanned)
        found = agreeing(mixture, base, each[:, :, :-NUM_PHASES] - anchored[:, :, None], levels, blood)
        known = (scanned.liver[:, :1] >= 0) & (scanned.levels.view(len(seen), NUM_PHASES, -1)[..., 0].sum(1) > 0)[
            :, None
        ]
        return Mixture(
            torch.where(known, found.shares, mixture.shares), torch.where(known[:, 0], found.scale, mixture.scale)
        )

    def _blood(self, scanned: Scanned) -> SeenBlood:
        """What aorta and portal vein say of the circulation: how far they are above blood without contrast agent."""
        assert scanned.blood_hu is not None
        without = scanned.blood_hu[:, :, :1]
        known = without.isfinite() & scanned.present[:, None, :1]
        without = torch.where(known, without, BLOOD_HU)
        enhanced = scanned.present[:, None, 1:] & scanned.blood_hu[:, :, 1:].isfinite()
        rise = torch.where(enhanced, scanned.blood_hu[:, :, 1:] - without, 0.0).flatten(1)
        gain = kappa_hu_per_mg_ml(120.0) * self.circulations.each_organ(scanned.time_s[:, 1:])[:, :2]  # (L, 2, B, P-1)
        sd = torch.where(known, SEEN_BLOOD_SD_HU, BLOOD_SD_HU).expand_as(enhanced)
        return SeenBlood(rise, gain.permute(2, 1, 3, 0).flatten(1, 2), enhanced.flatten(1), sd.flatten(1))

    def _maps(self, per_voxel: Tensor, scanned: Scanned, voxels: Tensor | None) -> CurveMaps:
        hidden = self.hidden(_pick(per_voxel, voxels).float())
        return bounded_maps(self.out(nn.functional.leaky_relu(hidden, SLOPE)), scanned.present)

    def _each_enhancement(self, maps: CurveMaps, time_s: Tensor) -> Tensor:
        """What a unit of each member of the library adds, (B, N, T, L)."""
        num_times = time_s.shape[1]
        arterial, portal = (b.permute(2, 1, 3, 0).flatten(2) for b in self.circulations.each(time_s))
        mg_per_ml = tissue_enhancement(maps.tissue, arterial, portal, haematocrit=HAEMATOCRIT)
        return (
            kappa_hu_per_mg_ml(120.0)
            * maps.share[..., None, None]
            * mg_per_ml.view(*mg_per_ml.shape[:2], num_times, -1)
        )

    def at(self, curves: Curves, time_s: Tensor) -> Predicted:
        """HU, standard deviation and residual of ``curves`` at times (B, T)."""
        maps = curves.maps
        window = window_at(self.trained_s, time_s)
        residual = torch.einsum("btp,bnp->bnt", window, maps.residual_hu)
        sd = log_sd_at(maps.log_sd, time_s).exp()
        if curves.plain is not None and curves.liver is not None:
            residual = residual * (1 - curves.plain[..., None])
            residual = residual if curves.shining is None else residual * (1 - curves.shining[..., :1])
            sd = _blend(sd, log_sd_at(curves.liver.log_sd, time_s).exp(), curves.plain)
            sd = self._widened(sd, curves, time_s)
        if curves.organs is not None:
            residual = residual * (1 - curves.organs.sum(dim=-1, keepdim=True))
        hu = curves.level_hu[..., None] + self._enhancement_of(curves, time_s) + residual
        return Predicted(hu, sd, residual)

    def _widened(self, sd: Tensor, curves: Curves, time_s: Tensor) -> Tensor:
        """Standard deviations, and in quadrature what was taken off for want of a correlate."""
        if curves.unfounded is None or curves.given_hu is None:
            return sd
        taken = curves.unfounded[..., None] * (self._beyond_liver(curves, time_s) - curves.given_hu[..., None])
        return torch.hypot(sd, taken)

    def note_trained(self, present: Tensor, time_s: Tensor) -> None:
        """Widen the trained range of each phase by the times (B, P) of those in ``present``, bool (B, P).

        Ranges are kept in whole seconds, rounded inwards: no optimizer, average or half precision changes them.
        """
        for number in range(1, NUM_PHASES):
            times = time_s[present[:, number], number]
            if len(times):
                earliest, latest = times.min().ceil().int(), times.max().floor().int()
                trained = self.trained_s[number - 1]
                trained.copy_(torch.stack([torch.minimum(trained[0], earliest), torch.maximum(trained[1], latest)]))

    def _told(self, scanned: Scanned) -> Tensor:
        """What is known beside the voxels, (B, K): which phases, when, facts and levels as far as it reads them."""
        here = scanned.present.to(scanned.hu.dtype)
        told = [here, here * scanned.time_s / _TIME_SCALE_S]
        if self.config.num_facts:
            told.append(here.new_zeros(len(here), NUM_FACTS) if scanned.facts is None else scanned.facts)
        if self.config.num_levels:
            told.append(here.new_zeros(len(here), NUM_LEVELS) if scanned.levels is None else scanned.levels)
        return torch.cat(told, dim=1)

    def _expected(self, scanned: Scanned) -> Tensor:
        """What facts add to the circulation seen, (B, outputs): dose and tube by the law, the rest learned.

        The law counts only where no contrast agent was scanned; otherwise the scan shows the scale, and what facts
        still add is learned.
        """
        if not self.config.num_facts:
            return scanned.hu.new_zeros(1)
        added: Tensor = self.expected(self._told(scanned).float())
        if scanned.facts is None:
            return added
        unseen = ~scanned.present[:, 1:].any(dim=1)
        law = nn.functional.pad((scanned.facts[:, 0] * unseen)[:, None], (0, added.shape[1] - 1))
        return added + law

    def _enhancement_of(self, curves: Curves, time_s: Tensor) -> Tensor:
        """What contrast adds, (B, N, T).

        Of a voxel that is in part plain liver that part of the liver's mean, of one in a known organ that of the organ.
        """
        own = self._enhancement(curves.maps, curves.mixture, time_s)
        if curves.plain is not None and curves.liver is not None:
            own = _blend(own, self._enhancement(curves.liver, curves.mixture, time_s), curves.plain)
        if curves.shining is not None:
            own = own + curves.shining[..., :1] * (self._liver_and_artery(curves, time_s) - own)
        if curves.regions is not None and curves.last_s is not None and bool((time_s > curves.last_s).any()):
            own = self._late(own, curves, time_s)
        if curves.organs is not None:
            own = self._with_organs(own, curves, time_s)
        own = own if curves.gain is None else own * curves.gain[..., None]
        if curves.arterial_hu is None or curves.arterial_s is None:
            return own
        return own + curves.arterial_hu[..., None] * self._falls(curves, time_s)

    def _liver_and_artery(self, curves: Curves, time_s: Tensor) -> Tensor:
        """Enhancement of the liver, and of arterial blood as far as was seen above it in AP."""
        assert curves.shining is not None and curves.liver is not None
        liver = _middle(self._enhancement(curves.liver, curves.mixture, time_s))
        return liver + curves.shining[..., 1:] * self._falls(curves, time_s)

    def _falls(self, curves: Curves, time_s: Tensor) -> Tensor:
        """What the aorta holds of what it held in AP, (B, 1, T)."""
        assert curves.arterial_s is not None
        aorta = self.circulations.organs_mg_per_ml(curves.mixture, torch.cat([time_s, curves.arterial_s], dim=1))[:, :1]
        return aorta[..., :-1] / aorta[..., -1:].clamp(min=1e-3)

    def _late(self, own: Tensor, curves: Curves, time_s: Tensor) -> Tensor:
        """Organs of ``organ_gains.LATE`` after the last scanned phase."""
        assert curves.regions is not None and curves.last_s is not None
        places = [ORGANS.index(name) for name in LATE.values()]
        whole = self.circulations.organs_mg_per_ml(curves.mixture, torch.cat([time_s, curves.last_s], dim=1))[:, places]
        late = torch.where((time_s > curves.last_s)[:, None], whole[..., :-1] / whole[..., -1:].clamp(min=1e-3), 0.0)
        return with_late_curves(
            own, self._enhancement(curves.maps, curves.mixture, curves.last_s), late, curves.regions
        )

    def _with_organs(self, own: Tensor, curves: Curves, time_s: Tensor) -> Tensor:
        assert curves.organs is not None
        whole = kappa_hu_per_mg_ml(120.0) * self.circulations.organs_mg_per_ml(curves.mixture, time_s)
        taken = torch.einsum("bno,bot->bnt", curves.organs[..., : whole.shape[1]], whole)
        return own * (1 - curves.organs.sum(dim=-1, keepdim=True)) + taken

    def _enhancement(self, maps: CurveMaps, mixture: Mixture, time_s: Tensor) -> Tensor:
        arterial, portal = self.circulations.basis(mixture, time_s)
        mg_per_ml = tissue_enhancement(maps.tissue, arterial, portal, haematocrit=HAEMATOCRIT)
        return kappa_hu_per_mg_ml(120.0) * maps.share[..., None] * mg_per_ml


def grown(weights: Mapping[str, Tensor], network: KineticNetwork) -> dict[str, Tensor]:
    """Weights of a network that read no facts, or no levels, for one that does: it answers as before until trained."""
    own = network.state_dict()
    found = {
        **{name: tensor for name, tensor in own.items() if name.startswith(("expected.", "liver_level."))},
        **weights,
    }
    for name in ("condition.0.weight", "expected.0.weight"):
        if name in found and name in own and (missing := own[name].shape[1] - found[name].shape[1]) > 0:
            found[name] = nn.functional.pad(found[name], (0, missing))
    return found


def _network_input(scanned: Scanned, here: Tensor) -> Tensor:
    """HU in a window, zero where absent, and a constant map per phase that says which is which; (B, 2 P, z, y, x)."""
    shown = (scanned.hu.clamp(*_HU_WINDOW) - _HU_CENTER) / _HU_SCALE
    mask = here[:, :, None, None, None]
    both = torch.cat([shown * mask, mask.expand_as(shown)], dim=1)
    return both.contiguous(memory_format=torch.channels_last_3d)


def _blend(own: Tensor, of_liver: Tensor, plain: Tensor) -> Tensor:
    """Values (B, N, T) drawn to the middle half of those of the liver, (B, S, T), as each voxel is plain, (B, N)."""
    return own + plain[..., None] * (_middle(of_liver) - own)


def _level(maps: CurveMaps, seen: Tensor, enhancement: Tensor, present: Tensor) -> Tensor:
    """Without contrast agent, (B, N), by phases and what contrast agent adds to them, (B, N, P).

    A phase that did not scan a voxel which another did says nothing of it.
    """
    here = present[:, None, :] & (seen > UNSCANNED_HU)
    here = torch.where(here.any(dim=-1, keepdim=True), here, present[:, None, :])
    weight = maps.anchor * here
    weight = weight / weight.sum(dim=-1, keepdim=True).clamp(min=1e-6)
    return (weight * (seen - enhancement).masked_fill(~here, 0.0)).sum(dim=-1) + maps.offset_hu


def _middle(of_liver: Tensor) -> Tensor:
    """Mean of the middle half of the voxels of the liver, (B, S, T), as (B, 1, T)."""
    number = of_liver.shape[1]
    return torch.sort(of_liver, dim=1)[0][:, number // 4 : number - number // 4].mean(dim=1, keepdim=True)


def _pick(volume: Tensor, voxels: Tensor | None) -> Tensor:
    """(B, C, z, y, x) at ``voxels`` (B, N), as (B, N, C)."""
    flat = volume.flatten(2)
    if voxels is not None:
        flat = flat.gather(2, voxels[:, None, :].expand(-1, flat.shape[1], -1))
    return flat.transpose(1, 2)
