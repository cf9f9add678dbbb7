import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from hepaphase.phantom.around import dented, draw_around, hilum_of
from hepaphase.phantom.grids import Grid
from hepaphase.phantom.labels import Organ
from hepaphase.phantom.lesions import Lesion
from hepaphase.phantom.population import SIM_REFERRAL
from hepaphase.phantom.signs import Around, Cone, Dent, Signs, Tube
from hepaphase.phantom.simulate import Drawn, SimulatedCase, draw, record, render, replay
from hepaphase.phantom.space import Places
from hepaphase.study.phase import Phase

GRID = Grid(shape_zyx=(40, 46, 52), spacing_zyx_mm=(4.5, 4.2, 4.0))


@cache
def patient() -> Drawn:
    """Somebody with one lesion in whom nothing fails."""
    drawn = next(d for d in (draw(seed, SIM_REFERRAL) for seed in range(300, 400)) if d.lesions and not d.events)
    signs = replace(drawn.lesions[0].signs or Signs(), like_liver=False, wedge_axis=None)
    return replace(drawn, lesions=(replace(drawn.lesions[0], long_axis_mm=22.0, signs=signs, around=None),))


@cache
def rendered(around: Around | None) -> SimulatedCase:
    drawn = patient()
    return render(replace(drawn, lesions=(replace(drawn.lesions[0], around=around),)), GRID)


def places(case: SimulatedCase) -> np.ndarray:
    """Of every voxel, (z, y, x, 3) xyz in mm, without the body's warp of a few mm."""
    geometry = case.study.masks["liver"][1]
    index = np.stack(np.meshgrid(*map(np.arange, geometry.shape_zyx), indexing="ij"), axis=-1)
    return geometry.to_lps_mm(index.reshape(-1, 3)).reshape(*geometry.shape_zyx, 3)


def moved(around: Around, phase: Phase) -> np.ndarray:
    """What the signs change in one noise-free phase, HU."""
    before, after = rendered(None).truth.reference_hu, rendered(around).truth.reference_hu
    return after[phase] - before[phase]


def test_a_capsule_is_pulled_in_where_the_record_says() -> None:
    case = rendered(None)
    at, liver = places(case), case.study.masks["liver"][0] > 0
    front = at[liver][int(np.argmin(at[liver][:, 1]))]
    dent = Dent(point=(float(front[0]), float(front[1]), float(front[2])), depth_mm=9.0, width_mm=14.0)
    after = rendered(Around(dents=(dent,))).study.masks["liver"][0] > 0
    lost = liver & ~after
    assert not (after & ~liver).any() and lost.any()
    assert np.linalg.norm(at[lost] - front, axis=1).max() < 3.5 * 14 + 8
    flat = Places(*(np.zeros((1, 1, 1), np.float32) + np.float32(v) for v in front))
    one = replace(patient().lesions[0], around=Around(dents=(dent,)))
    assert dented(np.zeros((1, 1, 1), np.float32), flat, [one])[0, 0, 0] == pytest.approx(9, abs=0.01)


def test_wide_ducts_are_dark_in_every_phase() -> None:
    center = np.asarray(patient().lesions[0].center)
    inwards = np.array([-70.0, 0.0, 8.0]) - center  # through the right lobe
    inwards /= np.linalg.norm(inwards)
    end = center + 45 * inwards
    tube = Tube(start=tuple((center + 14 * inwards).tolist()), end=tuple(end.tolist()), radius_mm=4.0)
    around = Around(ducts=(tube,), duct_hu=7.0)
    for phase in (Phase.NC, Phase.PVP):
        change = moved(around, phase)
        assert (change < -20).any() and change.max() < 5
    dark = moved(around, Phase.PVP) < -60
    assert rendered(around).truth.reference_hu[Phase.PVP][dark].min() == pytest.approx(7, abs=12)


