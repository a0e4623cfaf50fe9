"""Spreadsheets as sources: each format, the right table, cells as they are, and what is given."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from baton.company import load_company
from baton.errors import BatonError, SourceError
from features.ingest.intake import opened
from features.ingest.sources import open_source

NAMES = ["case_id", "opened_at", "employee_id", "wait_seconds", "csat"]
RECORDS = [[f"T{number}", dt.datetime(2025, 3, 1 + number, 9), "ann", 60 * number, "4"] for number in range(1, 6)]
Brought = tuple[list[dict[str, Any]], list[str]]


def workbook(path: Path, **sheets: list[list[Any]]) -> None:
    book = xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd hh:mm"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for row, cells in enumerate(rows):
            for place, cell in enumerate(cells):
                if cell is not None:
                    sheet.write(row, place, cell)
    book.close()


@pytest.fixture
def bring(tmp_path: Path) -> Callable[..., Brought]:
    """Bring a file in as ``cases`` and return its rows and what is said of it."""

    def bring(name: str = "book.xlsx", more: str = "") -> Brought:
        path = tmp_path / "company.toml"
        path.write_text(f'[tables]\ncases = {{ path = "{name}"{more} }}\n', encoding="utf-8")
        with opened(load_company(path)) as intake:
            table = intake.bring("cases")
            columns = [name for name in table.plans if name in table.columns]
            found = intake.rows(f"SELECT {', '.join(columns)} FROM {table.relation}")
            return [dict(zip(columns, row, strict=True)) for row in found], [note.text for note in table.notes]

    return bring


def test_a_sheet_is_read_with_its_types(tmp_path: Path, bring: Callable[..., Brought]) -> None:
    workbook(tmp_path / "book.xlsx", Sheet1=[NAMES, *RECORDS])
    rows, notes = bring()
    assert len(rows) == 5
    assert rows[0] == {
        "case_id": "T1",
        "opened_at": dt.datetime(2025, 3, 1 + 1, 9),
        "employee_id": "ann",
        "wait_seconds": 60.0,
        "csat": 4.0,  # a number stored as text
    }
    assert notes[0] == "cases: read from book.xlsx, sheet 'Sheet1', cells A1:E6"


def test_serial_dates_clocks_and_durations(tmp_path: Path, bring: Callable[..., Brought]) -> None:
    book = xlsxwriter.Workbook(tmp_path / "book.xlsx")
    sheet = book.add_worksheet()
    clock, long = book.add_format({"num_format": "hh:mm:ss"}), book.add_format({"num_format": "[h]:mm:ss"})
    sheet.write_row(0, 0, ["case_id", "opened_at", "wait_seconds", "handle_seconds"])
    for row in range(1, 4):
        sheet.write_row(row, 0, [f"T{row}", 45_000 + row + 0.5])  # no format: a serial number
        sheet.write(row, 2, 90 / 86_400, clock)
        sheet.write(row, 3, 30 / 24, long)
    book.close()
    rows, _ = bring()
    assert rows[0] == {
        "case_id": "T1",
        "opened_at": dt.datetime(2023, 3, 16, 12),
        "wait_seconds": 90.0,
        "handle_seconds": 108_000.0,
    }


def test_what_stands_around_a_table_is_reported(tmp_path: Path, bring: Callable[..., Brought]) -> None:
    total = ["Total", None, None, 900, None]
    workbook(tmp_path / "book.xlsx", Data=[["Tickets of March"], [], NAMES, *RECORDS, total, [], ["Confidential"]])
    rows, notes = bring()
    assert [row["case_id"] for row in rows] == ["T1", "T2", "T3", "T4", "T5"]
    assert notes[:3] == [
        "cases: read from book.xlsx, sheet 'Data', cells A3:E8",
        "cases: book.xlsx, sheet 'Data': left out as no records: totals: 1 ('Total 900'), remarks: 1 ('Confidential')",
        "cases: book.xlsx, sheet 'Data': 1 filled cells beside the table are not read; sheet and header_row choose another "
        "table",
    ]


def test_errors_hidden_rows_and_columns_are_counted(tmp_path: Path, bring: Callable[..., Brought]) -> None:
    book = xlsxwriter.Workbook(tmp_path / "book.xlsx", {"default_date_format": "yyyy-mm-dd hh:mm"})
    sheet = book.add_worksheet("Data")
    for row, cells in enumerate([NAMES, *RECORDS]):
        for place, cell in enumerate(cells):
            sheet.write(row, place, cell)
    sheet.write_formula(2, 3, "=1/0", None, "#DIV/0!")
    sheet.set_row(3, None, None, {"hidden": True})
    sheet.set_column(2, 2, None, None, {"hidden": True})
    sheet.set_column(20, 16_383, None, None, {"hidden": True})
    book.close()
    rows, notes = bring()
    assert [row["wait_seconds"] for row in rows] == [60.0, None, 180.0, 240.0, 300.0]
    assert notes[1:3] == [
        "cases: book.xlsx, sheet 'Data': cells with an error, taken as missing: 1",
        "cases: book.xlsx, sheet 'Data': hidden rows: 1, hidden columns: 1; read like the others, delete in the file what "
        "does not count",
    ]


def test_merged_cells_stand_for_each_of_their_rows(tmp_path: Path, bring: Callable[..., Brought]) -> None:
    book = xlsxwriter.Workbook(tmp_path / "book.xlsx")
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["team_id", "case_id", "opened_at"])
    for row in range(1, 5):
        sheet.write_row(row, 1, [f"T{row}", f"2025-03-0{row}"])
    sheet.merge_range(1, 0, 2, 0, "north")
    sheet.merge_range(3, 0, 4, 0, "south")
    book.close()
    rows, _ = bring()
    assert [row["team_id"] for row in rows] == ["north", "north", "south", "south"]


def test_the_sheet_of_the_table_s_name_is_meant(tmp_path: Path, bring: Callable[..., Brought]) -> None:
    workbook(tmp_path / "book.xlsx", People=[["employee_id", "team_id"], ["a", "b"]], Cases=[NAMES, *RECORDS])
    assert len(bring()[0]) == 5


def test_nobody_guesses_among_sheets_or_tables(tmp_path: Path, bring: Callable[..., Brought]) -> None:
    workbook(tmp_path / "book.xlsx", March=[NAMES, *RECORDS], April=[NAMES, *RECORDS])
    with pytest.raises(SourceError, match=r"tables on the sheets 'March', 'April'; say which: sheet = "):
        bring()
    assert len(bring(more=', sheet = "April"')[0]) == 5
    with pytest.raises(SourceError, match="has no sheet 'May'; it has 'March', 'April'"):
        bring(more=', sheet = "May"')
    workbook(tmp_path / "two.xlsx", Data=[NAMES, *RECORDS, [], ["team", "lead", "size"], ["A", "x", 3], ["B", "y", 4]])
    with pytest.raises(
        SourceError, match=r"2 tables on one sheet \(Data!A1:E6, Data!A8:C10\); say which by header_row"
    ):
        bring("two.xlsx")
    assert len(bring("two.xlsx", ", header_row = 1")[0]) == 5


def test_columns_are_renamed_without_sql(tmp_path: Path, bring: Callable[..., Brought]) -> None:
    workbook(tmp_path / "book.xlsx", Data=[["Call Id", "Opened", *NAMES[2:]], *RECORDS])
    rows, _ = bring(more=', columns = { case_id = "call id", opened_at = "Opened" }')
    assert rows[0]["case_id"] == "T1"
    with pytest.raises(
        SourceError, match=r"columns.case_id: the source has no column 'Call'; did you mean 'Call Id'\?"
    ):
        bring(more=', columns = { case_id = "Call", opened_at = "Opened" }')
    with pytest.raises(SourceError, match="'Call Id' cannot become 'csat', a column of the source already"):
        bring(more=', columns = { csat = "Call Id", opened_at = "Opened" }')


def test_a_query_reads_a_spreadsheet_as_raw(tmp_path: Path) -> None:
    workbook(tmp_path / "book.xlsx", Data=[["Call Id", "Opened"], ["T1", "2025-03-01"]])
    path = tmp_path / "company.toml"
    path.write_text('[tables]\ncases = { path = "book.xlsx", sql = \'select "Call Id" as case_id from raw\' }\n')
    assert open_source(load_company(path), "cases").execute().to_dict("records") == [{"case_id": "T1"}]


def test_several_workbooks_are_one_table(tmp_path: Path, bring: Callable[..., Brought]) -> None:
    (tmp_path / "months").mkdir()
    workbook(tmp_path / "months" / "1.xlsx", Data=[NAMES, *RECORDS[:2]])
    workbook(tmp_path / "months" / "2.xlsx", Data=[[*NAMES, "channel"], *[[*row, "web"] for row in RECORDS[2:]]])
    (tmp_path / "months" / "~$2.xlsx").write_bytes(b"a lock")
    rows, notes = bring("months")
    assert [(row["case_id"], row["channel"]) for row in rows][1:3] == [("T2", None), ("T3", "web")]
    assert sum("read from" in note for note in notes) == 2


def test_an_ods_is_read(tmp_path: Path, bring: Callable[..., Brought]) -> None:
    def cell(value: Any) -> str:
        if isinstance(value, dt.datetime):
            return f'<table:table-cell office:value-type="date" office:date-value="{value.isoformat()}"/>'
        if isinstance(value, int):
            return f'<table:table-cell office:value-type="float" office:value="{value}"/>'
        return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'

    rows = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in [NAMES, *RECORDS])
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0"?><office:document-content {spaces}><office:body><office:spreadsheet>'
        f'<table:table table:name="Data">{rows}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    with zipfile.ZipFile(tmp_path / "book.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", '<?xml version="1.0"?><manifest/>')
        archive.writestr("content.xml", content)
    found, _ = bring("book.ods")
    assert [(row["case_id"], row["opened_at"], row["wait_seconds"]) for row in found][:1] == [
        ("T1", dt.datetime(2025, 3, 2, 9), 60.0)
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("book.xlsx", b"PK\x03\x04 cut off", "is no whole spreadsheet"),
        ("book.xls", b"what is this", "is no whole spreadsheet"),
        ("book.csv", b"PK\x03\x04", r"is a spreadsheet; name it \.xlsx"),
        ("book.xlsx", b"", "is empty"),
    ],
)
def test_damaged_files_are_refused_by_one_sentence(
    tmp_path: Path, bring: Callable[..., Brought], name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BatonError, match=message) as caught:
        bring(name)
    assert "\n" not in str(caught.value)


def test_a_sheet_without_a_table_is_refused(tmp_path: Path, bring: Callable[..., Brought]) -> None:
    workbook(tmp_path / "book.xlsx", Data=[["Report"], [1, 2], [3, 4]])
    with pytest.raises(SourceError, match="no table that can be found; say where it is by sheet and header_row"):
        bring()
