"""A history of customers is named, so that a column that is none does not count as one without a word."""

from __future__ import annotations

from pathlib import Path

from baton.catalogue.schema import Catalogue
from baton.company import load_company
from features.quality.checks import check

CASES = "case_id,opened_at,customer_id\n1,2024-01-01,a\n2,2024-01-02,b\n"


def notes(folder: Path, customers: str) -> tuple[str, ...]:
    (folder / "cases.csv").write_text(CASES)
    (folder / "customers.csv").write_text(customers)
    (folder / "company.toml").write_text(
        '[tables]\ncases = { path = "cases.csv" }\ncustomers = { path = "customers.csv" }\n'
    )
    return check(load_company(folder), Catalogue((), ())).notes


def test_customers_with_several_rows_are_counted(tmp_path: Path) -> None:
    rows = "a,2023-01-01,2023-01-01\na,2023-01-01,2023-06-01\nb,2023-01-01,2023-01-01\n"
    reported = notes(tmp_path, "customer_id,joined_at,valid_from\n" + rows)
    assert "customers: 1 have a history of 2 rows; each row holds from its valid_from on" in reported


def test_customers_with_one_row_each_have_none(tmp_path: Path) -> None:
    reported = notes(tmp_path, "customer_id,joined_at,valid_from\na,2023-01-01,2023-01-01\nb,2023-01-01,2023-01-01\n")
    assert not any("history" in note for note in reported)
