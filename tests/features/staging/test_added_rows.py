"""Rows of today over staged tables: what is counted or kept once holds whatever is laid or asked for later."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from baton.catalogue.load import load_catalogue
from baton.company import load_company
from features.quality.observation.gaps import missing_months
from features.staging.added_rows import AddedRows
from features.staging.stage import stage

COMPANY = """
[company]
name = "Hafen"
[tables]
cases = { path = "cases.csv" }
customers = { path = "customers.csv" }
"""
MONTHS = (1, 2, 4, 5)  # nothing was recorded in March
GAP = [datetime(2025, 3, 1)]


@pytest.fixture
def rows(tmp_path: Path) -> AddedRows:
    """Thirty cases in each month but one, of six customers in turn; ratings go from 1 to 5."""
    cases = [
        f"k{month}-{number},c{number % 6},2025-{month:02}-{1 + number % 28:02}T09:00:00Z,t{number % 2},{1 + number % 5}"
        for month in MONTHS
        for number in range(30)
    ]
    text = "case_id,customer_id,opened_at,team_id,csat\n" + "\n".join(cases) + "\n"
    (tmp_path / "cases.csv").write_text(text, encoding="utf-8")
    people = "\n".join(f"c{number},2024-01-0{number + 1}" for number in range(6))
    (tmp_path / "customers.csv").write_text(f"customer_id,joined_at\n{people}\n", encoding="utf-8")
    (tmp_path / "company.toml").write_text(COMPANY, encoding="utf-8")
    company = load_company(tmp_path)
    stage(company, load_catalogue(company), tmp_path / "staged", now=datetime(2025, 6, 1))
    return AddedRows(tmp_path / "staged")


def case(name: str, opened_at: datetime, customer: str = "c1", csat: float | None = None) -> dict[str, Any]:
    return {"case_id": name, "customer_id": customer, "opened_at": opened_at, "team_id": "t1", "csat": csat}


def test_months_without_rows_are_those_of_all_rows_together(rows: AddedRows) -> None:
    assert rows.missing == missing_months(rows.whole) == {"cases": GAP}
    rows.lay({"cases": [case("new", datetime(2025, 3, 9))]})
    assert rows.missing == missing_months(rows.whole) == {}
    # all of April is corrected into May
    moved = [case(f"k4-{number}", datetime(2025, 5, 2)) for number in range(30)]
    rows.lay({"cases": moved})
    assert rows.missing == missing_months(rows.whole) == {"cases": [*GAP, datetime(2025, 4, 1)]}
    rows.lay({"cases": [case("later", datetime(2025, 8, 1)), case("unknown", datetime(2025, 8, 2))]})
    assert rows.missing == missing_months(rows.whole) == {"cases": [*GAP, datetime(2025, 6, 1), datetime(2025, 7, 1)]}
    rows.lay({})
    assert rows.missing == {"cases": GAP}


def test_a_query_that_was_kept_on_empty_tables_is_asked_of_full_ones(rows: AddedRows) -> None:
    rows.cut_to_customers(())
    good = rows.cut(customers=True)["cases"].filter(lambda table: table.csat >= 4)
    joined = good.join(rows.cut(customers=True)["customers"], "customer_id")
    rows.keep("good", joined.group_by("customer_id").aggregate(n=joined.count(), best=joined.csat.max()))

    def asked(*customers: str) -> dict[str, tuple[int, float]]:
        rows.cut_to_customers(customers)
        return {row["customer_id"]: (row["n"], row["best"]) for row in rows.ask("good").to_pylist()}

    assert asked() == {}
    assert asked("c3") == {"c3": (8, 5.0)}
    assert asked("c1", "c2", "nobody") == {"c1": (8, 5.0), "c2": (8, 5.0)}
    # beyond all that was there when it was kept
    rows.lay({"cases": [case("new", datetime(2026, 1, 1), "c3", 9.0), case("other", datetime(2026, 1, 1), "c9", 9.0)]})
    assert asked("c3", "c9") == {"c3": (9, 9.0)}
    rows.lay({})
    assert asked("c3") == {"c3": (8, 5.0)}


def test_a_query_can_be_written_anew_under_its_name(rows: AddedRows) -> None:
    for days in (0, 60):
        since = datetime(2025, 1, 1) + timedelta(days=days)
        table = rows.whole["cases"]
        rows.keep("number", table.filter(table.opened_at >= since).aggregate(n=table.case_id.count()))
        assert rows.ask("number").to_pylist() == [{"n": 120 if days == 0 else 60}]
