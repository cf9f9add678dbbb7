"""The table beside a cohort."""

import pytest

from hepaphase.base.errors import InputError
from hepaphase.datasets.metadata import answered, find_metadata, read_metadata


def test_numbers_are_numbers_and_names_stay_names(tmp_path):
    path = tmp_path / "metadata.csv"
    path.write_text("\ufeffCase,Age,weight,code,note\n007,61,70.5,1e5,\nünit,-3,0.0,0,a b\n,1,,,\n", encoding="utf-8")
    assert read_metadata(path, key="case") == {
        "007": {"age": 61, "weight": 70.5, "code": "1e5"},
        "ünit": {"age": -3, "weight": 0.0, "code": 0, "note": "a b"},
    }


def test_excel_sheet_reads_like_csv(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in [("ID", "label", "sex"), (12, 3.0, "F"), ("A1", None, "M")]:
        book.active.append(row)
    book.save(tmp_path / "metadata.xlsx")
    assert read_metadata(tmp_path / "metadata.xlsx", key="id") == {"12": {"label": 3, "sex": "F"}, "A1": {"sex": "M"}}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no column 'case'"),
        (b"name,age\na,1\n", "has: name, age"),
        (b"case\na\na\n", "two rows for 'a'"),
        (b"case\n\xff\n", "cannot be read as CSV"),
    ],
)
def test_bad_table_is_refused(tmp_path, content, says):
    path = tmp_path / "metadata.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=says):
        read_metadata(path, key="case")


def test_bad_sheet_is_refused(tmp_path):
    pytest.importorskip("openpyxl")
    path = tmp_path / "metadata.xlsx"
    path.write_bytes(b"PK not a sheet")
    with pytest.raises(InputError, match="cannot be read as an Excel sheet"):
        read_metadata(path, key="id")


def test_two_tables_are_refused(tmp_path):
    assert find_metadata(tmp_path) is None
    for name in ("metadata.csv", "metadata.xlsx"):
        (tmp_path / name).touch()
    with pytest.raises(InputError, match="both"):
        find_metadata(tmp_path)


def test_yes_and_no_are_answers_where_they_are_weighed():
    row = {
        "cirrhosis": "True",
        "hbv": 0,
        "cancer": "Y",
        "afp": "no",
        "cea": 1,
        "ca19_9": 12.5,
        "note": "no",
    }
    assert answered(row) == {
        "cirrhosis": True, "hbv": False, "cancer": True, "afp": False, "cea": 1, "ca19_9": 12.5, "note": "no"
    }  # fmt: skip
    assert answered(row)["cea"] is not True, "one may be an amount"
    assert answered({"cirrhosis": "unknown", "hbv": 2}) == {"cirrhosis": "unknown", "hbv": 2}
