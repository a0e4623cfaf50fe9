"""The benchmark's own code over a few ways of being dirty: none changes what is staged without a word."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.dirt import Clean, prepare, try_dirt
from benchmarks.dirt_kinds import DIRTS, Dirt, rewrite
from benchmarks.dirt_record import Finding, page, remember, remembered

COMPANY = """[company]
name = "Small"
[tables]
customers = { path = "customers.csv" }
cases = { path = "cases.csv" }
[privacy]
key = "employees.key"
"""
EXPECTED = {
    "byte order mark": "equal",
    "rows twice": "equal",
    "n/a in a number": "equal",
    "decimal comma": "equal",
    "rating of 999": "equal",
    "ratings in words": "reported",
    "epoch seconds": "equal",
    "9999 for never": "equal",
    "column label": "equal",
    "required column misspelt": "refused",
    "blanks round ids": "equal",
    "codes of digits": "reported",
}


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Clean:
    """A company of two tables, and what they are staged as."""
    folder, scratch = tmp_path_factory.mktemp("company"), tmp_path_factory.mktemp("scratch")
    joined = pd.date_range("2025-01-01 08:00", periods=80, freq="3D")
    left = [day.isoformat() if row % 5 == 0 else "" for row, day in enumerate(joined + pd.Timedelta(days=70))]
    customers = {"customer_id": [f"c{row:02d}" for row in range(80)], "joined_at": joined, "left_at": left}
    customers |= {"value": [f"{1000 + 12.25 * row:.2f}" for row in range(80)], "plan": ["a", "b", "c", "d"] * 20}
    opened = pd.date_range("2025-03-01 09:30", periods=240, freq="22h")
    cases = {"case_id": [f"k{row:03d}" for row in range(240)], "opened_at": opened}
    cases |= {"customer_id": [f"c{row % 20:02d}" for row in range(240)], "csat": [row % 5 + 1 for row in range(240)]}
    cases |= {
        "cost": [f"{800 + 7.5 * row:.2f}" for row in range(240)],
        "resolved_first": ["true", "false", "true"] * 80,
    }
    for name, table in (("customers", customers), ("cases", cases)):
        pd.DataFrame(table).to_csv(folder / f"{name}.csv", index=False)
    (folder / "company.toml").write_text(COMPANY)
    return prepare(folder, scratch)


@pytest.mark.parametrize("name", EXPECTED)
def test_dirt_does_no_harm_or_is_reported(clean: Clean, name: str) -> None:
    finding = try_dirt(clean, [DIRTS[name]], whole=False)
    assert finding.verdict == EXPECTED[name], finding.message
    assert finding.message or finding.verdict == "equal"


def test_a_change_without_a_word_is_found(clean: Clean, monkeypatch: pytest.MonkeyPatch) -> None:
    doubled = Dirt("doubled", "cases", "cost", (), rewrite("cases.cost", lambda text: str(2 * float(text))))
    monkeypatch.setitem(DIRTS, doubled.name, doubled)
    pair = [doubled, DIRTS["rating of 999"]]
    assert try_dirt(clean, pair, whole=False).verdict == "silent", "what is said of one says nothing of the other"


def test_the_table_has_the_last_finding_of_each_way(tmp_path: Path) -> None:
    place = tmp_path / "findings.json"
    message = "cases.cost: cases.cost: an amount in 5 rows"
    remember(place, [Finding(("euro signs",), "silent", "", "2026-01-01"), Finding(("gone",), "silent", "")])
    remember(place, [Finding(("byte order mark",), "equal", "", "2026-01-02")])
    remember(place, [Finding(("euro signs",), "reported", message, "2026-01-03")])
    text = page(
        "Before\n<!-- table: begin -->\nold\n<!-- table: end -->\nafter\n", list(remembered(place).values()), "two"
    )
    assert text == (
        "Before\n<!-- table: begin -->\n\nCompany: two. Tried: 2026-01-02 to 2026-01-03.\n\n"
        "Alone: 2 tried; equal 1, reported 1.\n\n"
        "| dirt | where | what happens | what is said |\n|---|---|---|---|\n"
        "| byte order mark | `cases` | equal |  |\n| euro signs | `cases.cost` | reported | cases.cost: an amount in 5 rows |\n"
        "\n<!-- table: end -->\nafter\n"
    )
