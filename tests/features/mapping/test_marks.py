"""Numbers of exports that are in another unit: which marks they are written with, and what is asked about."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.mapping.exports import locked_connection, looks_of_folder
from features.mapping.lines import Line
from features.mapping.plans import plans_for


def wait_of(folder: Path, waits: list[str]) -> Line | None:
    """Return what a column of minutes becomes, of tickets with these values."""
    rows = [
        f't{number},2025-0{1 + number % 6}-{1 + number % 28:02} 09:00,2025-07-{1 + number % 28:02} 10:00,g{number % 3},"{wait}"'
        for number, wait in enumerate(waits)
    ]
    (folder / "tickets.csv").write_text(
        "\n".join(["Ticket ID,Created,Closed,Group,Wait (min)", *rows]), encoding="utf-8"
    )
    connection = locked_connection([folder / "tickets.csv"], folder)
    looks, _ = looks_of_folder(folder / "tickets.csv", connection, folder)
    cases = next(plan for plan in plans_for(looks, connection) if plan.table == "cases")
    return next((line for line in cases.lines if line.column == "wait_seconds"), None)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{whole}.{part}", 'TRY_CAST("Wait (min)" AS DOUBLE)'),
        ("{whole},{part}", "TRY_CAST(replace(\"Wait (min)\", ',', '.') AS DOUBLE)"),
        ("1,{whole:03}.{part}", "TRY_CAST(replace(\"Wait (min)\", ',', '') AS DOUBLE)"),
        ("1.{whole:03},{part}", "TRY_CAST(replace(replace(\"Wait (min)\", '.', ''), ',', '.') AS DOUBLE)"),
    ],
)
def test_they_are_read_by_the_marks_of_their_column(tmp_path: Path, written: str, expected: str) -> None:
    line = wait_of(tmp_path, [written.format(whole=1 + number % 30, part=number % 10) for number in range(200)])
    assert line is not None
    assert line.sql == f"60 * {expected}"


def test_those_that_read_both_ways_are_taken_for_thousands_and_asked_about(tmp_path: Path) -> None:
    line = wait_of(tmp_path, [f"1,{number:03}" for number in range(100, 300)])
    assert line is not None
    assert line.sql == "60 * TRY_CAST(replace(\"Wait (min)\", ',', '') AS DOUBLE)"
    assert line.certainty == "likely"
    assert "numbers from 1100 to 1299" in line.why
    assert "1,250 is read as 1250" in line.why


def test_those_with_decimals_written_both_ways_are_not_mapped(tmp_path: Path) -> None:
    assert wait_of(tmp_path, [f"{number},5" for number in range(200)] + ["12.5"]) is None


def test_words_among_them_are_asked_about(tmp_path: Path) -> None:
    line = wait_of(tmp_path, [str(number) if number % 50 else "10 min" for number in range(200)])
    assert line is not None
    assert line.certainty == "likely"
    assert "2.0% of its values are no plain numbers" in line.why
