"""What a workbook lets into its cells, and how its sheets are set up."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from baton.errors import OutputError
from baton.sheets import book
from baton.sheets.book import Column, opened
from baton.sheets.cells import MAX_TEXT, Formatted, sheet_name
from tests.pipelines.workbook.conftest import Read

NASTY = [  # a text, and what is read back
    ("=1+1", "=1+1"),
    ('=HYPERLINK("http://evil","x")', '=HYPERLINK("http://evil","x")'),
    ("{=1+1}", "{=1+1}"),
    ("+49 30 123", "+49 30 123"),
    ("-cmd|' /C calc'!A0", "-cmd|' /C calc'!A0"),
    ("@SUM(A1)", "@SUM(A1)"),
    ("＝1+1", "＝1+1"),
    ("\t=1+1", " =1+1"),
    ("\r=1+1", "\n=1+1"),
    ("\x00=1+1", "=1+1"),
    ("\n=1+1", "\n=1+1"),
    ("https://example.org/", "https://example.org/"),
    ("mailto:a@example.org", "mailto:a@example.org"),
    ("internal:Sheet1!A1", "internal:Sheet1!A1"),
    ("0012", "0012"),
    ("1e5", "1e5"),
    ("<b>&amp;</b>]]>", "<b>&amp;</b>]]>"),
    ("a\x01b\x1fc\x7fd\ufffee", "abcde"),
    ("half\ud800", "half"),
    ("_x0041_", "_x0041_"),
    ("客户 😀 ü", "客户 😀 ü"),
    ("  both ends  ", "  both ends  "),
]
CALLED_FORMULA = 11  # as many from the first on begin as formulas do, but for {=1+1}


def write(path: Path, columns: list[str], rows: list[tuple], title: str = "Texts") -> tuple[str, ...]:
    with opened(path, "A title") as made:
        return made.table(title, [Column((name,)) for name in columns], rows)


def test_texts_are_read_back_as_texts(tmp_path: Path, read_back: Callable[[Path], Read]) -> None:
    write(tmp_path / "a.xlsx", ["text"], [(text,) for text, _ in NASTY])
    found = read_back(tmp_path / "a.xlsx")
    assert [row[0] for row in found.sheets["Texts"][1:]] == [shown for _, shown in NASTY]


def test_nothing_in_the_file_is_a_formula_or_a_link(tmp_path: Path, read_back: Callable[[Path], Read]) -> None:
    write(tmp_path / "a.xlsx", [text for text, _ in NASTY], [tuple(text for text, _ in NASTY)] * 2)
    found = read_back(tmp_path / "a.xlsx")
    for name, xml in found.xml.items():
        assert not re.search(r"<f[ >/]", xml), name
        assert "<hyperlink" not in xml, name
    assert not any("externalLink" in name or "connections" in name for name in found.xml)


def test_texts_like_formulas_are_marked_as_texts(tmp_path: Path, read_back: Callable[[Path], Read]) -> None:
    write(tmp_path / "a.xlsx", ["text"], [(text,) for text, _ in NASTY])
    found = read_back(tmp_path / "a.xlsx")
    formats = re.findall(r"<xf [^>]*>", found.xml["xl/styles.xml"].split("<cellXfs")[1])
    marked = {place for place, xf in enumerate(formats) if 'quotePrefix="1"' in xf}
    styles = {int(r): int(s) for r, s in re.findall(r'<c r="A(\d+)" s="(\d+)"', found.xml["xl/worksheets/sheet1.xml"])}
    quoted = {row - 2 for row, style in styles.items() if style in marked}
    assert quoted == set(range(CALLED_FORMULA)) - {2}


def test_a_long_text_is_shortened_and_says_so(tmp_path: Path, read_back: Callable[[Path], Read]) -> None:
    with opened(tmp_path / "a.xlsx", "t", shortened=" (cut)") as made:
        made.table("Texts", [Column(("a",)), Column(("b",))], [("x" * (MAX_TEXT + 1), "😀" * MAX_TEXT)])
    long, wide = read_back(tmp_path / "a.xlsx").sheets["Texts"][1]
    for text in (str(long), str(wide)):
        assert len(text.encode("utf-16-le")) // 2 <= MAX_TEXT
        assert text.endswith(" (cut)")
    assert len(str(long)) == MAX_TEXT


def test_numbers_days_and_blanks_keep_their_types(tmp_path: Path, read_back: Callable[[Path], Read]) -> None:
    row = (0.25, 3, datetime(2025, 3, 4), datetime(1850, 1, 1), None, "", Formatted(-0.5, "0%"))
    write(tmp_path / "a.xlsx", list("abcdefg"), [row])
    found = read_back(tmp_path / "a.xlsx").sheets["Texts"][1]
    assert found[:2] == [0.25, 3.0]
    assert str(found[2]) == "2025-03-04"
    assert found[3:] == ["1850-01-01 00:00:00", "", "", -0.5]


def test_a_table_longer_than_a_sheet_goes_on_in_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_back: Callable[[Path], Read]
) -> None:
    monkeypatch.setattr(book, "MAX_ROWS", 4)
    names = write(tmp_path / "a.xlsx", ["n"], [(n,) for n in range(7)], "A table with a title of over 31 letters")
    found = read_back(tmp_path / "a.xlsx").sheets
    assert (
        names
        == tuple(found)
        == (
            "A table with a title of over 31",
            "A table with a title of ove (2)",
            "A table with a title of ove (3)",
        )
    )
    assert [len(rows) for rows in found.values()] == [4, 4, 2]
    assert [row[0] for rows in found.values() for row in rows[1:]] == [0, 1, 2, 3, 4, 5, 6]
    assert all(rows[0] == ["n"] for rows in found.values())


def test_a_table_without_rows_keeps_its_headings(tmp_path: Path, read_back: Callable[[Path], Read]) -> None:
    write(tmp_path / "a.xlsx", ["a", "b"], [])
    assert read_back(tmp_path / "a.xlsx").sheets == {"Texts": [["a", "b"]]}


@pytest.mark.parametrize("title", ["History", "a[b]:c*d?e/f\\g", "'quoted'", "", "\x00", "字" * 40, "\n"])
def test_sheets_have_names_that_excel_accepts(title: str) -> None:
    taken: set[str] = set()
    names = [sheet_name(title, taken) for _ in range(12)]
    assert len({name.lower() for name in names}) == 12
    for name in names:
        assert 0 < len(name) <= 31
        assert not re.search(r"[\[\]:*?/\\]|^'|'$|^history$", name, re.IGNORECASE)


def test_a_sheet_is_set_up_for_reading_and_printing(tmp_path: Path, read_back: Callable[[Path], Read]) -> None:
    write(tmp_path / "a.xlsx", ["a", "b"], [("x", "y" * 300)])
    found = read_back(tmp_path / "a.xlsx").xml
    sheet = found["xl/worksheets/sheet1.xml"]
    assert '<pane xSplit="1" ySplit="1" topLeftCell="B2"' in sheet
    assert '<autoFilter ref="A1:B2"' in sheet
    assert 'orientation="landscape"' in sheet
    assert 'fitToHeight="0"' in sheet
    assert "$1:$1" in found["xl/workbook.xml"]
    widths = [float(width) for width in re.findall(r'width="([\d.]+)"', sheet)]
    assert widths[0] < 15 < 55 < widths[1] < 65


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_text("mine")
    with pytest.raises(OutputError, match="is there already"):
        write(path, ["a"], [])
    assert path.read_text() == "mine"


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"ends with \.xlsx; write a\.xlsx"):
        write(tmp_path / "a.csv", ["a"], [])


def test_nothing_is_left_where_writing_fails(tmp_path: Path) -> None:
    def rows():  # noqa: ANN202
        yield ("x",)
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError), opened(tmp_path / "a.xlsx", "t") as made:
        made.table("T", [Column(("a",))], rows())
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write(tmp_path / "file" / "a.xlsx", ["a"], [])


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    write(tmp_path / "a.xlsx", ["a"], [])
    assert stat.S_IMODE((tmp_path / "a.xlsx").stat().st_mode) == 0o600
