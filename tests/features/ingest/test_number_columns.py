"""Numbers are read by their column: decimal marks, grouping, currencies, percent signs, brackets, durations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baton.company import load_company
from features.ingest.intake import Intake, opened
from features.ingest.values.number_text import NumberFormat, figures_sql, number_sql

Read = Callable[..., tuple[list[float | None], list[str], str]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read a column of cases from one or several CSV files: values, notes, and what is in doubt."""

    def run(
        *files: list[str], column: str = "budget", beside: list[str] | None = None, options: str = "", mark: str = "\t"
    ) -> tuple[list[float | None], list[str], str]:
        folder = tmp_path / "cases"
        folder.mkdir(exist_ok=True)
        for number, values in enumerate(files):
            rows = [
                mark.join((f"{number}-{row:03d}", f"2024-01-{row % 28 + 1:02d}", value, (beside or values)[row]))
                for row, value in enumerate(values)
            ]
            (folder / f"{number}.csv").write_text(
                "\n".join([mark.join(("case_id", "opened_at", column, "beside")), *rows]) + "\n", encoding="utf-8"
            )
        (tmp_path / "company.toml").write_text(f'[tables]\ncases = {{ path = "cases"{options} }}\n')
        with opened(load_company(tmp_path)) as intake:
            return _column(intake, column)

    return run


def _column(intake: Intake, column: str) -> tuple[list[float | None], list[str], str]:
    table = intake.bring("cases")
    values = [row[0] for row in intake.rows(f'SELECT "{column}" FROM typed_cases ORDER BY case_id')]
    return (
        values,
        [note.text for note in table.notes if f".{column}:" in note.text],
        "" if (doubt := table.plans[column].doubt) is None else doubt.text,
    )


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (["12,50", "1.250", "1.100,25"], [12.5, 1250.0, 1100.25]),
        (["12.50", "1,250", "1,100.25"], [12.5, 1250.0, 1100.25]),
        (["0.125", "1.5", "12.345"], [0.125, 1.5, 12.345]),
        (["1.250", "999", "15.000"], [1250.0, 999.0, 15000.0]),
        (["1 234,5", "1\u202f234", "2\u00a0000,25"], [1234.5, 1234.0, 2000.25]),
        (["1'234.50", "2’000", "7"], [1234.5, 2000.0, 7.0]),
        (["1,23,456.50", "12,345", "99"], [123456.5, 12345.0, 99.0]),
        (["(1,234.5)", "1,234.5-", "-2.5"], [-1234.5, -1234.5, -2.5]),
        (["€ 12.50", "7 EUR", "-€1,000"], [12.5, 7.0, -1000.0]),
        (["12 %", "12.5%", "0 %"], [0.12, 0.125, 0.0]),
        (["１２．５", "３", "4.25"], [12.5, 3.0, 4.25]),
        (["¥1.2万", "3亿", "5000元"], [12000.0, 3e8, 5000.0]),
    ],
)
def test_numbers_are_read_by_their_column(read: Read, written: list[str], expected: list[float]) -> None:
    values, _, doubt = read(written)
    assert doubt == ""
    assert values == expected


def test_a_column_of_contract_and_an_attribute_are_read_alike(read: Read) -> None:
    written = ["1.250", "12,50", "3,75", "2.000", "999", "1.100,25", "0,5"]
    assert read(written, column="cost")[0] == read(written)[0] == [1250.0, 12.5, 3.75, 2000.0, 999.0, 1100.25, 0.5]


def test_a_decimal_comma_is_reported(read: Read) -> None:
    assert read(["12,50", "1.250"])[1] == [
        "cases.budget: numbers are read with a decimal comma (1.250 is 1250); else set decimal"
    ]


def test_a_column_without_evidence_follows_the_others_of_its_file(read: Read) -> None:
    written = ["1.250", "2.500", "1.234"]
    values, notes, _ = read(written, beside=["0,5", "1,5", "7"])
    assert values == [1250.0, 2500.0, 1234.0]
    assert "as in the table's other columns" in notes[0]
    assert read(written, beside=["0.5", "1.5", "7"])[0] == [1.25, 2.5, 1.234]


