"""Exports with several rows of what is one: subscriptions of a customer, reviews of an order, months of a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from features.mapping.exports import locked_connection, looks_of_folder
from features.mapping.lines import TablePlan
from features.mapping.plans import plans_for
from pipelines.starting.company_text import company_text


def write(path: Path, header: str, rows: list[str]) -> None:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def plans_of(folder: Path) -> dict[str, TablePlan]:
    connection = locked_connection(list(folder.glob("*.csv")), folder)
    looks, _ = looks_of_folder(folder, connection, folder)
    return {plan.table: plan for plan in plans_for(looks, connection)}


def read(folder: Path, plan: TablePlan, columns: str) -> list[tuple[Any, ...]]:
    """Run the query of a plan on its files, as a run would."""
    import tomllib

    text = company_text([plan], (folder, folder), "x", "service", None)
    table = tomllib.loads(text)["tables"][plan.table]
    with duckdb.connect() as connection:
        for name, file in {"raw": table["path"], **table.get("files", {})}.items():
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_csv('{folder / file}', all_varchar=true)")
        return connection.execute(f"SELECT {columns} FROM ({table['sql']}) ORDER BY ALL").fetchall()


@pytest.fixture
def subscriptions(tmp_path: Path) -> dict[str, TablePlan]:
    """Customer a has one that ended and one that goes on, b two that ended; the others have one each."""
    rows = [
        "s1,a,basic,canceled,05.01.2024,09.03.2024,10",
        "s2,a,pro,active,01.02.2024,,20",
        "s3,b,pro,canceled,07.01.2024,30.03.2024,30",
        "s4,b,basic,canceled,02.02.2024,02.10.2024,40",
        *(f"s{n},c{n},basic,active,{1 + n % 28:02}.06.2024,,50" for n in range(5, 65)),
    ]
    write(tmp_path / "subscriptions.csv", "subscription_id,customer_id,plan,status,start_date,ended_at,mrr", rows)
    return plans_of(tmp_path)


def test_a_customer_has_left_once_all_subscriptions_have_ended(
    subscriptions: dict[str, TablePlan], tmp_path: Path
) -> None:
    columns = "customer_id, strftime(joined_at, '%d.%m.%Y'), strftime(left_at, '%d.%m.%Y'), segment, value"
    rows = read(tmp_path, subscriptions["customers"], columns)
    assert rows[:2] == [("a", "05.01.2024", None, "basic", 240.0), ("b", "07.01.2024", "02.10.2024", "pro", 480.0)]
    assert len(rows) == 62
    key = next(line for line in subscriptions["customers"].lines if line.column == "customer_id")
    assert key.source == "customer_id"
    assert "several rows a customer" in subscriptions["customers"].note


def test_of_several_reviews_of_an_order_the_mean_counts(tmp_path: Path) -> None:
    orders = [f"o{n},b{n % 60},2025-0{1 + n % 6}-10,2025-0{2 + n % 6}-20,2025-0{2 + n % 6}-15" for n in range(400)]
    header = "order_id,buyer_id,order_date,delivered_at,estimated_delivery_date"
    write(tmp_path / "orders.csv", header, orders)
    reviews = ["o1,1,2025-08-01", "o1,4,2025-08-02", "o2,10,2025-08-02", "o2,9,2025-08-02"]
    more = [f"o{n},{n % 5},2025-08-03" for n in (*range(3, 300), *range(100, 200))]
    write(tmp_path / "reviews.csv", "order_id,review_score,review_date", [*reviews, *more])
    cases = plans_of(tmp_path)["cases"]
    rows = dict(read(tmp_path, cases, "case_id, csat"))
    assert rows["o1"] == 2.5
    assert rows["o2"] == 9.5
    line = next(line for line in cases.lines if line.column == "csat")
    assert "the mean of several rows" in line.why


@pytest.mark.parametrize("month", ["{name} {year}", "{number:02}/{year}", "{year}-{number:02}", "{name}-{year}"])
def test_months_are_periods_however_they_are_written(tmp_path: Path, month: str) -> None:
    names = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    rows = [
        f"A{person},T{person % 2},{month.format(name=name, number=number, year=year)},{3 + person / 10},{50 + number}%,{200 + number}"
        for year in (2024, 2025)
        for number, name in enumerate(names, 1)
        for person in range(6)
    ]
    write(tmp_path / "scores.csv", "Agent ID,Team,Month,CSAT (1-5),FCR %,AHT (sec)", rows)
    measures = plans_of(tmp_path)["measures"]
    columns = "unit, unit_id, strftime(\"from\", '%Y-%m-%d'), strftime(\"to\", '%Y-%m-%d'), kpi, value"
    found = read(tmp_path, measures, columns)
    assert len(found) == 2 * 12 * 6 * 3
    assert ("employee", "A3", "2024-09-01", "2024-10-01", "first_contact_resolution", 0.59) in found
    assert {row[2] for row in found} == {f"{year}-{number:02}-01" for year in (2024, 2025) for number in range(1, 13)}
