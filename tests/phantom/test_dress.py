from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from hepaphase.base.errors import UnknownNameError
from hepaphase.benchmark.simulator import reference_enhancement
from hepaphase.phantom.detail import REFINED_CLASSES
from hepaphase.phantom.dress import draw_dressed
from hepaphase.phantom.growth import paint
from hepaphase.phantom.kinds import KINDS, PLAIN_KIND, draw_kind, kind_of
from hepaphase.phantom.lesions import Lesion, draw_lesions
from hepaphase.phantom.population import REFERRAL, SIM_REFERRAL, draw_person
from hepaphase.phantom.signs import ARTERY, SATELLITE, Signs
from hepaphase.phantom.space import Places
from hepaphase.study.lesions import LIVER_NORMAL, METASTASIS_ORIGINS

MIDDLE = np.zeros((1, 3))
SPACING_MM = 1.5
ENHANCEMENT = reference_enhancement(cirrhosis=False)


def plain(key: str, size_mm: float, **changes) -> Lesion:
    """A lesion of a class with nothing optional."""
    lesion = draw_lesions(3, key, MIDDLE, table=REFINED_CLASSES)[0]
    bare = {"variant": "body", "necrosis": 0.0, "fat": False, "calcium": False, "scar": False, "capsule_mm": 0.0}
    return replace(lesion, center=(2.0, -3.0, 1.0), long_axis_mm=size_mm, ratio=(1.0, 1.0, 1.0), **(bare | changes))


def looks(lesion: Lesion) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """HU (4, z, y, x), share of each voxel, offset from the middle (3, z, y, x) in mm."""
    reach = 0.7 * lesion.long_axis_mm + 6
    axis = np.arange(-reach, reach + 1, SPACING_MM, dtype=np.float32)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    places = Places(x + 2, y - 3, z + 1)
    painted = paint(lesion, places, ENHANCEMENT, SPACING_MM)
    at = np.stack([x, y, z])[(slice(None), *painted.box)]
    return painted.hu, painted.share, at


