"""Opening CSV and Parquet: encodings, delimiters, globs, and what is refused with one sentence."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from baton.company import Company, load_company
from baton.errors import BatonError, CompanyFileError, SourceError
from features.ingest.intake import opened
from features.ingest.sources import fingerprint, open_source

CASES = "case_id,opened_at\n007,2024-01-02\n8,2024-01-03\n"


@pytest.fixture
def company(tmp_path: Path) -> Callable[[str], Company]:
    """Write a company file with these ``[tables]`` and load it."""

    def write(tables: str) -> Company:
        path = tmp_path / "company.toml"
        path.write_text(f"[tables]\n{tables}\n", encoding="utf-8")
        return load_company(path)

    return write


def rows(company: Company, name: str = "cases") -> list[dict[str, object]]:
    return open_source(company, name).execute().to_dict("records")


def refused(company: Company, name: str = "cases") -> str:
    with pytest.raises(BatonError) as caught, opened(company) as intake:
        intake.bring(name)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_csv_comes_as_text_and_keeps_its_zeros(tmp_path: Path, company: Callable[[str], Company]) -> None:
    (tmp_path / "cases.csv").write_text(CASES)
    assert rows(company('cases = { path = "cases.csv" }')) == [
        {"case_id": "007", "opened_at": "2024-01-02"},
        {"case_id": "8", "opened_at": "2024-01-03"},
    ]


@pytest.mark.parametrize("encoding", ["cp1252", "gbk", "utf-16", "utf-8-sig", "latin-1", "big5"])
def test_encodings_are_read(tmp_path: Path, company: Callable[[str], Company], encoding: str) -> None:
    word = {"cp1252": "Réparée – été", "gbk": "维修完成", "big5": "維修完成", "latin-1": "Réparée"}.get(encoding, "é维")
    (tmp_path / "cases.csv").write_bytes(f"case_id,opened_at,stage\n1,2024-01-02,{word}\n".encode(encoding))
    found = rows(company(f'cases = {{ path = "cases.csv", encoding = "{encoding}" }}'))
    assert found == [{"case_id": "1", "opened_at": "2024-01-02", "stage": word}]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_inferred_from_the_header(
    tmp_path: Path, company: Callable[[str], Company], delimiter: str
) -> None:
    text = delimiter.join(['"case, id"', "opened_at", "select"]) + "\n" + delimiter.join(["1", "2024-01-02", '"a;b"'])
    (tmp_path / "cases.csv").write_text(text)
    assert rows(company('cases = { path = "cases.csv" }')) == [
        {"case, id": "1", "opened_at": "2024-01-02", "select": "a;b"}
    ]


def test_a_delimiter_that_is_given_wins(tmp_path: Path, company: Callable[[str], Company]) -> None:
    (tmp_path / "cases.csv").write_text("case_id^opened_at,x\n1^2\n")
    assert rows(company('cases = { path = "cases.csv", delimiter = "^" }')) == [{"case_id": "1", "opened_at,x": "2"}]


def test_quoted_line_ends_and_gzip_are_read(tmp_path: Path, company: Callable[[str], Company]) -> None:
    with gzip.open(tmp_path / "cases.csv.gz", "wt") as file:
        file.write('case_id,text\n1,"two\nlines, one ""case"""\n')
    assert rows(company('cases = { path = "cases.csv.gz" }')) == [{"case_id": "1", "text": 'two\nlines, one "case"'}]


def test_a_glob_of_csv_files_is_matched_by_column_name(tmp_path: Path, company: Callable[[str], Company]) -> None:
    for month in range(1, 13):
        header = "case_id,opened_at" if month % 2 else "opened_at,case_id"
        row = f"{month},2024-{month:02}-01" if month % 2 else f"2024-{month:02}-01,{month}"
        (tmp_path / f"cases-{month:02}.csv").write_text(f"{header}\n{row}\n")
    found = {row["case_id"]: row["opened_at"] for row in rows(company('cases = { path = "cases-*.csv" }'))}
    assert found == {str(month): f"2024-{month:02}-01" for month in range(1, 13)}