def test_without_evidence_the_default_is_reported_and_semicolons_stop_it(read: Read) -> None:
    written = ["1.250", "2.500", "1.234"]
    values, notes, doubt = read(written, beside=["a", "b", "c"])
    assert (values, doubt) == ([1.25, 2.5, 1.234], "")
    assert "for want of other evidence" in notes[0]
    assert read(written, beside=["a", "b", "c"], mark=";")[2] == "numbers such as 1.250 can be read as 1.25 and as 1250"
    note = read(written, beside=["a", "b", "c"], mark=";", options=', decimal = ","')
    assert (note[0], note[2]) == ([1250.0, 2500.0, 1234.0], "")


@pytest.mark.parametrize(
    ("written", "doubt"),
    [
        (["12,50", "3.75", "1.250"], "a decimal point in some rows and a decimal comma in others"),
        (["1.250", "1,250", "7"], "a decimal point in some rows and a decimal comma in others"),
        (["12 %", "9", "11 %"], "a percent sign in some rows and none in others"),
        (["$ 12", "€ 9", "€ 8"], "several currencies (1 in $, 2 in EUR)"),
    ],
)
def test_what_is_ambiguous_is_refused(read: Read, written: list[str], doubt: str) -> None:
    assert doubt in read(written)[2]


def test_a_slip_of_the_pen_is_no_number_and_does_not_speak_for_its_mark(read: Read) -> None:
    values, _, doubt = read(["1.5", "2.25"] * 20 + ["3,75"])
    assert doubt == ""
    assert values == [1.5, 2.25] * 20 + [None]


def test_each_file_of_a_folder_has_its_own_mark(read: Read) -> None:
    values, _, doubt = read(["12,50", "1.250"], ["12.50", "1,250"])
    assert (values, doubt) == ([12.5, 1250.0, 12.5, 1250.0], "")
    assert read(["1.250", "2.750"], ["12,50", "3,5"])[0] == [1250.0, 2750.0, 12.5, 3.5]


@pytest.mark.parametrize(
    ("column", "written", "expected"),
    [
        ("wait_seconds", ["0:02:23", "00:00:05", "1 day, 02:03:04"], [143.0, 5.0, 93784.0]),
        ("handle_seconds", ["02:23", "75:10", "00:05"], [143.0, 4510.0, 5.0]),
        ("AvgTalkDuration", ["0:02:23", "0:00:30.5", "12"], [143.0, 30.5, 12.0]),
        ("travel_hours", ["1:30", "0:45:00", "2"], [1.5, 0.75, 2.0]),
    ],
)
def test_durations_are_numbers_in_the_columns_unit(
    read: Read, column: str, written: list[str], expected: list[float]
) -> None:
    values, notes, _ = read(written, column=column)
    assert values == expected
    assert any("durations such as 0:02:23" in note for note in notes)


@pytest.mark.parametrize(
    ("written", "is_number"),
    [
        (["1.5"] * 39 + ["broken"] * 2, True),
        (["1.5"] * 37 + ["broken"] * 4, False),
        (["1.5"] * 9 + ["broken"], True),
        (["100", "200", "A3"] * 9, False),
        (["007", "8", "9"] * 9, False),
        (["1234567890123456", "8", "9"] * 9, False),
    ],
)
def test_a_few_words_make_no_text_of_numbers(read: Read, written: list[str], is_number: bool) -> None:
    values, notes, _ = read(written, beside=["a"] * len(written))
    assert isinstance(values[0], float) is is_number
    if is_number:
        assert values.count(None) == written.count("broken")
    elif not any(value in written for value in ("007", "1234567890123456")):
        bad = sum(value in {"broken", "A3"} for value in written)
        assert notes == [f"cases.budget: {bad} of {len(written)} values are no numbers; it is read as text"]


def test_durations_of_parquet_are_read_in_the_columns_unit(tmp_path: Path) -> None:
    waited = pd.to_timedelta(["0 days 00:02:23", "1 days 01:00:00", None])
    frame = pd.DataFrame({"case_id": ["a", "b", "c"], "opened_at": pd.Timestamp("2024-01-01")})
    frame.assign(wait_seconds=waited, travel_hours=waited, lag=waited).to_parquet(tmp_path / "cases.parquet")
    (tmp_path / "company.toml").write_text('[tables]\ncases = { path = "cases.parquet" }\n')
    with opened(load_company(tmp_path)) as intake:
        intake.bring("cases")
        found = intake.rows("SELECT wait_seconds, travel_hours, lag FROM typed_cases ORDER BY case_id")
    assert found[0] == pytest.approx((143.0, 143 / 3600, 143.0))
    assert found[1:] == [(90000.0, 25.0, 90000.0), (None, None, None)]


