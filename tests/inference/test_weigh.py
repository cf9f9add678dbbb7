from hepaphase.diagnosis.clinical import FACTS
from hepaphase.inference.weigh import NAMES, weigh_findings
from hepaphase.study.findings import Finding, Findings, PatientScores

LESION = Finding(1, (1.0, 2.0, 3.0), 4.0, 20.0, 15.0, {"hcc": 0.4, "metastasis": 0.6}, {})
FINDINGS = Findings(PatientScores({"hcc": 0.4, "metastasis": 0.6}, 0.7), (LESION,), {}, 1500.0)


def test_a_class_that_changes_is_told_with_what_the_images_said() -> None:
    found, (told,) = weigh_findings(FINDINGS, {"cirrhosis": True, "cancer": False})
    assert found.lesions[0].lesion_class == "hcc"
    assert found.lesions[0].image_probabilities == LESION.probabilities
    assert found.patient == FINDINGS.patient
    assert "cirrhosis yes" in told and "cancer outside the liver no" in told
    assert "lesion 1 is metastasis (0.60)" in told


def test_nothing_known_changes_nothing_and_says_nothing() -> None:
    assert weigh_findings(FINDINGS, {"age": 50}) == (FINDINGS, ())


def test_every_fact_has_a_name() -> None:
    assert set(NAMES) == {*FACTS, "sex"}