def change(lesion: Lesion, **signs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the signs change, HU, inside the lesion; share; offset."""
    before, share, at = looks(lesion)
    after, _, _ = looks(replace(lesion, signs=Signs(**signs)))
    return np.where(share > 0.5, after - before, 0), share, at


def test_septa_of_a_mosaic_wash_in_late_between_its_cells() -> None:
    moved, share, _ = change(plain("hcc", 45, num_nodules=5), septa_mm=1.5)
    walls = moved[1] < -15  # the capsule's tissue enhances late
    assert 0.02 < walls.sum() / (share > 0.5).sum() < 0.35
    assert moved[3][walls].mean() > 5


def test_a_giant_hemangioma_has_a_dark_cleft_in_its_middle() -> None:
    moved, _, at = change(plain("hemangioma", 64), cleft_mm=6.0)
    after = looks(replace(plain("hemangioma", 64), signs=Signs(cleft_mm=6.0)))[0]
    dark = moved[3] < -20
    assert dark.any() and np.linalg.norm(at[:, dark], axis=0).max() < 0.65 * 32 + 4
    assert after[:, moved[3] < -30].min(axis=1) == pytest.approx(np.full(4, 25), abs=1)  # no flow in any phase


def test_gas_of_an_abscess_rises_to_the_front() -> None:
    moved, _, at = change(plain("other", 50), gas=0.3)
    gas = moved[0] < -300
    assert gas.any() and (at[1][gas] < -0.3 * 25 + SPACING_MM).all()  # y runs to the back
    assert np.allclose(moved[0][gas], moved[2][gas], atol=40)


def test_chambers_of_an_abscess_have_walls_that_enhance() -> None:
    moved, share, _ = change(plain("other", 50), num_chambers=5, septa_mm=2.0)
    walls = moved[2] > 30
    assert 0.02 < walls.sum() / (share > 0.5).sum() < 0.4 and moved[0][walls].mean() < 20


def test_fat_lobules_of_an_angiomyolipoma_keep_its_mean() -> None:
    lesion = plain("other", 44, variant="angiomyolipoma")
    moved, share, _ = change(lesion, lobules=0.4)
    before = looks(lesion)[0]
    after = (before + moved)[0][share > 0.95]
    assert abs(after.mean() - before[0][share > 0.95].mean()) < 4
    assert 0.15 < (after < -20).mean() < 0.5 and (after > 40).mean() > 0.3


def test_fat_and_old_blood_of_an_adenoma() -> None:
    fat, share, _ = change(plain("other", 40, variant="adenoma"), lobules=0.2)
    assert 0.03 < (fat[0] < -30).sum() / (share > 0.5).sum() < 0.35
    blood, share, _ = change(plain("other", 40, variant="adenoma"), bleed=0.4)
    there = blood[2] < -25  # it does not enhance
    assert 0.02 < there.sum() / (share > 0.5).sum() < 0.1 and blood[0][there].mean() > 5


def test_a_raised_core_makes_a_bulls_eye() -> None:
    moved, _, at = change(plain("metastasis", 36, rim_mm=4.0), raised_core=True)
    distance = np.linalg.norm(at, axis=0)
    assert moved[2][distance < 3].mean() > 15 and abs(moved[2][distance > 14]).max() < 3


def test_spots_of_calcium_and_lumps_and_rims() -> None:
    spots, share, _ = change(plain("hemangioma", 40), num_clusters=4)
    assert 0.0005 < (spots[0] > 130).sum() / (share > 0.5).sum() < 0.1
    one, three = (looks(replace(plain("calcification", 9), signs=Signs(num_clusters=n)))[1] for n in (0, 3))
    assert three.sum() == pytest.approx(one.sum(), rel=0.6) and abs(three - one).max() > 0.5
    rim, _, at = change(plain("calcification", 16), calcified_rim=True)
    distance = np.linalg.norm(at, axis=0)
    assert rim[0][distance < 2].mean() < -100 and rim[0][distance > 6.5].mean() > -60


def test_a_feeding_artery_is_bright_in_the_arterial_phase() -> None:
    lesion = plain("fnh", 40)
    lesion = replace(lesion, tissues={**lesion.tissues, "artery": ARTERY})
    moved, share, _ = change(lesion, artery_mm=1.5)
    line = moved[1] > 30
    assert line.any() and line.sum() < 0.05 * (share > 0.5).sum()


@pytest.mark.parametrize(
    ("name", "expected", "atol"),
    [
        ("thad", (0, 20, 2, 0), 9),
        ("shunt", (0, 20, 2, 0), 9),
        ("focal_fat", (-25, -25, -25, -25), 10.1),
        ("focal_sparing", (20, 20, 20, 20), 8.1),
        ("regenerative", (3, 3, 3, 3), 0.5),
    ],
)
def test_kinds_made_of_liver_differ_from_it_as_they_should(name: str, expected: tuple[float, ...], atol: float) -> None:
    liver_hu = ENHANCEMENT.hu([LIVER_NORMAL])[0]
    kind = kind_of("other", name)
    lesions = draw_dressed(4, "other", MIDDLE, table=REFINED_CLASSES, kind=kind, liver=LIVER_NORMAL)
    hu, share, _ = looks(replace(lesions[0], center=(2.0, -3.0, 1.0)))
    np.testing.assert_allclose(hu[:, share > 0.5].mean(axis=1) - liver_hu, expected, atol=atol)
    if name == "regenerative":
        sizes = [
            one.long_axis_mm
            for seed in range(40)
            for one in draw_dressed(seed, "other", MIDDLE, table=REFINED_CLASSES, kind=kind)
        ]
        assert 6 < np.median(sizes) < 8 and np.mean([5 <= s <= 10 for s in sizes]) > 0.9


def test_a_wedge_opens_along_its_axis() -> None:
    lesion = draw_dressed(4, "other", MIDDLE, table=REFINED_CLASSES, kind=kind_of("other", "thad"))[0]
    assert lesion.signs is not None
    lesion = replace(lesion, center=(2.0, -3.0, 1.0), signs=replace(lesion.signs, wedge_axis=(1.0, 0.0, 0.0)))
    _, share, at = looks(lesion)
    third = lesion.long_axis_mm / 3
    near, far = share[at[0] < -third / 2].sum(), share[at[0] > third / 2].sum()
    assert far > 4 * near > 0


def test_treated_lesions_hold_lipiodol() -> None:
    for seed in range(5):
        lesion = draw_dressed(seed, "other", MIDDLE, table=REFINED_CLASSES, kind=kind_of("other", "treated"))[0]
        hu, share, _ = looks(replace(lesion, center=(2.0, -3.0, 1.0)))
        assert hu[0][share > 0.9].mean() > 300


def test_origins_and_kinds_come_as_often_as_they_should() -> None:
    origins = Counter(draw_kind(seed, "metastasis", cirrhosis=False).name for seed in range(2000))
    assert set(origins) == set(METASTASIS_ORIGINS)
    assert origins["colorectal"] / 2000 == pytest.approx(0.45, abs=0.04)
    assert origins["net"] / 2000 == pytest.approx(0.06, abs=0.02)
    healthy = Counter(draw_kind(seed, "other", cirrhosis=False).name for seed in range(500))
    ill = Counter(draw_kind(seed, "other", cirrhosis=True).name for seed in range(500))
    assert healthy["regenerative"] == 0 < ill["regenerative"] and ill["treated"] > healthy["treated"]
    for kinds in KINDS.values():
        assert sum(kind.share for kind in kinds) == pytest.approx(1)
        assert sum(kind.share_of(cirrhosis=True) for kind in kinds) == pytest.approx(1)
    with pytest.raises(UnknownNameError, match="colorectal"):
        kind_of("metastasis", "colorectum")


def drawn(key: str, name: str = "", seeds: int = 160) -> list[Lesion]:
    kind = kind_of(key, name) if name else PLAIN_KIND
    return [draw_dressed(seed, key, MIDDLE, table=REFINED_CLASSES, kind=kind)[0] for seed in range(seeds)]


def test_signs_of_metastases_follow_their_origin() -> None:
    def rate(name: str, has) -> float:
        return float(np.mean([has(one) for one in drawn("metastasis", name)]))

    assert rate("colorectal", lambda one: one.rim_mm > 0) == pytest.approx(0.838, abs=0.08)
    assert rate("lung", lambda one: one.rim_mm > 0) == pytest.approx(0.60, abs=0.1)
    assert rate("colorectal", lambda one: one.calcium) == pytest.approx(0.11, abs=0.06)
    assert rate("net", lambda one: one.variant == "hypervascular") == pytest.approx(0.70, abs=0.1)
    assert rate("other", lambda one: one.necrosis >= 0.7) == pytest.approx(0.15, abs=0.08)
    assert rate("colorectal", lambda one: one.signs.raised_core) > 0.35
    assert max(one.rim_mm for one in drawn("metastasis", "pancreas")) <= 2.5


def test_signs_come_as_often_as_the_notes_say() -> None:
    hcc = [one for one in drawn("hcc") if one.long_axis_mm > 20]
    assert np.mean([one.capsule_mm > 0 for one in hcc]) == pytest.approx(0.6, abs=0.1)
    assert all((one.signs.septa_mm > 0) == (one.num_nodules > 0) for one in hcc)
    giants = [one for one in drawn("hemangioma") if one.long_axis_mm > 50]
    assert giants and all(one.signs.cleft_mm > 0 for one in giants)
    abscesses = drawn("other", "abscess")
    assert np.mean([one.signs.num_chambers > 0 for one in abscesses]) == pytest.approx(0.5, abs=0.1)
    assert np.mean([one.signs.gas > 0 for one in abscesses]) == pytest.approx(0.1, abs=0.06)
    adenomas = drawn("other", "adenoma")
    assert np.mean([one.signs.bleed > 0 for one in adenomas]) == pytest.approx(0.2, abs=0.08)
    assert all(one.signs.lobules > 0 for one in drawn("other", "angiomyolipoma", 20))


def test_satellites_lie_beside_a_carcinoma_of_bile_ducts() -> None:
    axis = np.arange(-80, 81, 8.0)
    positions = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
    families = [draw_dressed(seed, "icc", positions, table=REFINED_CLASSES, kind=PLAIN_KIND) for seed in range(120)]
    with_them = [family for family in families if any(one.signs.kind == SATELLITE for one in family)]
    assert 0.15 < len(with_them) / len(families) < 0.5
    for family in with_them[:20]:
        small = [one for one in family if one.signs.kind == SATELLITE]
        large = [one for one in family if one.signs.kind != SATELLITE]
        for one in small:
            gaps = [np.linalg.norm(np.subtract(one.center, main.center)) - main.long_axis_mm / 2 for main in large]
            assert 5 <= one.long_axis_mm <= 12 and any(9 < gap < 25 for gap in gaps)


def test_markers_of_the_reference_cohorts_are_graded_by_the_same_latent() -> None:
    people = [draw_person(seed, SIM_REFERRAL) for seed in range(3000)]
    raised = [p for p in people if p.clinical["afp"]]
    assert np.mean([p.clinical["afp_400"] for p in raised]) == pytest.approx(0.35, abs=0.09)
    assert not any(p.clinical["afp_400"] and not p.clinical["afp"] for p in people)
    cea = {True: [], False: []}
    for seed, person in enumerate(people):
        if "metastasis" in person.classes:
            origin = draw_kind(seed, "metastasis", cirrhosis=person.cirrhosis).name
            cea[origin == "colorectal"].append(person.clinical["cea"])
    assert np.mean(cea[True]) == pytest.approx(0.70, abs=0.09)
    assert np.mean(cea[False]) == pytest.approx(0.427, abs=0.1)
    assert "afp_400" not in draw_person(5, REFERRAL).clinical