def test_a_thrombus_takes_the_contrast_from_a_vein() -> None:
    vein = max((v for v in patient().anatomy.vessels if v.organ is Organ.PORTAL_VEIN), key=lambda v: v.radius_mm)
    start = (np.asarray(vein.start) + 2 * np.asarray(vein.end)) / 3
    tube = Tube(start=tuple(start.tolist()), end=vein.end, radius_mm=1.15 * vein.radius_mm)
    change = moved(Around(thrombus=(tube,)), Phase.PVP)
    there = change < -5
    organs = rendered(None).truth.organs
    assert there.sum() >= 2 and (organs[there] == Organ.PORTAL_VEIN).any()


def test_a_flare_is_bright_in_the_arterial_phase_alone() -> None:
    center = np.asarray(patient().lesions[0].center)
    axis = center - hilum_of(patient().anatomy)
    axis /= np.linalg.norm(axis)
    cone = Cone(apex=tuple((center - 11 * axis).tolist()), axis=tuple(axis.tolist()), length_mm=60.0)
    around = Around(flare=cone, flare_hu=20.0)
    there = moved(around, Phase.AP) > 0.4 * moved(around, Phase.AP).max()
    assert there.sum() > 20
    gain = [float(moved(around, phase)[there].mean()) for phase in Phase]
    assert abs(gain[0]) < 0.01 and abs(gain[3]) < 0.01 and gain[1] > 5 * gain[2] > 0


def test_what_is_drawn_is_written_and_replays() -> None:
    drawn = draw(1_000_001, SIM_REFERRAL)
    assert any(one.around and one.around.ducts for one in drawn.lesions)
    written = json.loads(json.dumps(record(drawn)))
    for one, row in zip(drawn.lesions, written["lesions"], strict=True):
        assert one.signs is not None and row["signs"]["kind"] == one.signs.kind
        assert len(row["around"]["ducts"] if "around" in row else ()) == len(one.around.ducts if one.around else ())
    again = replay(written)
    assert record(again) == written and again.lesions == drawn.lesions
    plain = record(draw(1_034))["lesions"]
    assert plain and not any({"signs", "around"} & set(row) for row in plain)


def share_with(what: str, lesion: Lesion, num: int = 120) -> float:
    """How many of ``num`` lesions like this one have a sign around them."""
    many = [draw_around(1, [replace(lesion, seed=seed)], patient().anatomy)[0].around for seed in range(num)]
    return sum(bool(one and getattr(one, what)) for one in many) / num


def test_signs_around_come_as_often_as_the_notes_say() -> None:
    bare = replace(patient().lesions[0], signs=Signs())
    deep = replace(bare, lesion_class="icc", long_axis_mm=20.0)
    assert share_with("ducts", deep) == pytest.approx(0.4, abs=0.14)
    surface = replace(deep, long_axis_mm=90.0)
    assert share_with("dents", surface, 50) == pytest.approx(0.3, abs=0.2)
    tiny = replace(deep, center=(-72.0, 0.0, 8.0), long_axis_mm=4.0)
    assert share_with("dents", tiny, 30) == 0  # not within 10 mm of the surface
    large = replace(bare, lesion_class="hcc", long_axis_mm=70.0)
    assert share_with("thrombus", large) == pytest.approx(0.1, abs=0.09)
    assert share_with("thrombus", replace(large, long_axis_mm=40.0)) == 0
    abscess = replace(bare, lesion_class="other", signs=Signs(kind="abscess"))
    assert share_with("flare", abscess) == pytest.approx(0.4, abs=0.14)
    breast = replace(bare, lesion_class="metastasis", signs=Signs(kind="breast"))
    drawn = [draw_around(seed, [breast], patient().anatomy)[0].around for seed in range(120)]
    many = [one for one in drawn if one]
    assert 1 <= len(many) <= 16 and all(6 <= len(one.dents) <= 10 for one in many)  # pseudo-cirrhosis, 5 %
