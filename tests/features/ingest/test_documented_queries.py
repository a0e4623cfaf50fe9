"""The examples of docs/company-file.md are run on small files, and read what the page says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from baton.catalogue.load import load_catalogue
from baton.company import load_company
from features.staging.cleaned import checked

CALLS = """
Call Id,Created,Agent,Talk time,Wrap-up,Line
K1,2025-03-03 09:00,anna,00:07:30,00:00:30,north
K2,2025-03-04 10:00,bob,01:02:05,00:00:00,south
"""
TICKETS = """
Ticket,Created,Updated,Customer,Status,Wait (min)
T1,2025-03-03 09:00,2025-03-03 11:00,C1,Solved,"2,5"
T2,2025-03-04 10:00,2025-03-05 08:00,C2,Open,n/a
"""
SUBSCRIPTIONS = """
Subscription,Account,Start,End,MRR
S1,A1,2024-01-01,,100
S2,A1,2024-03-01,2024-09-01,50
S3,A2,2024-02-01,2024-05-01,30
S4,A3,2024-02-01,2024-04-01,20
S5,A3,2024-10-01,,40
S6,A1,2025-01-01,,70
"""
FEATURES = """
Subscription,Day,Feature,Uses
S1,2024-02-01,report,5
S2,2024-04-01,export,2
S5,2024-11-01,report,7
"""
LINKED = """
Ticket,Created,Customer,Contract
T1,2024-02-01 09:00,A1,
T2,2024-04-01 09:00,,S3
"""
OLD = "number,opened,client\nA1,2024-12-01 08:00,C1\n"
USAGE = "customer_id,at,kind\nC1,2025-03-0{day} 07:00,login\n"

FILES = (
    ("calls", CALLS),
    ("tickets", TICKETS),
    ("tickets-2025", TICKETS),
    ("subscriptions", SUBSCRIPTIONS),
    ("usage", FEATURES),
)
Table = Callable[[str, str], pd.DataFrame]


@pytest.fixture
def table(checkout: Path, tmp_path: Path) -> Table:
    """Write the files that the page speaks of, and return a table as an example of the page reads it."""
    text = (checkout / "docs" / "company-file.md").read_text("utf-8")
    examples = text.partition("## Your own column names and queries")[2]
    for name, content in FILES:
        (tmp_path / f"{name}.csv").write_text(content.strip() + "\n", encoding="utf-8")
    for folder, name, content in (
        ("old_desk", "2024", OLD),
        ("usage", "march", USAGE.format(day=1)),
        ("usage", "april", USAGE.format(day=2)),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / f"{name}.csv").write_text(content, encoding="utf-8")
    reviews = {"ticket": ["T1", "T1"], "stars": [2, 5], "written": pd.to_datetime(["2025-03-04", "2025-03-05"])}
    pd.DataFrame(reviews).to_excel(tmp_path / "reviews.xlsx", index=False)

    def read(heading: str, name: str) -> pd.DataFrame:
        example = re.search(rf"\*\*{re.escape(heading)}.*?```toml\n(.*?)```", examples, re.DOTALL)
        assert example is not None
        if "Accounts" in heading:
            (tmp_path / "tickets.csv").write_text(LINKED.strip() + "\n", encoding="utf-8")
        settings = f'[company]\nextracted_at = "2025-04-30"\n{example[1]}'
        (tmp_path / "company.toml").write_text(settings, encoding="utf-8")
        company = load_company(tmp_path)
        with checked(company, load_catalogue(company)) as found:
            assert [fault.as_message().text for fault in found.report.faults if fault.stops] == []
            assert found.warehouse is not None
            return found.warehouse[name].execute()

    return read


def test_names_are_changed_without_sql(table: Table) -> None:
    cases = table("Other names, no SQL", "cases").set_index("case_id")
    assert cases.handle_seconds.to_dict() == {"K1": 450, "K2": 3725}
    assert cases.employee_id.notna().all()


def test_a_query_joins_another_file_and_counts_each_case_once(table: Table) -> None:
    cases = table("A query joins another file", "cases").set_index("case_id")
    assert cases.csat.to_dict() == pytest.approx({"T1": 5, "T2": float("nan")}, nan_ok=True)
    assert cases.customer_id.to_dict() == {"T1": "C1", "T2": "C2"}
    assert str(cases.rated_at["T1"].date()) == "2025-03-05"


def test_a_query_casts_text(table: Table) -> None:
    cases = table("A query casts text", "cases").set_index("case_id")
    assert cases.wait_seconds.to_dict() == pytest.approx({"T1": 150, "T2": float("nan")}, nan_ok=True)
    assert cases.closed_at.notna().to_dict() == {"T1": True, "T2": False}


def test_durations_become_seconds(table: Table) -> None:
    cases = table("hh:mm:ss to seconds", "cases").set_index("case_id")
    assert cases.handle_seconds.to_dict() == {"K1": 480, "K2": 3725}


def test_a_folder_is_one_table_and_a_pattern_too(table: Table) -> None:
    assert sorted(table("A folder of files", "cases").case_id) == ["A1", "T1", "T2"]
    assert len(table("A folder of files", "activity")) == 2


def test_accounts_join_with_their_first_subscription_and_leave_with_their_last(table: Table) -> None:
    """Account 1 shrinks and grows, account 2 leaves, account 3 leaves and comes back half a year later."""
    history = table("Accounts with several subscriptions", "customers").sort_values(["customer_id", "valid_from"])
    days = history.valid_from.dt.strftime("%Y-%m")
    found = list(zip(history.customer_id, days, history.value.fillna(0), history.left_at.notna(), strict=True))
    assert found == [
        ("A1", "2024-01", 1200, False), ("A1", "2024-03", 1800, False), ("A1", "2024-09", 1200, False),
        ("A1", "2025-01", 2040, False), ("A2", "2024-02", 360, False), ("A2", "2024-05", 0, True),
        ("A3", "2024-02", 240, False), ("A3", "2024-04", 0, True), ("A3", "2024-10", 480, False),
    ]  # fmt: skip
    assert set(history[history.customer_id == "A1"].joined_at.dt.strftime("%Y-%m-%d")) == {"2024-01-01"}


def test_usage_and_tickets_of_subscriptions_reach_the_account(table: Table) -> None:
    activity = table("Accounts with several subscriptions", "activity")
    used = activity[activity.kind == "feature_use"]
    assert sorted(zip(used.customer_id, used.amount, strict=True)) == [("A1", 2), ("A1", 5), ("A3", 7)]
    moves = activity[activity.kind != "feature_use"].sort_values("at")
    assert list(zip(moves.customer_id, moves.kind, moves.amount, strict=True)) == [
        ("A1", "upgrade", 600), ("A1", "downgrade", 600), ("A1", "upgrade", 840)
    ]  # fmt: skip
    cases = table("Accounts with several subscriptions", "cases").set_index("case_id")
    assert cases.customer_id.to_dict() == {"T1": "A1", "T2": "A2"}


def test_an_account_that_came_back_was_a_customer_twice(checkout: Path, tmp_path: Path) -> None:
    from features.staging.memberships import memberships

    text = (checkout / "docs" / "company-file.md").read_text("utf-8")
    example = re.search(
        r"\*\*Accounts with several.*?```toml\n(\[tables\.customers\].*?)\[tables\.activity\]", text, re.DOTALL
    )
    assert example is not None
    (tmp_path / "subscriptions.csv").write_text(SUBSCRIPTIONS.strip() + "\n", encoding="utf-8")
    (tmp_path / "tickets.csv").write_text(
        "case_id,opened_at,customer_id\nT1,2025-03-01,A1\nT2,2025-03-02,A3\n", encoding="utf-8"
    )
    (tmp_path / "company.toml").write_text(f'{example[1]}[tables.cases]\npath = "tickets.csv"\n', encoding="utf-8")
    company = load_company(tmp_path)
    with checked(company, load_catalogue(company)) as found:
        assert found.warehouse is not None
        rows = memberships(found.warehouse).execute().sort_values(["customer_id", "joined_at"])
    spans = [
        (row.customer_id, f"{row.joined_at:%Y-%m}", None if pd.isna(row.left_at) else f"{row.left_at:%Y-%m}")
        for row in rows.itertuples()
    ]
    assert spans == [
        ("A1", "2024-01", None), ("A2", "2024-02", "2024-05"), ("A3", "2024-02", "2024-04"), ("A3", "2024-10", None)
    ]  # fmt: skip
