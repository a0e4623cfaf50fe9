"""Exports with a column for each KPI: measures and scorecards, or the reason why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import pytest

from features.mapping.exports import locked_connection, looks_of_folder
from features.mapping.lines import TablePlan
from features.mapping.plans import plans_for
from features.mapping.wide.tables import why_not_wide
from features.mapping.wide.values import kpi_of_heading

Rows = list[dict[str, object]]
PEOPLE, MONTHS = 6, 3


class Mapped:
    """What a table of KPIs becomes: plans, the rows that their queries give, and why there is none."""

    def __init__(self, plans: Mapping[str, TablePlan], rows: Mapping[str, set[tuple[object, ...]]], why: str) -> None:
        self.plans, self.rows, self.why = plans, rows, why

    def left_out(self, source: str) -> str:
        lines = self.plans["measures"].lines
        return next(line.why for line in lines if line.source == source and line.certainty == "left out")

    def values(self, kpi: str) -> set[object]:
        return {round(float(str(row[-1])), 6) for row in self.rows["measures"] if row[-2] == kpi}


@pytest.fixture
def mapped(tmp_path: Path) -> Callable[[Rows], Mapped]:
    def of(rows: Rows) -> Mapped:
        lines = [";".join(rows[0]), *(";".join("" if v is None else str(v) for v in row.values()) for row in rows)]
        path = tmp_path / "kpis.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        connection = locked_connection([path], tmp_path)
        looks, trouble = looks_of_folder(path, connection, tmp_path)
        assert trouble == []
        plans = {plan.table: plan for plan in plans_for(looks, connection)}
        found = {}
        for table in {"measures", "scorecards"} & set(plans):
            plan = plans[table]
            listed = ", ".join(f'{x.sql} as "{x.column}"' for x in plan.lines if x.certainty != "left out")
            query = f"with raw as (from {plan.look.relation}) select {listed} {plan.after}"
            found[table] = set(connection.execute(query).fetchall())
        return Mapped(plans, found, why_not_wide(looks[0]))

    return of


def months(**columns: Callable[[int, int], object]) -> Rows:
    """Return a row for each person and month, with further columns by person and month."""
    return [
        {
            "Employee ID": f"E{person:03}",
            "Period Start": f"2024-{month:02}-01",
            "Period End": f"2024-{month:02}-28",
            **{name: value(person, month) for name, value in columns.items()},
        }
        for month in range(1, MONTHS + 1)
        for person in range(PEOPLE)
    ]


def kpis(**more: Callable[[int, int], object]) -> Rows:
    plain: dict[str, Callable[[int, int], object]] = {
        "CSAT (1-5)": lambda person, month: 3 + person / 10,
        "AHT (min)": lambda person, month: 5 + month,
        "FCR %": lambda person, month: 60 + person,
        "Rank": lambda person, month: person + 1,
    }
    return months(**{**plain, **more})


def test_columns_of_kpis_become_rows_in_the_kpis_units(mapped: Callable[[Rows], Mapped]) -> None:
    found = mapped(kpis())
    rows = found.rows["measures"]
    assert len(rows) == 3 * PEOPLE * MONTHS
    begin, end = datetime(2024, 2, 1), datetime(2024, 2, 28)
    assert ("employee", "E003", begin, end, "csat", 3.3) in rows
    assert ("employee", "E003", begin, end, "first_contact_resolution", 0.63) in rows
    assert ("employee", "E003", begin, end, "handle_seconds", 420.0) in rows
    assert found.left_out("Rank") == "called like no KPI that Baton knows"
    assert {line.certainty for line in found.plans["measures"].lines} == {"likely", "left out"}
    assert "'FCR %': called like first_contact_resolution; percent read as shares" in found.plans["measures"].after


@pytest.mark.parametrize(
    ("heading", "value", "reason"),
    [
        ("FCR %", lambda person, month: 0.9 + person / 40, "may be shares or percent"),
        ("FCR %", lambda person, month: "92%" if person else "0.92", "only some of its values have a percent sign"),
        ("AHT", lambda person, month: 300 + person, "in which unit of time"),
        ("CSAT (1-5)", lambda person, month: 80 + person, "are no ratings"),
        ("CSAT %", lambda person, month: 4 + person / 10, "it is a percentage"),
        ("AHT (sec)", lambda person, month: f"1,{200 + person}", "commas may part thousands or decimals"),
    ],
)
def test_numbers_whose_unit_nobody_can_tell_stay_out(
    mapped: Callable[[Rows], Mapped], heading: str, value: Callable[[int, int], object], reason: str
) -> None:
    kept: Rows = [
        {name: v for name, v in row.items() if name.split()[0] != heading.split()[0]} for row in kpis()
    ]  # its neighbour of the same KPI goes
    extra = months(**{heading: value})
    found = mapped([{**row, heading: more[heading]} for row, more in zip(kept, extra, strict=True)])
    assert reason in found.left_out(heading)
    assert kpi_of_heading(heading) not in {row[-2] for row in found.rows["measures"]}


def test_percent_signs_and_shares_are_read_as_shares(mapped: Callable[[Rows], Mapped]) -> None:
    found = mapped(kpis(**{"FCR %": lambda p, m: f"{60 + p},5%", "Promises kept": lambda p, m: 0.7 + p / 100}))
    assert found.values("first_contact_resolution") == {round(0.605 + p / 100, 6) for p in range(PEOPLE)}
    assert found.values("promise_kept") == {round(0.7 + p / 100, 6) for p in range(PEOPLE)}


def test_two_columns_of_one_kpi_are_both_left_out(mapped: Callable[[Rows], Mapped]) -> None:
    found = mapped(kpis(**{"First contact resolution": lambda p, m: 55 + p}))
    assert found.left_out("FCR %") == "several columns are called like first_contact_resolution: which one is meant?"
    assert found.values("first_contact_resolution") == set()


@pytest.mark.parametrize(
    ("heading", "written", "begin", "end"),
    [
        ("Month", "2024-{0:02}", (2024, 2), (2024, 3)),
        ("月份", "2024年{0}月", (2024, 2), (2024, 3)),
        ("Month", "2024-{0:02}-01", (2024, 2), (2024, 3)),
        ("Quarter", "2024 Q{0}", (2024, 4), (2024, 7)),
        ("季度", "2024年第{0}季度", (2024, 4), (2024, 7)),
        ("Quarter", "Q{0} 2024", (2024, 4), (2024, 7)),
    ],
)
def test_months_and_quarters_are_periods(
    mapped: Callable[[Rows], Mapped], heading: str, written: str, begin: tuple[int, int], end: tuple[int, int]
) -> None:
    rows = [
        {"工号": row["Employee ID"], heading: written.format(1 + place // PEOPLE), "客户满意度": row["CSAT (1-5)"],
         "一次解决率": row["FCR %"], "平均处理时长(秒)": 300, "排名": row["Rank"]}
        for place, row in enumerate(kpis())
    ]  # fmt: skip
    found = mapped(rows).rows["measures"]
    assert ("employee", "E003", datetime(*begin, 1), datetime(*end, 1), "first_contact_resolution", 0.63) in found
    assert ("employee", "E003", datetime(*begin, 1), datetime(*end, 1), "csat", 3.3) in found
    assert len(found) == 3 * PEOPLE * MONTHS


def test_without_a_period_nothing_is_mapped_and_it_is_said_why(mapped: Callable[[Rows], Mapped]) -> None:
    rows = [{k: v for k, v in row.items() if not k.startswith("Period")} for row in kpis()[:PEOPLE]]
    found = mapped(_with_people(rows))
    assert "measures" not in found.plans
    assert "no column says of which month, quarter or period" in found.why


def _with_people(rows: Rows) -> Rows:
    """Return rows in which people can be recognised, so that the file is a table of the contract."""
    return [{**row, "Team": f"t{place % 2}", "Job Title": "agent", "Hire Date": "2020-01-01"}
            for place, row in enumerate(rows)]  # fmt: skip


def test_several_rows_a_person_and_period_are_not_mapped(mapped: Callable[[Rows], Mapped]) -> None:
    rows = _with_people(kpis())
    assert "measures" not in mapped([*rows, {**rows[0], "FCR %": 99}]).plans


def test_rows_of_totals_are_left_out(mapped: Callable[[Rows], Mapped]) -> None:
    rows = kpis()
    found = mapped([*rows, {**rows[0], "Employee ID": "Average"}])
    assert "Average" not in {row[1] for row in found.rows["measures"]}
    assert "-- rows of nobody" in found.plans["measures"].after


def weighted(fcr: Callable[[int, int], object], csat: Callable[[int, int], object]) -> Rows:
    return [{**row, "Department": f"team {place % 2}", "Job Title": "agent"} for place, row in
            enumerate(kpis(**{"CSAT Weight %": csat, "FCR Weight %": fcr, "Courtesy 权重": lambda p, m: 10}))]  # fmt: skip


def test_weights_beside_kpis_become_a_card_each_period(mapped: Callable[[Rows], Mapped]) -> None:
    found = mapped(weighted(lambda p, m: 40 + m, lambda p, m: 50 - m)).rows["scorecards"]
    assert len(found) == 2 * 3 * MONTHS
    assert ("team 1", "agent", "first_contact_resolution", 42.0, datetime(2024, 2, 1)) in found
    assert ("team 1", "agent", "csat", 48.0, datetime(2024, 2, 1)) in found
    assert ("team 0", "agent", "Courtesy", 10.0, datetime(2024, 3, 1)) in found


@pytest.mark.parametrize("fcr", [lambda p, m: 40 + 0 * p, lambda p, m: 30 + p])
def test_weights_that_differ_or_do_not_sum_up_make_no_card(
    mapped: Callable[[Rows], Mapped], fcr: Callable[[int, int], int]
) -> None:
    whole = fcr(0, 1) != fcr(1, 1)
    found = mapped(weighted(fcr, lambda p, m: 90 - fcr(p, m) if whole else 40))
    assert "scorecards" not in found.plans
    assert "measures" in found.plans
