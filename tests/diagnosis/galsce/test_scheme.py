import pytest

from hepaphase.base.errors import UnknownNameError
from hepaphase.diagnosis.galsce.scheme import ORIGINS, UNKNOWN, SeenLesion, scheme


def test_eight_outputs_two_primaries_and_six_origins() -> None:
    origins = scheme("origins")
    assert origins.outputs == ("hcc", "icc", "colorectal", "gastric", "pancreas", "breast", "lung", "other")
    assert origins.outputs[2:] == ORIGINS == origins.second


@pytest.mark.parametrize(
    ("lesions", "first", "output"),
    [
        ([("hcc", "", 9), ("cyst", "", 90)], "hcc", "hcc"),
        ([("icc", "", 9)], "icc", "icc"),
        ([("metastasis", "lung", 5), ("metastasis", "breast", 9)], "metastasis", "breast"),
        ([("metastasis", "net", 5)], "metastasis", "other"),
        ([("metastasis", "", 5)], "metastasis", None),
    ],
)
def test_the_largest_malignant_lesion_gives_the_answer(
    lesions: list[tuple[str, str, int]], first: str, output: str | None
) -> None:
    asked = scheme("origins")
    found = asked.labels([SeenLesion(*lesion) for lesion in lesions])
    assert found is not None and asked.first[found.first] == first
    assert (found.output == UNKNOWN) if output is None else (asked.outputs[found.output] == output)
    assert (found.second == UNKNOWN) == (first != "metastasis" or output is None)


@pytest.mark.parametrize("lesions", [[], [("cyst", "", 4)], [("hcc", "", 4), ("metastasis", "lung", 9)]])
def test_other_patients_are_not_of_the_task(lesions: list[tuple[str, str, int]]) -> None:
    assert scheme("origins").labels([SeenLesion(*lesion) for lesion in lesions]) is None


def test_the_variant_takes_everybody() -> None:
    asked = scheme("classes")
    nobody, cyst = asked.labels([]), asked.labels([SeenLesion("cyst", "", 9), SeenLesion("hcc", "", 4)])
    assert nobody is not None and cyst is not None
    assert (asked.first[nobody.first], asked.outputs[nobody.output], nobody.second) == ("none", "none", UNKNOWN)
    assert (asked.first[cyst.first], asked.outputs[cyst.output]) == ("benign", "cyst")
    with pytest.raises(UnknownNameError, match="Did you mean 'origins'"):
        scheme("origin")
