from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage
from tests.lab.studies import simulated

from hepaphase.base.errors import InputError, StudyError
from hepaphase.lab.anatomies import Anatomy
from hepaphase.lab.cohort import on_anatomy, real_case, sim_real
from hepaphase.lab.real import draw_real, study_of_labels, study_of_scan
from hepaphase.phantom.labels import Organ
from hepaphase.phantom.population import REFERRAL, draw_person
from hepaphase.phantom.seeds import seed_range
from hepaphase.study.phase import Phase, Provenance

ILL = next(s for s in seed_range("real") if "hcc" in draw_person(s, REFERRAL).classes)


def scan(seed: int, phase: Phase):
    """A simulated phase in place of a real scan: its organs are known."""
    volume = replace(simulated(seed).study.phases[phase], provenance=Provenance.MEASURED)
    return volume, simulated(seed).truth.organs


@pytest.mark.parametrize(("seed", "phase"), [(3, Phase.PVP), (7, Phase.NC), (8, Phase.DP)])
def test_a_scan_becomes_four_phases_that_follow_the_physics(seed, phase) -> None:
    volume, organs = scan(seed, phase)
    drawn = draw_real(80_004)
    study, facts = study_of_scan(volume, phase, organs, drawn)
    assert {p for p, v in study.phases.items() if v.provenance is Provenance.MEASURED} == {phase}
    assert study.phases[phase].hu is volume.hu
    index = {p: i for i, p in enumerate(Phase)}
    quiet = organs == Organ.LIVER
    for organ, mask in ((Organ.LIVER, quiet), (Organ.AORTA, organs == Organ.AORTA)):
        table, gain = drawn.table[organ], facts["gain"][organ.name]
        for other in Phase:
            moved = float(np.median(study.phases[other].hu[mask]) - np.median(volume.hu[mask]))
            wanted = gain * (table[index[other]] - table[index[phase]])
            assert moved == pytest.approx(wanted, abs=0.15 * abs(wanted) + 4), (organ, other)
    for other in Phase:
        assert study.phases[other].hu[quiet].std() == pytest.approx(volume.hu[quiet].std(), rel=0.35), other
    air = organs == Organ.BACKGROUND
    assert float(np.median(study.phases[Phase.AP].hu[air])) == pytest.approx(float(np.median(volume.hu[air])), abs=15)


def test_noise_of_two_phases_is_not_the_same_noise() -> None:
    volume, organs = scan(3, Phase.PVP)
    study, facts = study_of_scan(volume, Phase.PVP, organs, draw_real(80_004))
    inside = ndimage.binary_erosion(organs == Organ.LIVER, iterations=2)
    between = study.phases[Phase.NC].hu[inside] - study.phases[Phase.DP].hu[inside]
    assert between.std() > 0.7 * facts["noise_sd_hu"] > 0.3


def test_a_label_map_alone_gives_the_same_kind_of_study() -> None:
    _, organs = scan(8, Phase.PVP)
    geometry = simulated(8).study.phases[Phase.PVP].geometry
    drawn = draw_real(80_009)
    study, _ = study_of_labels(organs, geometry, drawn)
    assert list(study.phases) == list(Phase) and {"liver", "body", "lesions"} == set(study.masks)
    for index, phase in enumerate(Phase):
        shown = float(np.median(study.phases[phase].hu[organs == Organ.SPLEEN]))
        assert shown == pytest.approx(float(drawn.table[Organ.SPLEEN][index]), abs=5)


def test_an_anatomy_without_a_liver_is_refused() -> None:
    volume, organs = scan(3, Phase.PVP)
    none = np.where(organs == Organ.LIVER, Organ.SOFT_TISSUE, organs).astype(np.uint8)
    with pytest.raises(StudyError, match="no liver"):
        study_of_scan(volume, Phase.PVP, none, draw_real(80_000))
    with pytest.raises(StudyError, match="no liver"):
        study_of_labels(none, volume.geometry, draw_real(80_000))


def test_a_patient_brings_lesions_and_everything_drawn_is_written_down(tmp_path) -> None:
    volume, organs = scan(7, Phase.PVP)
    anatomy = Anatomy("phantom", organs, volume.geometry, volume, Phase.PVP)
    study, record = real_case(anatomy, draw_real(ILL))
    assert {v.provenance for v in study.phases.values()} == {Provenance.SIMULATED}
    assert len(study.lesion_table) == len(record["lesions"]) >= 1
    assert record["person"]["classes"] and record["made"]["gain"]
    again, _ = real_case(anatomy, draw_real(ILL))
    for phase in Phase:
        np.testing.assert_array_equal(again.phases[phase].hu, study.phases[phase].hu)
    names = on_anatomy(anatomy, tmp_path, [ILL])
    assert names == [study.case]
    assert {"manifest.json", "metadata.csv", study.case} == {p.name for p in tmp_path.iterdir()}
    assert "hcc" in (tmp_path / "metadata.csv").read_text(encoding="utf-8")


def test_without_its_scans_sim_real_says_so(tmp_path) -> None:
    with pytest.raises(InputError, match="sim-real needs the real scans"):
        sim_real(tmp_path, tmp_path / "out")
