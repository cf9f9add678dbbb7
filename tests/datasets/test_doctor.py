"""The doctor finds what is wrong, and repairs what can be."""

from dataclasses import replace

import numpy as np
import pytest
from tests.datasets.test_files import study

from hepaphase.base.errors import InputError
from hepaphase.datasets.content import alike, thumbnail
from hepaphase.datasets.doctor import audit, examine, repair, write_audit
from hepaphase.datasets.protocol import ADAPTERS, open_cohort
from hepaphase.io.case import write_case
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase


def smooth(seed, shape=(24, 30, 36)):
    """Soft bodies of one kind that differ as patients do."""
    rng = np.random.default_rng(seed)
    z, y, x = (np.linspace(-1, 1, n) for n in shape)
    body = ((y[:, None] / 0.8) ** 2 + (x / 0.9) ** 2 < 1) * 250.0 - 200
    hu = np.broadcast_to(body, shape).copy()
    for _ in range(6):
        a, b, c = rng.uniform(-0.6, 0.6, 3)
        near = (z[:, None, None] - a) ** 2 + (y[:, None] - b) ** 2 + (x - c) ** 2 < 0.09
        hu[near] += rng.uniform(-120, 120)
    return hu.astype(np.float32)


def case(name, seed):
    whole = study(name)
    grid = Geometry((24, 30, 36), (8.0, 8.0, 8.0), (10.0, 20.0, 30.0))
    liver = np.zeros(grid.shape_zyx, np.uint8)
    liver[8:16, 8:20, 8:20] = 1
    lesions = np.zeros(grid.shape_zyx, np.uint16)
    lesions[10, 10, 10] = 1
    lesions[12, 12, 12] = 2
    volume = replace(whole.phases[Phase.PVP], hu=smooth(seed), geometry=grid)
    return replace(
        whole, phases={Phase.PVP: volume}, masks={"liver": (liver, grid), "lesions": (lesions, grid)}, clinical={}
    )


def kinds(found, name):
    return {c.kind for c in found.complaints if c.case == name}


def test_content_is_the_same_whatever_header_window_or_storage_order():
    one = smooth(1)
    assert alike(thumbnail(one), thumbnail(np.clip(one, -200, 200)[::-1, :, ::-1]))
    assert alike(thumbnail(one), thumbnail(np.repeat(one, 2, axis=0)))
    others = [thumbnail(smooth(seed)) for seed in range(2, 12)]
    assert not any(alike(thumbnail(one), other) for other in others)


def test_a_sound_cohort_has_no_complaint(tmp_path):
    for number in range(3):
        write_case(case(f"p{number}", number), tmp_path / "cohort" / f"p{number}")
    found = audit(tmp_path / "cohort", quiet=True)
    assert found.complaints == () and [f.num_lesions for f in found.facts] == [2, 2, 2]
    page, table = write_audit(found, tmp_path / "out")
    assert "3 readable case(s)" in page.read_text() and table.read_text() == "case,level,kind,text\n"


def test_each_fault_is_named(tmp_path):
    good = case("good", 1)
    volume = good.phases[Phase.PVP]
    other = Geometry(volume.geometry.shape_zyx, (8.0, 8.0, 8.0), (14.0, 20.0, 30.0))
    empty = np.zeros_like(good.masks["liver"][0])
    sick = {
        "header": replace(
            good,
            phases={Phase.PVP: replace(volume, geometry=Geometry(volume.geometry.shape_zyx, (1.0,) * 3, (0.0,) * 3))},
            masks={},
        ),
        "voxels": replace(good, phases={Phase.PVP: replace(volume, hu=np.clip(volume.hu + 200, 0, 255))}),
        "phase": replace(good, phases={Phase.PVP: volume, Phase.AP: volume}),
        "empty mask": replace(good, masks={"liver": (empty, volume.geometry)}, lesion_table=None),
        "mask grid": replace(good, masks={"liver": (good.masks["liver"][0], other)}),
        "mask against table": replace(good, lesion_table=good.lesion_table[:1]),
        "mask place": replace(
            good, masks={**good.masks, "liver": (np.roll(good.masks["liver"][0], 8, axis=0), volume.geometry)}
        ),
    }
    assert examine(good) == []
    for kind, bad in sick.items():
        assert kind in {c.kind for c in examine(bad)}, kind


def test_doubles_and_leaks_are_found_within_and_across_sets(tmp_path):
    adapter = ADAPTERS.load("galsce")
    adapter.write_example(tmp_path / "a", case("one", 1))
    adapter.write_example(tmp_path / "a", case("two", 2))
    adapter.write_example(tmp_path / "a", case("copy", 1))
    (tmp_path / "a" / "Val").mkdir()
    (tmp_path / "a" / "Train" / "one").rename(tmp_path / "a" / "Val" / "one")
    write_case(case("far", 2), tmp_path / "b" / "far")
    found = audit(tmp_path / "a", against=[tmp_path / "b"], quiet=True)
    assert kinds(found, "one") == {"leak"} and "shows the same scan as copy" in found.complaints[0].text
    assert kinds(found, "two") == {"shared"} and kinds(found, "copy") == set()


def test_fix_writes_a_copy_with_what_can_be_repaired(tmp_path):
    root = tmp_path / "lits"
    adapter = ADAPTERS.load("lits")
    for number, name in enumerate(("1", "2", "28")):
        adapter.write_example(root, case(name, number))
    (root / "volume-9.nii.gz").write_bytes(b"torn")
    found = audit(root, quiet=True)
    assert kinds(found, "28") == {"known defect"} and kinds(found, "9") == {"unreadable"}
    log = repair(root, found, tmp_path / "fixed")
    assert [line.split(",")[:2] for line in log] == [["28", "left out"], ["9", "left out"]]
    assert open_cohort(tmp_path / "fixed").cases() == ["1", "2"]
    assert audit(tmp_path / "fixed", quiet=True).complaints == ()
    with pytest.raises(InputError, match="not empty"):
        repair(root, found, tmp_path / "fixed")


def test_a_mask_on_a_grid_of_its_own_is_taken_to_the_phase(tmp_path):
    good = case("p1", 1)
    liver, grid = good.masks["liver"]
    fine = Geometry(grid.shape_zyx, (8.0, 8.0, 8.0), (10.5, 20.0, 30.0))
    write_case(replace(good, masks={"liver": (liver, fine)}, lesion_table=None), tmp_path / "in" / "p1")
    found = audit(tmp_path / "in", quiet=True)
    assert kinds(found, "p1") == {"mask grid"}
    assert "mask resampled" in repair(tmp_path / "in", found, tmp_path / "out")[0]
    mask, now = open_cohort(tmp_path / "out").load("p1").masks["liver"]
    assert now.matches(grid) and mask.sum() == liver.sum()