@pytest.mark.parametrize("path", ["parts", "parts/*.parquet", "parts/one.parquet"])
def test_parquet_is_read_from_a_file_a_folder_and_a_glob(
    tmp_path: Path, company: Callable[[str], Company], path: str
) -> None:
    (tmp_path / "parts").mkdir()
    for name, case in (("one", 1), ("two", 2)):
        pd.DataFrame({"case_id": [case], "满意": [5]}).to_parquet(tmp_path / "parts" / f"{name}.parquet")
    found = rows(company(f'cases = {{ path = "{path}" }}'))
    assert [row["case_id"] for row in found] == ([1] if "one" in path else [1, 2])
    assert found[0]["满意"] == 5


def test_a_name_with_a_pattern_s_letters_is_a_file(tmp_path: Path, company: Callable[[str], Company]) -> None:
    (tmp_path / "cases [2024].csv").write_text(CASES)
    assert len(rows(company('cases = { path = "cases [2024].csv" }'))) == 2


def test_sql_reads_the_file_as_raw(tmp_path: Path, company: Callable[[str], Company]) -> None:
    (tmp_path / "export.csv").write_text('Ticket No,"Agent ""Name"""\n007,Ann\n')
    sql = 'select "Ticket No" as case_id, "Agent ""Name""" as employee_id from raw'
    found = rows(company(f"cases = {{ path = \"export.csv\", sql = '''{sql}''' }}"))
    assert found == [{"case_id": "007", "employee_id": "Ann"}]


def test_a_path_may_name_environment_variables(
    tmp_path: Path, company: Callable[[str], Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cases.csv").write_text(CASES)
    monkeypatch.setenv("BATON_TEST_FOLDER", str(tmp_path))
    assert len(rows(company('cases = { path = "${BATON_TEST_FOLDER}/cases.csv" }'))) == 2
    with pytest.raises(CompanyFileError, match="BATON_TEST_ABSENT is not set"):
        open_source(company('cases = { path = "${BATON_TEST_ABSENT}/cases.csv" }'), "cases")


def write_cut_parquet(path: Path) -> None:
    pd.DataFrame({"case_id": range(1000)}).to_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])


def write_damaged_parquet(path: Path) -> None:
    pd.DataFrame({"case_id": range(1000)}).to_parquet(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + b"\xff" * (len(whole) - 12) + whole[-8:])


@pytest.mark.parametrize(
    ("write", "name", "refusal"),
    [
        (lambda path: path.write_text(""), "cases.csv", "is empty"),
        (lambda path: path.write_text("\n\n"), "cases.csv", "is empty"),
        (lambda path: path.write_text("csat,b,CSAT\n1,2,3\n"), "cases.csv", "has the column 'csat' several times"),
        (
            lambda path: path.write_text("a,b\n1,2\n1,2,3\n"),
            "cases.csv",
            "cannot be read: line 3: Expected Number of Columns: 2 Found: 3",
        ),
        (lambda path: path.write_bytes(b"PK\x03\x04rest"), "cases.xlsx", "is no whole spreadsheet"),
        (lambda path: path.write_text('{"a": 1}'), "cases.json", "is neither CSV, spreadsheet nor Parquet"),
        (lambda path: path.write_text("no"), "cases.parquet", "is no whole Parquet file"),
        (write_cut_parquet, "cases.parquet", "is no whole Parquet file"),
        (write_damaged_parquet, "cases.parquet", "cannot be read"),
    ],
)
def test_files_that_are_no_table_are_refused(
    tmp_path: Path, company: Callable[[str], Company], write: Callable[[Path], None], name: str, refusal: str
) -> None:
    write(tmp_path / name)
    assert refusal in refused(company(f'cases = {{ path = "{name}" }}'))


@pytest.mark.parametrize(
    ("encoding", "text", "refusal"),
    [
        ("cp1252", "case_id,stage\n1,Réparée à été\n", 'set encoding, probably to "cp1252"'),
        ("gbk", "case_id,stage\n1,维修完成，客户满意\n", 'set encoding, probably to "gbk"'),
        ("utf-16", "case_id,stage\n1,é\n", 'set encoding, probably to "utf-16"'),
    ],
)
def test_a_wrong_encoding_is_reported_with_a_likelier_one(
    tmp_path: Path, company: Callable[[str], Company], encoding: str, text: str, refusal: str
) -> None:
    (tmp_path / "cases.csv").write_bytes(text.encode(encoding))
    assert refusal in refused(company('cases = { path = "cases.csv" }'))