def test_a_table_of_many_columns_of_texts_fits_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("features.ingest.intake._MEMORY_LIMIT", "200MB")
    columns = {f"c{number}": ["1.250", "12,50", "x"] if number % 2 else ["$ 5", "NA", "7"] for number in range(40)}
    frame = pd.DataFrame({"case_id": ["a", "b", "c"], "opened_at": "2024-01-01"} | columns)
    frame.to_csv(tmp_path / "cases.csv", index=False)
    (tmp_path / "company.toml").write_text('[tables]\ncases = { path = "cases.csv" }\n')
    with opened(load_company(tmp_path)) as intake:
        intake.bring("cases")
        assert intake.rows("SELECT c0, c38, c1 FROM typed_cases ORDER BY case_id") == [
            (5.0, 5.0, "1.250"), (None, None, "12,50"), (7.0, 7.0, "x"),
        ]  # fmt: skip


def _written(value: int, places: int, decimal: str, group: str) -> str:
    sign, digits = "-" if value < 0 else "", str(abs(value)).rjust(places + 1, "0")
    whole, fraction = (digits[:-places], digits[-places:]) if places else (digits, "")
    grouped = f"{int(whole):,}".replace(",", group)
    return f"{sign}{grouped}{decimal + fraction if places else ''}"


@settings(max_examples=30, deadline=None)
@given(
    values=st.lists(st.integers(-(10**10), 10**10), min_size=3, max_size=30),
    places=st.integers(0, 5),
    marks=st.sampled_from([(".", ","), (",", "."), (",", " "), (".", "'"), (",", "\u202f"), (".", "")]),
)
def test_a_column_written_in_a_locale_reads_back(values: list[int], places: int, marks: tuple[str, str]) -> None:
    decimal, group = marks
    texts = [_written(value, places, decimal, group) for value in values]
    rows = ", ".join(f"({row}, '{text.replace(chr(39), chr(39) * 2)}')" for row, text in enumerate(texts))
    relation = figures_sql(f"(VALUES {rows}) AS t(row, x)", ["x"])
    sql = number_sql("x", NumberFormat("." if decimal == "." else ","))
    with duckdb.connect() as connection:
        found = connection.execute(
            f"SELECT {sql} FROM {relation.replace('SELECT *', 'SELECT *')} ORDER BY row"
        ).fetchall()
    assert [row[0] for row in found] == pytest.approx([value / 10**places for value in values], rel=1e-15)


def test_numbers_below_zero_without_a_minus_before_them_are_counted(read: Read) -> None:
    values, notes, _ = read(["(5)", "€ 7-", "(1,234.50)", "-3", "- 4", "€ -6", "12"])
    assert values == [-5, -7, -1234.5, -3, -4, -6, 12]
    assert notes == ["cases.budget: 3 values such as (5) or 5- are read as numbers below zero"]
    assert read(["-5", "7", "€ -6"])[1] == []


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (["12m 11s", "1h 2m", "731 s"], [731.0, 3720.0, 731.0]),
        (["PT12M11S", "P1DT2H", "PT0.5H"], [731.0, 93600.0, 1800.0]),
        (["12 min", "-12m", "90"], [720.0, -720.0, 90.0]),
        (["12分11秒", "1小时2分钟", "2 Std. 5 Min"], [731.0, 3720.0, 7500.0]),
    ],
)
def test_durations_in_words_are_read_in_the_columns_unit(read: Read, written: list[str], seconds: list[float]) -> None:
    assert read(written, column="handle_seconds")[0] == seconds
    in_minutes = [value if text == "90" else value / 60 for value, text in zip(seconds, written, strict=True)]
    assert read(written, column="talk_minutes")[0] == in_minutes


def test_words_that_only_look_like_durations_stay_words(read: Read) -> None:
    written = ["5 m", "10 m", "12 m"]
    assert read(written, column="plan")[0] == written
