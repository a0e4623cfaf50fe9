"""Finding the tables in a grid of cells, and telling of every row that is no record."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from features.ingest.grids.regions import Region, find_regions

DAY = dt.datetime(2025, 1, 2)
NAMES = ["id", "opened", "n"]
RECORDS = [[f"T{number}", DAY, number] for number in range(5)]


def only(grid: list[list[Any]], *merged: tuple[int, int, int, int], header_row: int | None = None) -> Region:
    (region,) = find_regions(grid, merged, header_row=header_row)
    return region


def passed_over(region: Region) -> list[tuple[int, str]]:
    return [(row.row, row.reason) for row in region.skipped]


def test_a_plain_table_is_taken_whole() -> None:
    region = only([NAMES, *RECORDS])
    assert (region.place, region.names, region.records) == ("A1:C6", ("id", "opened", "n"), (1, 2, 3, 4, 5))
    assert region.skipped == ()


def test_titles_totals_and_remarks_are_no_records() -> None:
    grid = [["Tickets"], ["Owner", "Bob"], NAMES, *RECORDS, ["Total", None, 10], ["Exported by the CRM"]]
    region = only(grid)
    assert region.header_row == 2
    assert region.records == (3, 4, 5, 6, 7)
    assert passed_over(region) == [(0, "title"), (1, "title"), (8, "total"), (9, "remark")]


def test_pairs_above_a_blank_row_are_no_table() -> None:
    region = only([["Report"], [], ["Period", "March"], ["Owner", "Bob"], [], NAMES, *RECORDS, [], ["Confidential"]])
    assert (region.place, region.records) == ("A6:C11", (6, 7, 8, 9, 10))


def test_a_blank_row_and_a_repeated_header_do_not_end_a_table() -> None:
    region = only([NAMES, *RECORDS, [], NAMES, *RECORDS])
    assert region.records == (1, 2, 3, 4, 5, 8, 9, 10, 11, 12)
    assert passed_over(region) == [(7, "repeated_header")]


def test_subtotals_within_a_table_are_reported() -> None:
    region = only([["team", "cases"], ["North", 3], ["小计", 3], ["South", 4], ["Total Care", 5], ["合计", 12]])
    assert region.records == (1, 3, 4)  # Total Care is a customer
    assert [row.text for row in region.skipped] == ["小计 3", "合计 12"]


def test_headings_of_merged_cells_are_set_before_the_names_below() -> None:
    grid = [["Ticket", None, "Times", None], ["id", "who", "opened", "closed"], *[["T", "x", DAY, DAY]] * 3]
    region = only(grid, (0, 0, 0, 1), (0, 2, 0, 3))
    assert region.names == ("Ticket id", "Ticket who", "Times opened", "Times closed")
    assert region.skipped == ()


def test_two_tables_are_both_found_the_largest_first() -> None:
    below = find_regions([NAMES, *RECORDS, [], ["team", "lead", "size"], ["A", "x", 3], ["B", "y", 4]])
    assert [region.place for region in below] == ["A1:C6", "A8:C10"]
    beside = find_regions([[*NAMES, None, "team", "lead"], *[[*row, None, "A", "B"] for row in RECORDS]])
    assert [region.place for region in beside] == ["A1:C6", "E1:F6"]


def test_an_index_without_a_name_belongs_to_the_table() -> None:
    assert only([["", "a", "b"], [0, "x", "y"], [1, "z", "w"]]).names == ("", "a", "b")


def test_a_last_record_of_an_id_alone_is_a_record() -> None:
    assert only([NAMES, *RECORDS, ["T5"]]).records == (1, 2, 3, 4, 5, 6)


def test_a_lone_column_of_texts_is_a_table() -> None:
    assert only([["text"], ["I waited"], ["again"], ["hello"]]).records == (1, 2, 3)


@pytest.mark.parametrize("grid", [[[1, 2], [3, 4]], [], [["Report"], []], [["team", DAY], ["A", 3]]])
def test_without_names_there_is_no_table(grid: list[list[Any]]) -> None:
    assert find_regions(grid) == []


def test_the_row_of_the_names_may_be_given() -> None:
    region = only([["team", DAY, "n"], ["A", 3, 1], ["B", 4, 2]], header_row=0)
    assert region.names == ("team", "2025-01-02 00:00:00", "n")
    assert region.records == (1, 2)
