"""Lines around the table of a CSV, and what stays as it was."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from baton.company import Company, load_company
from baton.errors import SourceError
from features.ingest.intake import opened

RECORDS = "case_id,opened_at,cost\n1,2024-01-02,3\n2,2024-01-03,4\n3,2024-01-04,5\n"


@pytest.fixture
def brought(tmp_path: Path) -> Callable[..., tuple[list[str], list[str]]]:
    """Write a CSV, bring it in as ``cases``, and return its ids and what is said of it."""

    def bring(
        text: str, more: str = "", name: str = "cases.csv", encoding: str = "utf-8"
    ) -> tuple[list[str], list[str]]:
        raw = text.encode(encoding)
        (tmp_path / name).write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
        path = tmp_path / "company.toml"
        path.write_text(f'[tables]\ncases = {{ path = "{name}", encoding = "{encoding}"{more} }}\n', encoding="utf-8")
        company: Company = load_company(path)
        with opened(company) as intake:
            table = intake.bring("cases")
            ids = [row[0] for row in intake.rows(f"SELECT case_id FROM {table.relation}")]
            return ids, [note.text for note in table.notes if "left out" in note.text]

    return bring


@pytest.mark.parametrize("name", ["cases.csv", "cases.csv.gz"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gbk"])
def test_titles_totals_and_remarks_are_left_out_and_reported(
    brought: Callable[..., tuple[list[str], list[str]]], name: str, encoding: str
) -> None:
    text = f"客服工单报表\n导出,2024-02-01\n\n{RECORDS}合计,,12\n\nExported by the desk, page 1\n"
    ids, notes = brought(text, name=name, encoding=encoding)
    assert ids == ["1", "2", "3"]
    assert notes == [
        f"cases: {name}: left out as no records: lines above the header: 2 ('客服工单报表', '导出 2024-02-01'), "
        "totals: 1 ('合计 12'), remarks: 1 ('Exported by the desk page 1')"
    ]


def test_sep_says_the_delimiter_and_is_no_header(brought: Callable[..., tuple[list[str], list[str]]]) -> None:
    assert brought("sep=;\r\n" + RECORDS.replace(",", ";").replace("\n", "\r\n")) == (["1", "2", "3"], [])


def test_the_line_of_the_header_may_be_given(brought: Callable[..., tuple[list[str], list[str]]]) -> None:
    ids, _ = brought("a,b,c\nd,e,f\n" + RECORDS, ", header_row = 3")
    assert ids == ["1", "2", "3"]


def test_a_header_line_that_is_not_there_is_reported(brought: Callable[..., tuple[list[str], list[str]]]) -> None:
    with pytest.raises(SourceError, match="has nothing in line 30"):
        brought(RECORDS, ", header_row = 30")


@pytest.mark.parametrize(
    ("last", "ids"),
    [
        ('4,2024-01-05,"6\nthanks a lot"\n', ["1", "2", "3", "4"]),  # the end of a text is no remark
        ("T9,2024-01-05,6\n", ["1", "2", "3", "T9"]),
        ("Total Care,2024-01-05,6\n", ["1", "2", "3", "Total Care"]),
    ],
)
def test_records_at_the_end_stay(
    brought: Callable[..., tuple[list[str], list[str]]], last: str, ids: list[str]
) -> None:
    assert brought(RECORDS.replace(",cost", ",text") + last) == (ids, [])


def test_a_file_that_was_cut_off_is_still_refused(brought: Callable[..., tuple[list[str], list[str]]]) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        brought(RECORDS + "4,2024")


def test_few_columns_and_short_first_lines_are_no_titles(
    brought: Callable[..., tuple[list[str], list[str]]],
) -> None:
    assert brought("case_id,opened_at\n1,2024-01-02\n2,2024-01-03\n") == (["1", "2"], [])