def test_a_wrong_byte_far_down_is_reported_too(tmp_path: Path, company: Callable[[str], Company]) -> None:
    (tmp_path / "cases.csv").write_bytes(b"case_id,stage\n" + b"1,good\n" * 700_000 + b"2,\xe9\n")
    assert "is not utf-8 (near byte 4,900,016)" in refused(company('cases = { path = "cases.csv" }'))


def test_a_missing_file_is_reported_with_the_nearest(tmp_path: Path, company: Callable[[str], Company]) -> None:
    (tmp_path / "cases.csv").write_text(CASES)
    assert refused(company('cases = { path = "case.csv" }')).endswith("no such file; did you mean 'cases.csv'?")
    assert "no file fits" in refused(company('cases = { path = "nothing*.csv" }'))
    assert "nor is there a folder" in refused(company('cases = { path = "nowhere/cases.csv" }'))


def test_a_folder_with_two_kinds_of_files_is_refused(tmp_path: Path, company: Callable[[str], Company]) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "a.csv").write_text(CASES)
    pd.DataFrame({"case_id": [1]}).to_parquet(tmp_path / "parts" / "b.parquet")
    assert "holds CSV and Parquet files" in refused(company('cases = { path = "parts" }'))


def test_a_query_joins_another_file(tmp_path: Path, company: Callable[[str], Company]) -> None:
    (tmp_path / "cases.csv").write_text(CASES)
    (tmp_path / "reviews.csv").write_text("case;stars\n8;4\n")
    query = 'select raw.case_id, stars as csat from raw left join reviews on reviews."case" = raw.case_id order by 1'
    one = company(f"cases = {{ path = 'cases.csv', files = {{ reviews = 'reviews.csv' }}, sql = '{query}' }}")
    assert rows(one)[1] == {"case_id": "8", "csat": "4"}
    before = fingerprint(one)
    (tmp_path / "reviews.csv").write_text("case;stars\n8;5\n")
    assert fingerprint(one) != before
    with pytest.raises(SourceError, match=r"tables.cases.files.reviews: .*review.csv: no such file; did you mean 'rev"):
        rows(company(f"cases = {{ path = 'cases.csv', files = {{ reviews = 'review.csv' }}, sql = '{query}' }}"))
    with pytest.raises(CompanyFileError, match="files are for a query over files"):
        company("cases = { path = 'cases.csv', files = { reviews = 'reviews.csv' } }")


def test_a_query_s_fault_is_reported_as_the_query_s(tmp_path: Path, company: Callable[[str], Company]) -> None:
    (tmp_path / "cases.csv").write_text(CASES)
    message = refused(company('cases = { path = "cases.csv", sql = "select ticket from raw" }'))
    assert message.startswith("tables.cases.sql: ")
    assert "ticket" in message


def test_a_file_that_the_system_refuses_is_reported(
    tmp_path: Path, company: Callable[[str], Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cases.csv").write_text(CASES)
    settings = company('cases = { path = "cases.csv" }')

    whole = Path.open

    def forbidden(self: Path, *arguments: Any, **named: Any) -> Any:
        if self.name == "cases.csv":
            raise PermissionError(13, "Permission denied")
        return whole(self, *arguments, **named)

    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(SourceError, match="Permission denied.*check its permissions"):
        open_source(settings, "cases")


def test_a_fingerprint_changes_with_the_data_alone(tmp_path: Path, company: Callable[[str], Company]) -> None:
    path = tmp_path / "cases.csv"
    path.write_text(CASES)
    settings = company('cases = { path = "cases.csv" }')
    before = fingerprint(settings)
    os.utime(path, (1, 1))
    assert fingerprint(settings) == before
    path.write_text(CASES.replace("007", "006"))
    assert fingerprint(settings)["cases"] != before["cases"]
