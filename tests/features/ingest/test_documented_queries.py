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
OLD = "number,opened,client\nA1,2024-12-01 08:00,C1\n"
USAGE = "customer_id,at,kind\nC1,2025-03-0{day} 07:00,login\n"

Table = Callable[[str, str], pd.DataFrame]


@pytest.fixture
def table(checkout: Path, tmp_path: Path) -> Table:
    """Write the files that the page speaks of, and return a table as an example of the page reads it."""
    text = (checkout / "docs" / "company-file.md").read_text("utf-8")
    examples = text.partition("## Your own column names and queries")[2]
    for name, content in (("calls", CALLS), ("tickets", TICKETS), ("tickets-2025", TICKETS)):
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
